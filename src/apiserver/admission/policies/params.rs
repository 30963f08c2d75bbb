//! The objects that a binding gives to its policy as `params`.

use serde_json::Value;

use super::spec::{ParamKind, ParamRef};
use crate::apiserver::convert;
use crate::apiserver::selectors;
use crate::apiserver::server::Server;
use crate::apiserver::store::Key;

/// The parameters with which a policy is to be evaluated, one after the other; `None` is evaluated without.
pub(super) fn collect(
    server: &Server,
    kind: Option<&ParamKind>,
    reference: Option<&ParamRef>,
    namespace: &str,
) -> Result<Vec<Option<Value>>, String> {
    let (Some(kind), Some(reference)) = (kind, reference) else { return Ok(vec![None]) };
    let Some(definition) = server.catalog.by_kind(&kind.api_version, &kind.kind) else {
        return Err(format!("paramKind kind `{}, Kind={}` not known", kind.api_version, kind.kind));
    };
    let place = match (definition.namespaced, reference.namespace.as_str()) {
        (true, "") if namespace.is_empty() => {
            return Err(
                "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
                    .to_owned(),
            );
        }
        (true, "") => namespace,
        (true, given) => given,
        (false, "") => "",
        (false, _) => {
            return Err("paramRef.namespace must not be provided for a cluster-scoped `paramKind`".to_owned());
        }
    };
    let read = |json: &[u8]| {
        let mut object = serde_json::from_slice::<Value>(json).ok()?;
        convert::into_version(&definition, &mut object);
        Some(object)
    };
    let storage = definition.storage();
    let found: Vec<Option<Value>> = if reference.name.is_empty() {
        let selector = reference.selector.clone().unwrap_or_default();
        let all = server.store.list(&storage, definition.namespaced.then_some(place)).1;
        let all = all.iter().filter_map(|(_, stored)| read(&stored.json));
        all.filter(|object| selectors::selects(&selector, object["metadata"].get("labels")))
            .map(Some)
            .collect()
    } else {
        let stored = server.store.get(&Key::new(&storage, place, &reference.name));
        stored.and_then(|stored| read(&stored.json)).map(Some).into_iter().collect()
    };
    if found.is_empty() && reference.parameter_not_found_action == "Deny" {
        return Err("no params found for policy binding with `Deny` parameterNotFoundAction".to_owned());
    }
    Ok(found)
}
