//! All controllers of workloads.

use std::sync::Arc;

use kube::Client;
use tokio_util::sync::CancellationToken;

use super::super::{
    cronjob, daemonset, deployment, endpoints, endpointslice, horizontalpodautoscaler, job, persistentvolume,
    persistentvolumeclaim, poddisruptionbudget, replicaset, statefulset,
};
use super::{Context, recorder};

/// Runs the controllers of workloads and of their Services until `shutdown`.
pub async fn run_workload_controllers(client: Client, shutdown: CancellationToken) {
    let (recorder, writer) = recorder();
    let context = Arc::new(Context { client: client.clone(), recorder });
    let controllers = async {
        tokio::join!(
            deployment::run(Arc::clone(&context), &shutdown),
            replicaset::run(Arc::clone(&context), &shutdown),
            poddisruptionbudget::run(Arc::clone(&context), &shutdown),
            daemonset::run(Arc::clone(&context), &shutdown),
            statefulset::run(Arc::clone(&context), &shutdown),
            job::run(Arc::clone(&context), &shutdown),
            cronjob::run(Arc::clone(&context), &shutdown),
            persistentvolumeclaim::run(Arc::clone(&context), &shutdown),
            persistentvolume::run(Arc::clone(&context), &shutdown),
            horizontalpodautoscaler::run(Arc::clone(&context), &shutdown),
            endpointslice::run(Arc::clone(&context), &shutdown),
            endpoints::run(Arc::clone(&context), &shutdown),
        );
    };
    tokio::select! {
        () = controllers => {}
        () = writer.run(client) => {}
    }
}
