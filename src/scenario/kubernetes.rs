//! Objects of any kind: from `apiVersion` and `kind` to an API, and what wakes a check that looks at one.

use std::fmt::Debug;
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt as _};
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::GroupVersionKind;
use kube::discovery::{ApiCapabilities, Scope, pinned_kind};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, Error, Resource};
use serde::de::DeserializeOwned;

/// A kind that the cluster has.
pub(crate) struct Kind {
    /// How it is asked for.
    pub(crate) resource: ApiResource,
    /// Whether its objects are in namespaces.
    pub(crate) namespaced: bool,
}

/// Finds a kind in the cluster.
pub(crate) async fn find_kind(client: &Client, api_version: &str, kind: &str) -> Result<Kind, Error> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let wanted = GroupVersionKind::gvk(group, version, kind);
    let (resource, ApiCapabilities { scope, .. }) = pinned_kind(client, &wanted).await?;
    Ok(Kind { resource, namespaced: scope == Scope::Namespaced })
}

/// How long an API server that does not serve is left alone.
pub(super) const MOMENT: Duration = Duration::from_millis(500);

impl Kind {
    /// The objects of a namespace, or of the cluster where the kind has no namespaces.
    pub(crate) fn api(&self, client: Client, namespace: &str) -> Api<DynamicObject> {
        if self.namespaced {
            Api::namespaced_with(client, namespace, &self.resource)
        } else {
            Api::all_with(client, &self.resource)
        }
    }
}

/// Says that something may have changed, until the API server goes away for good.
pub(crate) fn changes(api: Api<DynamicObject>, config: watcher::Config) -> BoxStream<'static, ()> {
    watcher(api, config).default_backoff().map(|_| ()).boxed()
}

/// The same as long as the API server serves: with the first error the stream ends, a moment later. Who asks for it anew
/// does so with what the cluster is then, which may be another one. The watch itself would go on from a revision that
/// the other one has not reached for a long time, and say nothing.
pub(crate) fn changes_while_served<K>(api: Api<K>, config: watcher::Config) -> BoxStream<'static, ()>
where
    K: Clone + Debug + DeserializeOwned + Resource + Send + 'static,
{
    let told = watcher(api, config).flat_map(|event| {
        let failed = event.is_err();
        stream::iter([Some(failed)].into_iter().chain(failed.then_some(None)))
    });
    let until_failed = told.take_while(|told| std::future::ready(told.is_some()));
    let waits = until_failed.then(|failed| async move {
        if failed == Some(true) {
            tokio::time::sleep(MOMENT).await;
        }
    });
    waits.boxed()
}

/// The configuration that watches one object.
pub(crate) fn only(name: &str) -> watcher::Config {
    watcher::Config::default().fields(&format!("metadata.name={name}"))
}

/// An error of the client in one line, with its causes.
pub(crate) fn reason(error: &Error) -> String {
    match error {
        Error::Api(status) => status.message.clone(),
        other => chain(other),
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
