//! Cluster roles that are made of others: whoever labels a role for it widens `admin`, `edit` or `view`.
//! <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles>

use serde_json::{Value, json};

use super::role::Role;
use super::rule::Rule;
use crate::apiserver::selectors;
use crate::apiserver::server::Server;
use crate::apiserver::store::Key;
use crate::apiserver::target::Target;
use crate::apiserver::verbs::{Options, Part};

const MANAGER: &str = "clusterrole-aggregation-controller";

impl Server {
    /// Takes up a write to a role or a binding, so that the next request is judged by it.
    pub(crate) fn refresh_access(&self, key: &Key) {
        if self.access.refresh(&self.store, key) {
            self.aggregate();
        }
    }

    /// Writes what aggregated roles are now made of. A write brings us here again, until nothing changes; rules are
    /// only ever passed on, so this ends.
    fn aggregate(&self) {
        let all = self.access.cluster_roles();
        for (name, role) in all.iter().filter(|(_, role)| !role.selectors().is_empty()) {
            let others = all.iter().filter(|(other, _)| other != name).map(|(_, role)| &**role);
            let rules = union(role, others);
            if rules != role.rules {
                self.write_rules(name, &rules);
                return;
            }
        }
    }

    fn write_rules(&self, name: &str, rules: &[Rule]) {
        let Some(kind) = self.catalog.by_kind("rbac.authorization.k8s.io/v1", "ClusterRole") else { return };
        let target = Target::object(kind, "", name);
        let options = Options { manager: MANAGER.to_owned(), ..Options::internal() };
        let written = self.modify(&target, Part::Main, &options, |old| {
            let mut new = old.clone();
            new["rules"] = json!(rules);
            Ok(new)
        });
        if let Err(status) = written {
            tracing::warn!(
                role = name,
                message = status.message(),
                "the rules of others were not taken over"
            );
        }
    }
}

fn union<'a>(role: &Role, others: impl Iterator<Item = &'a Role> + Clone) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for selector in role.selectors() {
        let selects = |other: &&Role| selectors::selects(selector, Some(other.labels()));
        for rule in others.clone().filter(|other| selects(other)).flat_map(|other| &other.rules) {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    rules
}

/// Whether a role is made of others.
pub(super) fn is_aggregated(role: &Value) -> bool {
    role.get("aggregationRule").is_some_and(|rule| !rule.is_null())
}
