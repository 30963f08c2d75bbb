//! The environment of a container: `env` and `envFrom`, with references followed and `$(NAMES)` expanded.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, Pod};

use super::needs::{Need, Needs};

/// Why a container cannot be configured.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Something is missing in what it needs. The words are the kubelet's.
    Missing { message: String, need: Need, seen: Option<BTreeMap<String, String>> },
    /// The API server did not answer.
    Unread(kube::Error),
}

/// Makes the environment.
pub(super) async fn environment(
    needs: &Needs,
    pod: &Pod,
    address: &str,
    container: &Container,
) -> Result<BTreeMap<String, String>, Trouble> {
    let mut environment = BTreeMap::new();
    for source in container.env_from.iter().flatten() {
        let prefix = source.prefix.clone().unwrap_or_default();
        let (need, optional) = match (&source.config_map_ref, &source.secret_ref) {
            (Some(reference), _) => (Need::ConfigMap(reference.name.clone()), reference.optional),
            (_, Some(reference)) => (Need::Secret(reference.name.clone()), reference.optional),
            _ => continue,
        };
        match needs.read(&need).await.map_err(Trouble::Unread)? {
            Some(data) => {
                environment.extend(data.into_iter().map(|(key, value)| (format!("{prefix}{key}"), value)));
            }
            None if optional == Some(true) => {}
            None => return Err(Trouble::Missing { message: need.not_found(), need, seen: None }),
        }
    }
    for variable in container.env.iter().flatten() {
        if let Some(value) = value(needs, pod, address, container, variable, &environment).await? {
            environment.insert(variable.name.clone(), value);
        }
    }
    Ok(environment)
}

async fn value(
    needs: &Needs,
    pod: &Pod,
    address: &str,
    container: &Container,
    variable: &EnvVar,
    before: &BTreeMap<String, String>,
) -> Result<Option<String>, Trouble> {
    let Some(source) = &variable.value_from else {
        return Ok(Some(expand(variable.value.as_deref().unwrap_or_default(), before)));
    };
    let EnvVarSource { config_map_key_ref, secret_key_ref, field_ref, resource_field_ref, .. } = source;
    let (need, kind, key, optional) = if let Some(reference) = config_map_key_ref {
        (Need::ConfigMap(reference.name.clone()), "ConfigMap", &reference.key, reference.optional)
    } else if let Some(reference) = secret_key_ref {
        (Need::Secret(reference.name.clone()), "Secret", &reference.key, reference.optional)
    } else if let Some(reference) = field_ref {
        return Ok(Some(field(pod, address, &reference.field_path)));
    } else {
        let resource =
            resource_field_ref.as_ref().map(|reference| reference.resource.as_str()).unwrap_or_default();
        return Ok(Some(resource_value(container, resource)));
    };
    let data = needs.read(&need).await.map_err(Trouble::Unread)?;
    if let Some(value) = data.as_ref().and_then(|data| data.get(key)) {
        return Ok(Some(value.clone()));
    }
    if optional == Some(true) {
        return Ok(None);
    }
    let message = match (&data, &need) {
        (None, _) => need.not_found(),
        (Some(_), Need::ConfigMap(name) | Need::Secret(name)) => {
            format!("couldn't find key {key} in {kind} {}/{name}", needs.namespace())
        }
    };
    Err(Trouble::Missing { message, need, seen: data })
}

/// Reads a field of the Pod, as the downward API offers it.
fn field(pod: &Pod, address: &str, path: &str) -> String {
    let of = |map: &Option<BTreeMap<String, String>>, key: &str| {
        map.as_ref().and_then(|map| map.get(key)).cloned().unwrap_or_default()
    };
    let metadata = &pod.metadata;
    let spec = pod.spec.as_ref();
    let host = pod.status.as_ref().and_then(|status| status.host_ip.clone());
    match path {
        "metadata.name" => metadata.name.clone().unwrap_or_default(),
        "metadata.namespace" => metadata.namespace.clone().unwrap_or_default(),
        "metadata.uid" => metadata.uid.clone().unwrap_or_default(),
        "spec.nodeName" => spec.and_then(|spec| spec.node_name.clone()).unwrap_or_default(),
        "spec.serviceAccountName" => {
            spec.and_then(|spec| spec.service_account_name.clone()).unwrap_or_default()
        }
        "status.podIP" | "status.podIPs" => address.to_owned(),
        "status.hostIP" | "status.hostIPs" => host.unwrap_or_else(|| "127.0.0.1".to_owned()),
        _ => match path.strip_suffix("']").and_then(|path| path.split_once("['")) {
            Some(("metadata.labels", key)) => of(&metadata.labels, key),
            Some(("metadata.annotations", key)) => of(&metadata.annotations, key),
            _ => String::new(),
        },
    }
}

fn resource_value(container: &Container, resource: &str) -> String {
    let resources = container.resources.clone().unwrap_or_default();
    let (map, name) = match resource.split_once('.') {
        Some(("limits", name)) => (resources.limits, name),
        Some(("requests", name)) => (resources.requests, name),
        _ => (None, resource),
    };
    map.and_then(|map| map.get(name).map(|quantity| quantity.0.clone())).unwrap_or_else(|| "0".to_owned())
}

/// Expands `$(NAME)` where the name is known; `$$` stands for one `$`.
pub(super) fn expand(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let name = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        if let Some(after) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = after;
        } else if let Some((value, after)) = name.and_then(|(name, after)| Some((known.get(name)?, after))) {
            expanded.push_str(value);
            rest = after;
        } else {
            expanded.push('$');
        }
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_expanded_and_others_stay() {
        let known = BTreeMap::from([("NAME".to_owned(), "world".to_owned())]);
        let expanded =
            ["hello $(NAME)", "$(OTHER)", "$$(NAME)", "a $ b", "$(NAME"].map(|text| expand(text, &known));
        assert_eq!(expanded, ["hello world", "$(OTHER)", "$(NAME)", "a $ b", "$(NAME"]);
    }
}
