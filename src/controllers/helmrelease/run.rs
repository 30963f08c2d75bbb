//! Starts the helm controller, which follows the sources of charts at once.

use std::sync::Arc;

use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt as _};
use tokio_util::sync::CancellationToken;

use super::chart::{revision_of, source_of};
use super::reconcile::Releases;
use crate::controllers::revisions::Revisions;
use crate::controllers::{Context, runner};
use crate::objects::flux::{HelmChart, HelmRelease, OCIRepository, SourceStatus};

/// Takes note of a source; returns the releases of its chart, where there is something new.
fn dependents<K: Resource<DynamicType = ()>>(
    source: &K,
    status: Option<&SourceStatus>,
    (revisions, store): &(Revisions, Store<HelmRelease>),
) -> Vec<ObjectRef<HelmRelease>> {
    let key = (K::kind(&()).into_owned(), source.namespace().unwrap_or_default(), source.name_any());
    if !revisions.note(&key, revision_of(status)) {
        return Vec::new();
    }
    let all = store.state();
    let releases = all.iter().filter(|release| source_of(release).as_ref() == Some(&key));
    releases.map(|release| ObjectRef::from_obj(release.as_ref())).collect()
}

/// Runs the helm controller until `shutdown`.
pub async fn run_helm_controller(context: Context, shutdown: CancellationToken) {
    let (client, clock) = (context.client.clone(), context.clock.clone());
    let controller =
        Controller::new(kube::Api::<HelmRelease>::all(client.clone()), watcher::Config::default());
    let revisions = Revisions::default();
    let (charts, artifacts) =
        ((revisions.clone(), controller.store()), (revisions.clone(), controller.store()));
    let controller = controller
        .watches(kube::Api::<HelmChart>::all(client.clone()), watcher::Config::default(), move |chart| {
            dependents(&chart, chart.status.as_ref(), &charts)
        })
        .watches(
            kube::Api::<OCIRepository>::all(client.clone()),
            watcher::Config::default(),
            move |source| dependents(&source, source.status.as_ref(), &artifacts),
        );
    let reconciler = Arc::new(Releases::new(context, revisions));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
