//! `SubjectAccessReview` and its Self and Local forms: may somebody do one thing.
//! <https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::accounts::Identity;
use crate::apiserver::access::{Attributes, Object};
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::types::{FieldError, Reason};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    resource_attributes: Option<ResourceAttributes>,
    non_resource_attributes: Option<PathAttributes>,
    user: String,
    groups: Vec<String>,
    uid: String,
    extra: BTreeMap<String, Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResourceAttributes {
    namespace: String,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PathAttributes {
    path: String,
    verb: String,
}

pub(super) fn answer(call: &Call, review: &mut Value) -> Result<(), Status> {
    let kind = &call.target.kind;
    let bad = |field: &str, message: String| {
        let error = FieldError { field: field.to_owned(), reason: Reason::Invalid, message };
        // The original leaves the kind out.
        Status::invalid("", &kind.group, "", &[error])
    };
    let spec = Option::<Spec>::deserialize(&review["spec"]);
    let spec = spec.map_err(|error| Status::bad_request(format!("{} in body: {error}", kind.kind)))?;
    let spec = spec.unwrap_or_default();
    let local = call.target.namespace.as_deref();
    if let (Some(local), Some(asked)) = (local, &spec.resource_attributes)
        && asked.namespace != local
    {
        let message = format!("Invalid value: {:?}: must match metadata.namespace", asked.namespace);
        return Err(bad("spec.resourceAttributes.namespace", message));
    }
    let attributes = match (spec.resource_attributes, spec.non_resource_attributes) {
        (Some(asked), None) => resource(asked),
        (None, Some(PathAttributes { path, verb })) if local.is_none() => {
            Attributes { verb, object: Object::Path(path) }
        }
        (Some(_), Some(PathAttributes { path, verb })) => {
            let shown = json!({"Path": path, "Verb": verb});
            let message =
                format!("Invalid value: {shown}: cannot be specified in combination with resourceAttributes");
            return Err(bad("spec.nonResourceAttributes", message));
        }
        _ => {
            let both = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            return Err(bad("spec.resourceAttributes", format!("Invalid value: null: {both}")));
        }
    };
    let identity = if kind.kind == "SelfSubjectAccessReview" {
        call.identity.clone()
    } else if spec.user.is_empty() && spec.groups.is_empty() {
        let message = "Invalid value: \"\": at least one of user or group must be specified".to_owned();
        return Err(bad("spec.user", message));
    } else {
        Identity { username: spec.user, groups: spec.groups, uid: spec.uid, extra: spec.extra }
    };
    let verdict = call.server.access.verdict(&identity, &attributes);
    if let Some(local) = local {
        review["metadata"]["namespace"] = local.into();
    }
    review["status"] = json!({"allowed": verdict.allowed});
    if !verdict.reason.is_empty() {
        review["status"]["reason"] = verdict.reason.into();
    }
    Ok(())
}

fn resource(asked: ResourceAttributes) -> Attributes {
    let ResourceAttributes { namespace, verb, group, resource, subresource, name } = asked;
    Attributes { verb, object: Object::Resource { group, resource, subresource, namespace, name } }
}
