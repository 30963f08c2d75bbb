//! What every cluster has from its first moment.

use serde_json::{Value, json};

use super::namespaces;
use crate::apiserver::access;
use crate::apiserver::server::{Error, Server};
use crate::apiserver::target::Target;
use crate::apiserver::verbs::Options;

/// Makes the objects that are not there yet.
pub(crate) fn bootstrap(server: &Server) -> Result<(), Error> {
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        ensure(server, "v1", "Namespace", "", json!({"metadata": {"name": name}}))?;
        namespaces::furnish(server, name);
    }
    access::bootstrap(server)?;
    let labels = json!({"component": "apiserver", "provider": "kubernetes"});
    let port = json!({"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443});
    let service = json!({
        "metadata": {"name": "kubernetes", "labels": labels},
        "spec": {"clusterIP": "10.43.0.1", "ports": [port], "type": "ClusterIP"}
    });
    ensure(server, "v1", "Service", "default", service)
}

fn ensure(
    server: &Server,
    api_version: &str,
    kind: &str,
    namespace: &str,
    object: Value,
) -> Result<(), Error> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let failed = |message: String| Error::Bootstrap { object: format!("{kind} {name}"), message };
    let found = server.catalog.by_kind(api_version, kind);
    let found = found.ok_or_else(|| failed("the kind is not in the table of types".to_owned()))?;
    let target = Target::object(found, namespace, &name);
    if server.store.get(&target.key()).is_some() {
        return Ok(());
    }
    let options = Options { manager: "kube-apiserver".to_owned(), ..Options::internal() };
    server.create(&target, object, &options).map_err(|status| failed(status.message().to_owned()))?;
    Ok(())
}
