//! What Kubernetes checks in Ingresses and their classes, after `pkg/apis/networking/validation`.

use std::net::IpAddr;

use serde_json::Value;

use super::field::{Errors, Field};
use super::names::{self, quoted};

const CLASS: &str = "kubernetes.io/ingress.class";

/// An Ingress.
pub(super) fn validate(object: &Field, new: bool, errors: &mut Errors) {
    let spec = object.get("spec");
    let (rules, backend, class) =
        (spec.get("rules"), spec.get("defaultBackend"), spec.get("ingressClassName"));
    if rules.len() == 0 && !backend.is_set() {
        spec.wrong(&Value::Null, "either `defaultBackend` or `rules` must be specified", errors);
    }
    if backend.is_set() {
        check_backend(&backend, errors);
    }
    for rule in rules.items() {
        check_rule(&rule, errors);
    }
    for one in spec.get("tls").items() {
        for host in one.get("hosts").items() {
            check_host(&host, errors);
        }
        if !one.get("secretName").text().is_empty() {
            one.get("secretName").subdomain(errors);
        }
    }
    if class.is_set() {
        class.subdomain(errors);
    }
    let old = object.value.pointer("/metadata/annotations").and_then(|all| all.get(CLASS));
    if let Some(old) = old.filter(|old| new && class.is_set() && *old != class.value) {
        let at = Field { value: old, path: format!("annotations.{CLASS}") };
        at.invalid("must match `ingressClassName` when both are specified", errors);
    }
}

fn check_rule(rule: &Field, errors: &mut Errors) {
    let host = rule.get("host");
    if !host.text().is_empty() {
        if host.text().parse::<IpAddr>().is_ok() {
            host.invalid("must be a DNS name, not an IP address", errors);
        }
        check_host(&host, errors);
    }
    let http = rule.get("http");
    if !http.is_set() {
        return;
    }
    if http.get("paths").len() == 0 {
        http.get("paths").required("", errors);
    }
    for path in http.get("paths").items() {
        check_path(&path, errors);
        check_backend(&path.get("backend"), errors);
    }
}

fn check_host(host: &Field, errors: &mut Errors) {
    let words =
        if host.text().contains('*') { names::wildcard(host.text()) } else { names::subdomain(host.text()) };
    for detail in words {
        host.invalid(&detail, errors);
    }
}

fn check_path(one: &Field, errors: &mut Errors) {
    let (path, kind) = (one.get("path"), one.get("pathType"));
    match kind.text() {
        "" => kind.required("pathType must be specified", errors),
        "Exact" | "Prefix" => {
            if !path.text().starts_with('/') {
                path.wrong(&quoted(path.text()), "must be an absolute path", errors);
            }
            for sequence in ["//", "/./", "/../", "%2f", "%2F"] {
                if path.text().contains(sequence) {
                    path.invalid(&format!("must not contain '{sequence}'"), errors);
                }
            }
            for ending in ["/..", "/."] {
                if path.text().ends_with(ending) {
                    path.invalid(&format!("cannot end with '{ending}'"), errors);
                }
            }
        }
        "ImplementationSpecific" => {
            if !path.text().is_empty() && !path.text().starts_with('/') {
                path.invalid("must be an absolute path", errors);
            }
        }
        _ => kind.unsupported(kind.value, &["Exact", "ImplementationSpecific", "Prefix"], errors),
    }
}

fn check_backend(backend: &Field, errors: &mut Errors) {
    let (service, resource) = (backend.get("service"), backend.get("resource"));
    if service.is_set() && resource.is_set() {
        let detail = "cannot set both resource and service backends";
        backend.wrong(&quoted(""), detail, errors);
    } else if resource.is_set() {
        resource.get("kind").must_be_text("", errors);
        resource.get("name").must_be_text("", errors);
    } else if service.is_set() {
        if service.get("name").must_be_text("", errors) {
            service.get("name").old_label(errors);
        }
        let (name, number) = (service.get("port").get("name"), service.get("port").get("number"));
        match (!name.text().is_empty(), number.count() != 0) {
            (true, true) => backend.wrong(&quoted(""), "cannot set both port name & port number", errors),
            (true, false) => name.port_name(errors),
            (false, true) => number.port(errors),
            (false, false) => backend.required("port name or number is required", errors),
        }
    } else {
        backend.wrong(&quoted(""), "resource or service backend is required", errors);
    }
}

/// An `IngressClass`'s specification.
pub(super) fn class(spec: &Field, errors: &mut Errors) {
    let controller = spec.get("controller");
    if controller.must_be_text("", errors) {
        let right = controller.text().split_once('/').is_some_and(|(domain, path)| {
            names::subdomain(domain).is_empty() && !path.is_empty() && !path.contains(' ')
        });
        if !right {
            controller.invalid("must be a domain-prefixed path (such as \"acme.io/foo\")", errors);
        }
    }
    let parameters = spec.get("parameters");
    if !parameters.is_set() {
        return;
    }
    for name in ["kind", "name"] {
        parameters.get(name).must_be_text("", errors);
    }
    let (scope, namespace) = (parameters.get("scope"), parameters.get("namespace"));
    match scope.text() {
        "Namespace" if namespace.text().is_empty() => {
            namespace.required("`parameters.scope` is set to 'Namespace'", errors);
        }
        "Cluster" if !namespace.text().is_empty() => {
            namespace.forbidden("`parameters.scope` is set to 'Cluster'", errors);
        }
        "Namespace" | "Cluster" => {}
        _ => scope.must_be_of(&["Cluster", "Namespace"], errors),
    }
}
