//! Starts the source controller, which has a reconciler for each kind of source.

use tokio_util::sync::CancellationToken;

use crate::controllers::{
    Context, bucket, externalartifact, gitrepository, helmchart, helmrepository, ocirepository,
};

/// Runs the source controller until `shutdown`.
pub async fn run_source_controller(context: Context, shutdown: CancellationToken) {
    tokio::join!(
        gitrepository::run_git_repositories(context.clone(), shutdown.clone()),
        ocirepository::run_oci_repositories(context.clone(), shutdown.clone()),
        helmrepository::run_helm_repositories(context.clone(), shutdown.clone()),
        bucket::run_buckets(context.clone(), shutdown.clone()),
        externalartifact::run_external_artifacts(context.clone(), shutdown.clone()),
        helmchart::run_helm_charts(context, shutdown),
    );
}
