//! Starts the reconciler of `HelmChart`, which follows the sources of charts at once.

use std::sync::Arc;

use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt as _};
use tokio_util::sync::CancellationToken;

use super::fetch::{Charts, source_of};
use crate::controllers::revisions::Revisions;
use crate::controllers::{Context, runner, source::Driver};
use crate::objects::flux::{Artifact, GitRepository, HelmChart, HelmRepository};

/// Takes note of a source; returns the charts that are of it, where its revision is new.
fn dependents<K: Resource<DynamicType = ()>>(
    source: &K,
    artifact: Option<&Artifact>,
    (revisions, store): &(Revisions, Store<HelmChart>),
) -> Vec<ObjectRef<HelmChart>> {
    let key = (K::kind(&()).into_owned(), source.namespace().unwrap_or_default(), source.name_any());
    let revision = artifact.map(|artifact| artifact.revision.clone()).unwrap_or_default();
    if !revisions.note(&key, revision) {
        return Vec::new();
    }
    let all = store.state();
    let charts = all.iter().filter(|chart| source_of(chart) == key);
    charts.map(|chart| ObjectRef::from_obj(chart.as_ref())).collect()
}

/// Reconciles all `HelmCharts` until `shutdown`.
pub(in crate::controllers) async fn run_helm_charts(context: Context, shutdown: CancellationToken) {
    let (client, clock) = (context.client.clone(), context.clock.clone());
    let controller = Controller::new(kube::Api::<HelmChart>::all(client.clone()), watcher::Config::default());
    let revisions = Revisions::default();
    let (git, helm) = ((revisions.clone(), controller.store()), (revisions.clone(), controller.store()));
    let controller = controller
        .watches(kube::Api::<GitRepository>::all(client.clone()), watcher::Config::default(), move |source| {
            let artifact = source.status.as_ref().and_then(|status| status.artifact.clone());
            dependents(&source, artifact.as_ref(), &git)
        })
        .watches(
            kube::Api::<HelmRepository>::all(client.clone()),
            watcher::Config::default(),
            move |source| {
                let artifact = source.status.as_ref().and_then(|status| status.artifact.clone());
                dependents(&source, artifact.as_ref(), &helm)
            },
        );
    let reconciler = Arc::new(Driver::new(Charts::new(context.clone(), revisions), context));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
