//! `vars`: values of fields for `$(NAME)` in others. They are the older way to do what `replacements` do.
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/vars/>

use std::collections::BTreeMap;

use serde_json::Value;

use super::Error;
use super::dotted_path::{look_up, split};
use super::field_paths::visit;
use super::kustomization::Var;
use super::names::pod_spec;
use super::replacements::DEFAULT_FIELD;
use super::resource::Resource;

/// The vars of a build: the field of each.
pub(super) type Vars = BTreeMap<String, String>;

/// Where containers may have `$(NAME)`.
const IN_CONTAINERS: [&str; 4] = ["args[]", "command[]", "env[]/value", "volumeMounts[]/mountPath"];

/// Where other kinds may have it; no kind stands for all.
const ELSEWHERE: [(&str, &str); 10] = [
    ("", "metadata/labels"),
    ("", "metadata/annotations"),
    ("Deployment", "spec/template/metadata/annotations"),
    ("Ingress", "spec/rules[]/host"),
    ("Ingress", "spec/tls[]/hosts[]"),
    ("Ingress", "spec/tls[]/secretName"),
    ("Service", "spec/ports[]/port"),
    ("Service", "spec/ports[]/targetPort"),
    ("PersistentVolume", "spec/nfs/server"),
    ("StatefulSet", "spec/volumeClaimTemplates[]/spec/nfs/server"),
];

/// Adds the vars of a kustomization: each is of the object that its reference means now.
pub(super) fn add(vars: &mut Vars, resources: &mut [Resource], own: &[Var]) -> Result<(), Error> {
    let wrong = |message: String| Error::Var { message };
    for var in own {
        let reference = &var.object;
        let api_version = reference.api_version.clone().unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        let group = reference.group.as_deref().unwrap_or(group);
        let version = reference.version.as_deref().unwrap_or(version);
        let namespace = reference.namespace.as_deref().unwrap_or_default();
        let means = |resource: &&mut Resource| {
            resource.identities().any(|id| {
                (id.group.as_str(), id.version.as_str()) == (group, version)
                    && Some(&id.kind) == reference.kind.as_ref()
                    && Some(&id.name) == reference.name.as_ref()
                    && (namespace.is_empty() || id.effective_namespace() == namespace)
            })
        };
        let mut found = resources.iter_mut().filter(means);
        if let Some(one) = found.next() {
            one.vars.push(var.name.clone());
        }
        let more = found.count();
        if more > 0 {
            return Err(wrong(format!(
                "found {} resId matches for var {} (unable to disambiguate)",
                more + 1,
                var.name
            )));
        }
        let path = var.field.as_ref().and_then(|field| field.path.clone()).filter(|path| !path.is_empty());
        if vars.insert(var.name.clone(), path.unwrap_or_else(|| DEFAULT_FIELD.to_owned())).is_some() {
            return Err(wrong(format!("var '{}' already encountered", var.name)));
        }
    }
    Ok(())
}

/// Puts the values in their places, once all names are final.
pub(super) fn resolve(vars: &Vars, resources: &mut [Resource]) -> Result<(), Error> {
    let mut values = BTreeMap::new();
    for (name, path) in vars {
        let owner = resources.iter().find(|resource| resource.vars.contains(name));
        let owner = owner.ok_or_else(|| Error::Var {
            message: format!("var '{name}' cannot be mapped to a field in the set of known resources"),
        })?;
        let value = look_up(&owner.object, &split(&with_indices(path)));
        let value = value.ok().flatten().filter(|value| !value.is_null()).ok_or_else(|| Error::Var {
            message: format!("field specified in var '{name}' not found in corresponding resource"),
        })?;
        values.insert(name.clone(), value.clone());
    }
    if values.is_empty() {
        return Ok(());
    }
    for resource in resources {
        let kind = resource.identity().kind;
        let mut put =
            |path: &str| visit(&mut resource.object, path, false, &mut |value| expand(value, &values));
        // kustomize knows no references in these two.
        let spec =
            pod_spec(&kind).filter(|_| !matches!(kind.as_str(), "ReplicationController" | "PodTemplate"));
        if let Some(spec) = spec {
            for path in IN_CONTAINERS {
                for list in ["containers[]", "initContainers[]"] {
                    put(&format!("{spec}/{list}/{path}"));
                }
            }
            put(&format!("{spec}/volumes[]/nfs/server"));
        }
        for (_, path) in ELSEWHERE.iter().filter(|(of, _)| of.is_empty() || *of == kind) {
            put(path);
        }
    }
    Ok(())
}

/// `containers[0].image` as the other paths write it.
fn with_indices(path: &str) -> String {
    path.replace('[', ".[").replace("..[", ".[").replace(".[", ".").replace(']', "")
}

/// Expands a text, or the texts of a map.
fn expand(value: &mut Value, values: &BTreeMap<String, Value>) {
    match value {
        Value::String(text) => *value = expanded(text, values),
        Value::Object(fields) => {
            for field in fields.values_mut() {
                if let Value::String(text) = field {
                    *field = expanded(text, values);
                }
            }
        }
        _ => {}
    }
}

/// As Kubernetes expands them: `$$` is a dollar, names that are not known stay; a text that is one name and nothing
/// else takes the value's type over.
fn expanded(text: &str, values: &BTreeMap<String, Value>) -> Value {
    let whole = text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
    if let Some(value) = whole.and_then(|name| values.get(name)) {
        return value.clone();
    }
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let name = rest.strip_prefix('(').and_then(|inside| inside.split_once(')'));
        match (rest.chars().next(), name) {
            (Some('$'), _) => {
                result.push('$');
                rest = &rest[1..];
            }
            (Some('('), Some((name, after))) => {
                match values.get(name) {
                    Some(Value::String(value)) => result.push_str(value),
                    Some(value) => result.push_str(&value.to_string()),
                    None => result.extend(["$(", name, ")"]),
                }
                rest = after;
            }
            _ => result.push('$'),
        }
    }
    result.push_str(rest);
    Value::from(result)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_expand_as_those_of_containers_do() {
        let values = BTreeMap::from([("A".to_owned(), json!("x")), ("N".to_owned(), json!(80))]);
        let cases = [
            ("$(A)", json!("x")),
            ("$(N)", json!(80)),
            ("a-$(A)-$(N)-$(OTHER)", json!("a-x-80-$(OTHER)")),
            ("$$(A) $ $(A", json!("$(A) $ $(A")),
            ("plain", json!("plain")),
        ];
        for (text, expected) in cases {
            assert_eq!(expanded(text, &values), expected, "{text}");
        }
    }
}
