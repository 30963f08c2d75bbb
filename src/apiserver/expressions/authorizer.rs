//! `authorizer`: asks from within an expression what somebody may do. A question is built up and asked at its end.
//! <https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-authorizer-library>

use std::sync::Arc;

use kube_cel::cel::objects::Opaque;

use super::operators::no_overload;
use super::value::{Value, string};
use crate::accounts::Identity;
use crate::apiserver::access::{Attributes, Object};
use crate::apiserver::status::Named;

type Answer = Result<Value, String>;

/// Who answers what somebody may do.
pub(crate) trait Asks {
    /// Whether it is allowed, and why.
    fn ask(&self, identity: &Identity, attributes: &Attributes) -> (bool, String);
}

/// How far a question is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    stage: Stage,
    identity: Identity,
    attributes: Attributes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Authorizer,
    Path,
    Group,
    Resource,
}

impl Opaque for Question {
    fn runtime_type_name(&self) -> &'static str {
        match self.stage {
            Stage::Authorizer => "kubernetes.authorization.Authorizer",
            Stage::Path => "kubernetes.authorization.PathCheck",
            Stage::Group => "kubernetes.authorization.GroupCheck",
            Stage::Resource => "kubernetes.authorization.ResourceCheck",
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decision {
    allowed: bool,
    reason: String,
}

impl Opaque for Decision {
    fn runtime_type_name(&self) -> &'static str {
        "kubernetes.authorization.Decision"
    }
}

fn question(stage: Stage, identity: &Identity, attributes: Attributes) -> Value {
    Value::Opaque(Arc::new(Question { stage, identity: identity.clone(), attributes }))
}

/// The variable `authorizer` of a request.
pub(crate) fn authorizer(identity: &Identity) -> Value {
    let nothing = Attributes::resource("", Named { group: "", plural: "", name: "" }, "");
    question(Stage::Authorizer, identity, nothing)
}

/// The variable `authorizer.requestResource`.
pub(crate) fn request_resource(identity: &Identity, attributes: Attributes) -> Value {
    question(Stage::Resource, identity, attributes)
}

/// Goes on with a question; `None` where the receiver is none.
pub(super) fn call(asks: &dyn Asks, name: &str, receiver: &Value, arguments: &[Value]) -> Option<Answer> {
    let Value::Opaque(opaque) = receiver else { return None };
    if let Some(decision) = opaque.downcast_ref::<Decision>() {
        return Some(match name {
            "allowed" => Ok(Value::Bool(decision.allowed)),
            "reason" => Ok(string(&decision.reason)),
            "errored" => Ok(Value::Bool(false)),
            "error" => Ok(string("")),
            _ => no_overload(),
        });
    }
    let question = opaque.downcast_ref::<Question>()?;
    let texts: Vec<&str> = arguments.iter().filter_map(super::value::text).collect();
    Some(go_on(asks, name, question.clone(), &texts))
}

fn go_on(asks: &dyn Asks, name: &str, question: Question, arguments: &[&str]) -> Answer {
    let Question { stage, identity, mut attributes } = question;
    let next = match (stage, name, arguments) {
        (Stage::Authorizer, "serviceAccount", [namespace, name]) => {
            let identity = Identity::service_account(namespace, name).with_system_group();
            return Ok(authorizer(&identity));
        }
        (Stage::Authorizer, "path", [path]) => {
            attributes.object = Object::Path((*path).to_owned());
            Stage::Path
        }
        (Stage::Authorizer, "group", [wanted]) => {
            if let Object::Resource { group, .. } = &mut attributes.object {
                (*wanted).clone_into(group);
            }
            Stage::Group
        }
        (Stage::Group, "resource", [wanted]) => {
            if let Object::Resource { resource, .. } = &mut attributes.object {
                (*wanted).clone_into(resource);
            }
            Stage::Resource
        }
        (Stage::Resource, "subresource" | "namespace" | "name", [wanted]) => {
            if let Object::Resource { subresource, namespace, name: object, .. } = &mut attributes.object {
                let field = match name {
                    "subresource" => subresource,
                    "namespace" => namespace,
                    _ => object,
                };
                (*wanted).clone_into(field);
            }
            Stage::Resource
        }
        // Rules cannot be narrowed by selectors, so that what is allowed does not depend on them.
        (Stage::Resource, "fieldSelector" | "labelSelector", [_]) => Stage::Resource,
        (Stage::Resource | Stage::Path, "check", [verb]) => {
            (*verb).clone_into(&mut attributes.verb);
            let (allowed, reason) = asks.ask(&identity, &attributes);
            return Ok(Value::Opaque(Arc::new(Decision { allowed, reason })));
        }
        _ => return no_overload(),
    };
    Ok(self::question(next, &identity, attributes))
}
