//! What Kubernetes warns of without refusing it, after the `WarningsOnCreate` of its kinds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::field::Field;
use super::names;
use crate::apiserver::types::Kind;

/// The warnings about an object that is written.
pub(crate) fn warnings(kind: &Kind, object: &Value) -> Vec<String> {
    let (root, spec) = (Field::new(object, ""), Field::new(&object["spec"], "spec"));
    let mut told = Vec::new();
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => pod(&spec, &mut told),
        ("", "Service") if spec.get("clusterIP").text() == "None" && spec.get("sessionAffinity").is_set() => {
            told.push("spec.SessionAffinity is ignored for headless services".to_owned());
        }
        ("", "Secret") if root.get("type").text() == "kubernetes.io/tls" => {
            let certificate = STANDARD.decode(root.get("data").get("tls.crt").text()).unwrap_or_default();
            if !String::from_utf8_lossy(&certificate).contains("-----BEGIN ") {
                told.push("tls: failed to find any PEM data in certificate input".to_owned());
            }
        }
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") => {
            pod(&spec.get("template").get("spec"), &mut told);
            long_name(kind, &root, &mut told);
        }
        ("batch", "Job") => pod(&spec.get("template").get("spec"), &mut told),
        ("networking.k8s.io", "Ingress") => {
            let annotations = &object["metadata"]["annotations"];
            if annotations.get("kubernetes.io/ingress.class").is_some() {
                let words = "annotation \"kubernetes.io/ingress.class\" is deprecated, please use \
                             'spec.ingressClassName' instead";
                told.push(words.to_owned());
            }
        }
        ("discovery.k8s.io", "EndpointSlice") if root.get("addressType").text() == "FQDN" => {
            told.push("spec.addressType: FQDN endpoints are deprecated".to_owned());
        }
        _ => {}
    }
    told
}

fn long_name(kind: &Kind, object: &Field, told: &mut Vec<String>) {
    let wrong = names::label(object.get("metadata").get("name").text());
    if kind.kind == "Deployment" && !wrong.is_empty() {
        told.push(format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS \
             label is recommended: [{}]",
            wrong.join(" ")
        ));
    }
}

fn pod(spec: &Field, told: &mut Vec<String>) {
    for secret in spec.get("imagePullSecrets").items() {
        if secret.get("name").text().is_empty() {
            told.push(format!("{}: invalid empty name \"\"", secret.get("name").path));
        }
    }
    for container in spec.get("initContainers").items().chain(spec.get("containers").items()) {
        let mut names = Vec::new();
        for variable in container.get("env").items() {
            let name = variable.get("name").text();
            if names.contains(&name) {
                let place = &variable.path;
                told.push(format!(
                    "{place}: hides previous definition of {name:?}, which may be dropped when using apply"
                ));
            }
            names.push(name);
        }
        let mut ports: Vec<(Field, i64, &str)> = Vec::new();
        for port in container.get("ports").items() {
            let (number, protocol) = (port.get("containerPort").count(), port.get("protocol").text());
            if let Some((first, ..)) = ports.iter().find(|(_, own, kind)| (*own, *kind) == (number, protocol))
            {
                told.push(format!("{}: duplicate port definition with {}", port.path, first.path));
            }
            ports.push((port, number, protocol));
        }
        for list in ["requests", "limits"] {
            let memory = container.get("resources").get(list).get("memory");
            if memory.text().ends_with('m') {
                let at = format!("{}[memory]", container.get("resources").get(list).path);
                let text = memory.text();
                told.push(format!("{at}: fractional byte value {text:?} is invalid, must be an integer"));
            }
        }
    }
}
