//! What Kubernetes checks in the containers of a Pod, after `ValidateContainers` of `pkg/apis/core/validation`.

use serde_json::Value;

use super::field::{Errors, Field};
use super::names::quoted;
use super::{FieldError, volumes};
use crate::apiserver::types::Amount;

const RESOURCES: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];
const FIELDS: [&str; 10] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
    "metadata.labels",
];

/// Checks all containers of a specification, whose volumes are called `volumes`.
pub(super) fn all(spec: &Field, volumes: &[&str], errors: &mut Errors) {
    let mut seen = Vec::new();
    let containers = spec.get("containers");
    if containers.len() == 0 {
        containers.required("", errors);
    }
    for list in ["containers", "initContainers"] {
        for one in spec.get(list).items() {
            container(&one, list == "initContainers", volumes, errors);
            let name = one.get("name");
            if !name.text().is_empty() && seen.contains(&name.text()) {
                name.duplicate(errors);
            }
            seen.push(name.text());
        }
    }
}

fn container(container: &Field, first: bool, volumes: &[&str], errors: &mut Errors) {
    if container.get("name").must_be_text("", errors) {
        container.get("name").label(errors);
    }
    let image = container.get("image");
    if image.must_be_text("", errors) && image.text().trim() != image.text() {
        image.invalid("must not have leading or trailing whitespace", errors);
    }
    container.get("imagePullPolicy").one_of(&["Always", "IfNotPresent", "Never"], errors);
    ports(&container.get("ports"), errors);
    environment(container, errors);
    volumes::mounts(&container.get("volumeMounts"), volumes, errors);
    let stays = !first || container.get("restartPolicy").text() == "Always";
    for name in PROBES {
        let probe = container.get(name);
        if probe.is_set() && !stays {
            probe.forbidden("may not be set for init containers without restartPolicy=Always", errors);
        } else if probe.is_set() {
            check_probe(&probe, name == "readinessProbe", errors);
        }
    }
    resources(&container.get("resources"), errors);
    for name in ["runAsUser", "runAsGroup"] {
        container.get("securityContext").get(name).within(0, i64::from(i32::MAX), errors);
    }
}

fn ports(ports: &Field, errors: &mut Errors) {
    let mut names = Vec::new();
    for port in ports.items() {
        let name = port.get("name");
        if !name.text().is_empty() {
            let before = errors.len();
            name.port_name(errors);
            if errors.len() == before && names.contains(&name.text()) {
                name.duplicate(errors);
            }
            names.push(name.text());
        }
        if port.get("containerPort").count() == 0 {
            port.get("containerPort").required("", errors);
        } else {
            port.get("containerPort").port(errors);
        }
        if port.get("hostPort").count() != 0 {
            port.get("hostPort").port(errors);
        }
        port.get("protocol").one_of(&["SCTP", "TCP", "UDP"], errors);
    }
}

fn environment(container: &Field, errors: &mut Errors) {
    for variable in container.get("env").items() {
        let name = variable.get("name");
        if name.must_be_text("", errors) && !is_variable(name.text()) {
            let detail = "a valid environment variable name must consist only of printable ASCII characters other \
                          than '='";
            name.invalid(detail, errors);
        }
        if variable.get("valueFrom").is_set() {
            source(&variable, errors);
        }
    }
    for from in container.get("envFrom").items() {
        let kinds = ["configMapRef", "secretRef"].map(|name| from.get(name));
        match kinds.iter().filter(|kind| kind.is_set()).count() {
            0 => container.get("envFrom").wrong(
                &quoted(""),
                "must specify one of: `configMapRef` or `secretRef`",
                errors,
            ),
            1 => {}
            _ => container.get("envFrom").wrong(
                &quoted(""),
                "may not have more than one field specified at a time",
                errors,
            ),
        }
    }
}

fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=')
}

