//! The one background task: follows every change of the store and tells those whom it concerns.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use super::garbage::Graph;
use super::{definitions, events, namespaces};
use crate::apiserver::catalog::DEFINITIONS;
use crate::apiserver::meta::Meta;
use crate::apiserver::server::Server;
use crate::apiserver::store::{Change, ChangeKind, Key};

/// Starts the life cycle's work; it ends at `shutdown`.
pub(crate) fn start(server: &Arc<Server>, shutdown: &CancellationToken) {
    let (objects, changes) = server.store.follow();
    let mut graph = Graph::default();
    for (key, object) in &objects {
        graph.put(key, &Meta::of(&object.json));
    }
    let work = follow(Arc::clone(server), graph, objects.into_iter().map(|(key, _)| key).collect(), changes);
    let expiry = events::expire(Arc::clone(server));
    let shutdown = shutdown.clone();
    tokio::spawn(async move { shutdown.run_until_cancelled(futures::future::join(work, expiry)).await });
}

async fn follow(
    server: Arc<Server>,
    mut graph: Graph,
    objects: Vec<Key>,
    mut changes: UnboundedReceiver<Arc<Change>>,
) {
    // What was begun before the last end of the process is taken up again.
    for key in objects {
        let Some(object) = server.store.get(&key) else { continue };
        present(&server, &graph, &key, &object.json);
        if *key.resource == *"resourcequotas" {
            server.count(&key);
        }
        tokio::task::yield_now().await;
    }
    while let Some(change) = changes.recv().await {
        let meta = Meta::of(&change.json);
        if change.kind == ChangeKind::Deleted {
            graph.deleted(&server, &change.key, &meta);
            namespaces::left(&server, &change.key);
            definitions::left(&server, &change.key);
        } else {
            graph.put(&change.key, &meta);
            present(&server, &graph, &change.key, &change.json);
        }
        server.count(&change.key);
    }
}

fn present(server: &Server, graph: &Graph, key: &Key, json: &[u8]) {
    match &*key.resource {
        "namespaces" => namespaces::changed(server, &key.name, json),
        DEFINITIONS => definitions::changed(server, &key.name, json),
        _ => {}
    }
    graph.changed(server, key, &Meta::of(json));
}
