//! Steps that are complete, told to everybody on the same cluster: a ConfigMap for each in `atelier-system`, made once
//! and never changed, so that two drivers cannot both claim a step. The journal counts; this is for others.

use std::collections::BTreeMap;

use futures::stream::{self, BoxStream, StreamExt as _};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, PostParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::{Map, Value};

use super::kubernetes::{MOMENT, changes_while_served};
use super::session::Session;

/// Where they are.
const NAMESPACE: &str = "atelier-system";
/// What marks them.
const LABEL: &str = "atelier.workshop/complete";
/// The key of the facts.
const FACTS: &str = "facts";
/// The largest facts that are shared; a ConfigMap holds no more than a mebibyte.
const LIMIT: usize = 512 << 10;

/// The ids have no `-`, so that this is unambiguous.
fn name(track: &str, step: &str) -> String {
    format!("{track}-{step}").replace('_', "--")
}

async fn api(session: &Session) -> Option<(Client, Api<ConfigMap>)> {
    let client = session.platform.cluster().client().await.ok()?;
    Some((client.clone(), Api::namespaced(client, NAMESPACE)))
}

/// Tells that a step is complete. A cluster that cannot be told keeps nobody from going on.
pub(super) async fn share(session: &Session, track: &str, step: &str, facts: &Map<String, Value>) {
    let Some((client, api)) = api(session).await else { return };
    let text = Value::Object(facts.clone()).to_string();
    if text.len() > LIMIT {
        return;
    }
    let labels = [
        (LABEL.to_owned(), session.workshop.id.clone()),
        ("atelier.workshop/track".to_owned(), track.to_owned()),
        ("atelier.workshop/step".to_owned(), step.to_owned()),
    ];
    let object = ConfigMap {
        metadata: ObjectMeta {
            name: Some(name(track, step)),
            labels: Some(labels.into()),
            ..ObjectMeta::default()
        },
        data: Some([(FACTS.to_owned(), text)].into()),
        ..ConfigMap::default()
    };
    let parameters = PostParams::default();
    if let Err(kube::Error::Api(status)) = api.create(&parameters, &object).await
        && status.code == 404
    {
        let metadata = ObjectMeta { name: Some(NAMESPACE.to_owned()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        // Somebody else may be quicker with either.
        let _ = Api::<Namespace>::all(client).create(&parameters, &namespace).await;
        let _ = api.create(&parameters, &object).await;
    }
}

/// What is complete: facts by track and step.
pub(super) async fn all(session: &Session) -> BTreeMap<String, Map<String, Value>> {
    let mut found: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let Some((_, api)) = api(session).await else { return found };
    let parameters = ListParams::default().labels(&format!("{LABEL}={}", session.workshop.id));
    for object in api.list(&parameters).await.map(|list| list.items).unwrap_or_default() {
        if let Some((track, step, facts)) = read(&object) {
            found.entry(track).or_default().insert(step, Value::Object(facts));
        }
    }
    found
}

fn read(object: &ConfigMap) -> Option<(String, String, Map<String, Value>)> {
    let labels = object.metadata.labels.as_ref()?;
    let label = |name: &str| labels.get(&format!("atelier.workshop/{name}")).cloned();
    let facts = serde_json::from_str(object.data.as_ref()?.get(FACTS)?).ok()?;
    Some((label("track")?, label("step")?, facts))
}

/// Waits until somebody tells that a step is complete; its facts. A cluster that is lost is asked again when there is
/// one.
pub(super) async fn wait_for(session: &Session, track: &str, step: &str) -> Map<String, Value> {
    let config = || watcher::Config::default().fields(&format!("metadata.name={}", name(track, step)));
    loop {
        if let Some((_, api)) = api(session).await {
            let mut told = watcher(api, config()).applied_objects().boxed();
            while let Some(Ok(object)) = told.next().await {
                if let Some((.., facts)) = read(&object) {
                    return facts;
                }
            }
        }
        tokio::time::sleep(MOMENT).await;
    }
}

/// Changes of what is complete, also in a cluster that comes after this one.
pub(super) fn changes(session: &Session) -> BoxStream<'_, ()> {
    stream::repeat(()).then(|()| changes_of_one(session)).flatten().boxed()
}

/// Changes until the cluster does not answer.
async fn changes_of_one(session: &Session) -> BoxStream<'static, ()> {
    let config = watcher::Config::default().labels(&format!("{LABEL}={}", session.workshop.id));
    match api(session).await {
        Some((_, api)) => changes_while_served(api, config),
        None => stream::once(tokio::time::sleep(MOMENT)).boxed(),
    }
}

/// Takes back that steps are complete.
pub(super) async fn forget(session: &Session, track: &str, steps: &[String]) {
    let Some((_, api)) = api(session).await else { return };
    for step in steps {
        let _ = api.delete(&name(track, step), &DeleteParams::default()).await;
    }
}