fn source(variable: &Field, errors: &mut Errors) {
    let from = variable.get("valueFrom");
    let kinds = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"];
    let set: Vec<_> = kinds.into_iter().map(|name| from.get(name)).filter(Field::is_set).collect();
    let field = from.get("fieldRef");
    if field.is_set() {
        let path = field.get("fieldPath");
        let known = path.text().starts_with("metadata.labels['")
            || path.text().starts_with("metadata.annotations['")
            || FIELDS.contains(&path.text());
        if path.must_be_text("", errors) && !known {
            let detail = format!("error converting fieldPath: field label not supported: {}", path.text());
            path.invalid(&detail, errors);
        }
    }
    for name in ["configMapKeyRef", "secretKeyRef"] {
        let reference = from.get(name);
        if reference.is_set() {
            reference.get("name").subdomain(errors);
            reference.get("key").must_be_text("", errors);
        }
    }
    if set.is_empty() {
        let detail =
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
        from.wrong(&quoted(""), detail, errors);
    } else if !variable.get("value").text().is_empty() {
        from.wrong(&quoted(""), "may not be specified when `value` is not empty", errors);
    } else if set.len() > 1 {
        from.wrong(&quoted(""), "may not have more than one field specified at a time", errors);
    }
}

fn check_probe(probe: &Field, may_need_several: bool, errors: &mut Errors) {
    let mut handlers = 0;
    for name in ["exec", "httpGet", "tcpSocket", "grpc"] {
        let handler = probe.get(name);
        if !handler.is_set() {
            continue;
        }
        handlers += 1;
        if handlers > 1 {
            handler.forbidden("may not specify more than 1 handler type", errors);
            continue;
        }
        match name {
            "exec" if handler.get("command").len() == 0 => handler.get("command").required("", errors),
            "httpGet" => {
                handler.get("port").port_or_name(errors);
                handler.get("scheme").one_of(&["HTTP", "HTTPS"], errors);
            }
            "tcpSocket" => handler.get("port").port_or_name(errors),
            "grpc" => handler.get("port").port(errors),
            _ => {}
        }
    }
    if handlers == 0 {
        probe.required("must specify a handler type", errors);
    }
    for name in
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
    {
        probe.get(name).at_least_zero(errors);
    }
    if probe.get("terminationGracePeriodSeconds").is_set() {
        probe.get("terminationGracePeriodSeconds").positive(errors);
    }
    let successes = probe.get("successThreshold");
    if !may_need_several && successes.is_set() && successes.count() != 1 {
        successes.invalid("must be 1", errors);
    }
}

fn resources(resources: &Field, errors: &mut Errors) {
    let (limits, requests) = (resources.get("limits"), resources.get("requests"));
    for list in [&limits, &requests] {
        for (name, amount) in list.entries() {
            resource_name(name, &amount, errors);
            at_least_nothing(&amount, errors);
        }
    }
    for (name, request) in requests.entries() {
        let standard = RESOURCES.contains(&name) || name.starts_with("hugepages-");
        match limits.value.get(name).map(|limit| (limit, Amount::read(limit.as_str().unwrap_or_default()))) {
            Some((limit, most)) => {
                if most.zip(request.amount()).is_some_and(|(most, request)| request > most) {
                    let detail = format!(
                        "must be less than or equal to {name} limit of {}",
                        limit.as_str().unwrap_or_default()
                    );
                    requests.wrong(request.value, &detail, errors);
                } else if !standard && most != request.amount() {
                    let limit = limit.as_str().unwrap_or_default();
                    let detail = format!("must be equal to {name} limit of {limit}");
                    requests.wrong(request.value, &detail, errors);
                }
            }
            None if !standard && name.contains('/') => {
                limits.required("Limit must be set for non overcommitable resources", errors);
            }
            None => {}
        }
    }
}

/// An amount is not negative.
pub(super) fn at_least_nothing(amount: &Field, errors: &mut Errors) {
    if amount.amount().is_some_and(|amount| amount < Amount::count(0)) {
        amount.invalid("must be greater than or equal to 0", errors);
    }
}

fn resource_name(name: &str, at: &Field, errors: &mut Errors) {
    let known = RESOURCES.contains(&name) || name.starts_with("hugepages-");
    let value = Value::from(name);
    if known {
        return;
    }
    for detail in super::names::qualified(name) {
        errors.push(FieldError::invalid(&at.path, &value, &detail));
    }
    if !name.contains('/') {
        for detail in [
            "must be a standard resource type or fully qualified",
            "must be a standard resource for containers",
        ] {
            errors.push(FieldError::invalid(&at.path, &value, detail));
        }
    }
}
