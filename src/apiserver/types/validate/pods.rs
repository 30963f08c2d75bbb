//! The commonest of what Kubernetes checks in the specification of a Pod.

use serde_json::Value;

use super::FieldError;
use super::names::{self, quoted};

/// Checks the specification at `field`.
pub(super) fn spec(spec: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let volumes = volumes(spec, field, errors);
    let containers: &[Value] = spec["containers"].as_array().map_or(&[], Vec::as_slice);
    if containers.is_empty() {
        errors.push(FieldError::required(format!("{field}.containers"), ""));
    }
    let mut seen = Vec::new();
    for list in ["initContainers", "containers"] {
        for (index, one) in spec[list].as_array().into_iter().flatten().enumerate() {
            let field = format!("{field}.{list}[{index}]");
            container(one, &field, &volumes, errors);
            let name = one["name"].as_str().unwrap_or_default();
            if !name.is_empty() && seen.contains(&name) {
                errors.push(FieldError::duplicate(format!("{field}.name"), &quoted(name)));
            }
            seen.push(name);
        }
    }
    one_of(
        &spec["restartPolicy"],
        &format!("{field}.restartPolicy"),
        &["Always", "OnFailure", "Never"],
        errors,
    );
    one_of(
        &spec["dnsPolicy"],
        &format!("{field}.dnsPolicy"),
        &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
        errors,
    );
}

fn volumes<'a>(spec: &'a Value, field: &str, errors: &mut Vec<FieldError>) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (index, volume) in spec["volumes"].as_array().into_iter().flatten().enumerate() {
        let field = format!("{field}.volumes[{index}].name");
        let name = volume["name"].as_str().unwrap_or_default();
        label(name, &field, errors);
        if names.contains(&name) && !name.is_empty() {
            errors.push(FieldError::duplicate(field, &quoted(name)));
        }
        names.push(name);
    }
    names
}

fn label(name: &str, field: &str, errors: &mut Vec<FieldError>) {
    if name.is_empty() {
        errors.push(FieldError::required(field, ""));
        return;
    }
    for words in names::label(name) {
        errors.push(FieldError::invalid(field, &quoted(name), &words));
    }
}

fn container(container: &Value, field: &str, volumes: &[&str], errors: &mut Vec<FieldError>) {
    label(container["name"].as_str().unwrap_or_default(), &format!("{field}.name"), errors);
    match container["image"].as_str() {
        None | Some("") => errors.push(FieldError::required(format!("{field}.image"), "")),
        Some(image) if image.trim() != image => {
            let detail = "must not have leading or trailing whitespace";
            errors.push(FieldError::invalid(format!("{field}.image"), &quoted(image), detail));
        }
        Some(_) => {}
    }
    one_of(
        &container["imagePullPolicy"],
        &format!("{field}.imagePullPolicy"),
        &["Always", "IfNotPresent", "Never"],
        errors,
    );
    for (index, port) in container["ports"].as_array().into_iter().flatten().enumerate() {
        let field = format!("{field}.ports[{index}]");
        if port["containerPort"].as_i64().unwrap_or_default() == 0 {
            errors.push(FieldError::required(format!("{field}.containerPort"), ""));
        } else {
            port_number(&port["containerPort"], &format!("{field}.containerPort"), errors);
        }
        protocol(&port["protocol"], &format!("{field}.protocol"), errors);
    }
    for (index, variable) in container["env"].as_array().into_iter().flatten().enumerate() {
        if variable["name"].as_str().is_none_or(str::is_empty) {
            errors.push(FieldError::required(format!("{field}.env[{index}].name"), ""));
        }
    }
    for (index, mount) in container["volumeMounts"].as_array().into_iter().flatten().enumerate() {
        let field = format!("{field}.volumeMounts[{index}]");
        match mount["name"].as_str() {
            None | Some("") => errors.push(FieldError::required(format!("{field}.name"), "")),
            Some(name) if !volumes.contains(&name) => {
                errors.push(FieldError::not_found(format!("{field}.name"), &quoted(name)));
            }
            Some(_) => {}
        }
        if mount["mountPath"].as_str().is_none_or(str::is_empty) {
            errors.push(FieldError::required(format!("{field}.mountPath"), ""));
        }
    }
}

/// A port's number.
pub(super) fn port_number(value: &Value, field: &str, errors: &mut Vec<FieldError>) {
    if !value.as_i64().is_some_and(|port| (1..=65_535).contains(&port)) {
        errors.push(FieldError::invalid(field, value, "must be between 1 and 65535, inclusive"));
    }
}

/// A port's protocol.
pub(super) fn protocol(value: &Value, field: &str, errors: &mut Vec<FieldError>) {
    one_of(value, field, &["SCTP", "TCP", "UDP"], errors);
}

fn one_of(value: &Value, field: &str, words: &[&str], errors: &mut Vec<FieldError>) {
    if value.as_str().is_some_and(|word| !words.contains(&word)) {
        errors.push(FieldError::not_supported(field, value, words));
    }
}
