//! Nobody can give away what they do not have: writes to roles and bindings are held against the writer's own rules.
//! <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping>

use std::fmt::Write as _;

use serde::Deserialize as _;
use serde_json::Value;

use super::aggregate::is_aggregated;
use super::attributes::Attributes;
use super::index::is_master;
use super::role::{Binding, Role};
use super::rule::{self, Rule};
use crate::accounts::Identity;
use crate::apiserver::meta;
use crate::apiserver::server::Server;
use crate::apiserver::status::{Named, Status};
use crate::apiserver::target::Target;
use crate::apiserver::types::Kind;

const GROUP: &str = "rbac.authorization.k8s.io";

impl Server {
    /// Refuses a role or a binding that gives more than its writer has. Without an actor it is the server's own.
    pub(crate) fn may_grant(
        &self,
        actor: Option<&Identity>,
        target: &Target,
        old: Option<&Value>,
        new: &Value,
    ) -> Result<(), Status> {
        let Kind { group, plural, .. } = &*target.kind;
        let Some(actor) = actor.filter(|actor| group == GROUP && !is_master(actor)) else { return Ok(()) };
        let name = meta::text(new, "name");
        let namespace = target.namespace.as_deref().unwrap_or_default();
        let refused = |message: &str| Status::forbidden(target.named_as(name), message);
        match plural.as_str() {
            "roles" | "clusterroles" => {
                let same = |field: &str| old.is_some_and(|old| old.get(field) == new.get(field));
                if same("rules") && same("aggregationRule") {
                    return Ok(());
                }
                if self.may(actor, "escalate", target.named_as(name), namespace) {
                    return Ok(());
                }
                if is_aggregated(new) || old.is_some_and(is_aggregated) {
                    let everything = self.lacking(actor, namespace, &Rule::everything());
                    let message = "must have cluster-admin privileges to use an aggregationRule";
                    return everything.map_or(Ok(()), |_| Err(refused(message)));
                }
                let role = Role::deserialize(new).unwrap_or_default();
                self.lacking(actor, namespace, &role.rules).map_or(Ok(()), |message| Err(refused(&message)))
            }
            "rolebindings" | "clusterrolebindings" => {
                let same = |field: &str| old.is_some_and(|old| old.get(field) == new.get(field));
                if same("subjects") && same("roleRef") {
                    return Ok(());
                }
                let role = Binding::deserialize(new).unwrap_or_default().role_ref;
                let named = Named { group: GROUP, plural: role.plural(), name: &role.name };
                if self.may(actor, "bind", named, namespace) {
                    return Ok(());
                }
                let found = self.access.role(namespace, &role).ok_or_else(|| Status::not_found(named))?;
                self.lacking(actor, namespace, &found.rules).map_or(Ok(()), |message| Err(refused(&message)))
            }
            _ => Ok(()),
        }
    }

    fn may(&self, actor: &Identity, verb: &str, named: Named<'_>, namespace: &str) -> bool {
        self.access.verdict(actor, &Attributes::resource(verb, named, namespace)).allowed
    }

    /// What somebody has not of these rules, in the words of the refusal.
    fn lacking(&self, actor: &Identity, namespace: &str, wanted: &[Rule]) -> Option<String> {
        let (own, wrong) = self.access.rules(actor, namespace);
        let missing = rule::missing(&own.iter().collect::<Vec<_>>(), wanted);
        if missing.is_empty() {
            return None;
        }
        let groups: Vec<_> = actor.groups.iter().map(|group| format!("{group:?}")).collect();
        let mut message = format!(
            "user {:?} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
            actor.username,
            groups.join(" "),
            missing.join("\n")
        );
        if !wrong.is_empty() {
            let _ = write!(message, "; resolution errors: [{}]", wrong.join(", "));
        }
        Some(message)
    }
}
