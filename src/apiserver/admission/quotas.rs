//! `ResourceQuota`: what the objects of a namespace may come to together, and what they do come to.
//! <https://kubernetes.io/docs/concepts/policy/resource-quotas/>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

use super::usage::{self, Usage};
use crate::apiserver::meta;
use crate::apiserver::server::Server;
use crate::apiserver::status::Status;
use crate::apiserver::store::Key;
use crate::apiserver::target::Target;
use crate::apiserver::types::Amount;
use crate::apiserver::verbs::{Options, Part};

const QUOTAS: &str = "resourcequotas";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Quota {
    metadata: Name,
    spec: Spec,
    status: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Name {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    hard: BTreeMap<String, String>,
    scopes: Vec<String>,
    #[serde(rename = "scopeSelector")]
    scope_selector: ScopeSelector,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ScopeSelector {
    match_expressions: Vec<ScopeExpression>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ScopeExpression {
    scope_name: String,
    operator: String,
    values: Vec<String>,
}

impl ScopeExpression {
    fn selects(&self, resource: &str, object: &Value) -> bool {
        let class = object["spec"]["priorityClassName"].as_str().unwrap_or_default();
        let named = self.values.iter().any(|value| value == class);
        match (self.scope_name.as_str(), self.operator.as_str()) {
            ("PriorityClass", _) if resource != "pods" => false,
            ("PriorityClass", "In") => named,
            ("PriorityClass", "NotIn") => !named,
            ("PriorityClass", "DoesNotExist") => class.is_empty(),
            (scope, _) => usage::is_in_scope(scope, resource, object),
        }
    }
}

/// The quotas of a namespace, by name.
fn quotas(server: &Server, namespace: &str) -> Vec<Quota> {
    let (_, stored) = server.store.list(QUOTAS, Some(namespace));
    stored.iter().filter_map(|(_, object)| serde_json::from_slice(&object.json).ok()).collect()
}

impl Quota {
    fn concerns(&self, resource: &str) -> bool {
        self.spec.hard.keys().any(|name| usage::concerns(name, resource))
    }

    /// What one object comes to, of what this quota limits.
    fn of(&self, resource: &str, object: &Value) -> Usage {
        let selected = &self.spec.scope_selector.match_expressions;
        if !self.spec.scopes.iter().all(|scope| usage::is_in_scope(scope, resource, object))
            || !selected.iter().all(|expression| expression.selects(resource, object))
        {
            return Usage::default();
        }
        let mut usage = usage::of(resource, object);
        usage.retain(|name, _| self.spec.hard.contains_key(name));
        usage
    }

    /// What all objects of the namespace come to.
    fn used(&self, server: &Server, namespace: &str) -> Usage {
        let mut used: Usage = self.spec.hard.keys().map(|name| (name.clone(), Amount::default())).collect();
        for resource in server.store.resources().iter().filter(|resource| self.concerns(resource)) {
            for (_, stored) in server.store.list(resource, Some(namespace)).1 {
                let object = serde_json::from_slice(&stored.json).unwrap_or_default();
                for (name, amount) in self.of(resource, &object) {
                    used.entry(name).and_modify(|sum| *sum = sum.plus(amount));
                }
            }
        }
        used
    }

    /// Refuses what a new object comes to, or what a changed one comes to beyond its `old` state.
    fn admit(
        &self,
        server: &Server,
        target: &Target,
        old: Option<&Value>,
        object: &Value,
    ) -> Result<(), String> {
        let quota = &self.metadata.name;
        let resource = target.kind.storage();
        let mut requested = self.of(&resource, object);
        if let Some(old) = old {
            let before = self.of(&resource, old);
            for (name, amount) in &mut requested {
                *amount = amount.minus(before.get(name).copied().unwrap_or_default());
            }
            requested.retain(|_, amount| amount.is_positive());
        }
        if requested.is_empty() {
            return Ok(());
        }
        let missing =
            if old.is_none() { unspecified(&self.spec.hard, &resource, object) } else { Vec::new() };
        if !missing.is_empty() {
            return Err(format!("failed quota: {quota}: must specify {}", missing.join("; ")));
        }
        let used = self.used(server, target.namespace.as_deref().unwrap_or_default());
        let over = |name: &String, amount: &Amount| {
            let hard = self.spec.hard.get(name).and_then(|hard| Amount::read(hard));
            let sum = used.get(name).copied().unwrap_or_default().plus(*amount);
            amount.is_positive() && hard.is_some_and(|hard| sum > hard)
        };
        let names: BTreeSet<_> =
            requested.iter().filter(|(name, amount)| over(name, amount)).map(|(name, _)| name).collect();
        if names.is_empty() {
            return Ok(());
        }
        let words = |text: &dyn Fn(&String) -> String| {
            names.iter().map(|name| format!("{name}={}", text(name))).collect::<Vec<_>>().join(",")
        };
        Err(format!(
            "exceeded quota: {quota}, requested: {}, used: {}, limited: {}",
            words(&|name| requested[name].to_string()),
            words(&|name| used[name].to_string()),
            words(&|name| self.spec.hard[name].clone()),
        ))
    }
}

/// What a quota limits and the containers of a pod do not speak of.
fn unspecified(hard: &BTreeMap<String, String>, resource: &str, object: &Value) -> Vec<String> {
    if resource != "pods" {
        return Vec::new();
    }
    let lists = ["containers", "initContainers"].into_iter();
    let containers: Vec<_> =
        lists.flat_map(|list| object["spec"][list].as_array().into_iter().flatten()).collect();
    let mut missing = Vec::new();
    for name in hard.keys() {
        let (field, of) = match name.as_str() {
            "cpu" | "memory" => ("requests", name.as_str()),
            "requests.cpu" | "limits.cpu" | "requests.memory" | "limits.memory" => {
                name.split_once('.').unwrap_or(("requests", name))
            }
            _ => continue,
        };
        let silent = containers.iter().filter(|container| container["resources"][field].get(of).is_none());
        let names: BTreeSet<_> = silent.filter_map(|container| container["name"].as_str()).collect();
        if !names.is_empty() {
            missing.push(format!("{name} for: {}", names.into_iter().collect::<Vec<_>>().join(",")));
        }
    }
    missing
}

impl Server {
    /// Held while an object is counted and until it is stored, where there is anything to count.
    pub(crate) fn counting(&self, target: &Target) -> Option<MutexGuard<'_, ()>> {
        let namespace = target.namespace.as_deref()?;
        let resource = target.kind.storage();
        let counted = quotas(self, namespace).iter().any(|quota| quota.concerns(&resource));
        counted.then(|| self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Refuses a new object, or the growth of a changed one, for which a quota leaves no room.
    pub(crate) fn within_quotas(
        &self,
        target: &Target,
        old: Option<&Value>,
        object: &Value,
    ) -> Result<(), Status> {
        let Some(namespace) = target.namespace.as_deref() else { return Ok(()) };
        for quota in quotas(self, namespace) {
            quota.admit(self, target, old, object).map_err(|message| {
                Status::forbidden(target.named_as(meta::text(object, "name")), &message)
            })?;
        }
        Ok(())
    }

    /// Writes what the objects of a namespace come to, when one that counts has come, changed or gone.
    pub(crate) fn count(&self, key: &Key) {
        let changed = |quota: &Quota| {
            quota.concerns(&key.resource) || (*key.resource == *QUOTAS && *key.name == *quota.metadata.name)
        };
        for quota in quotas(self, &key.namespace).iter().filter(|quota| changed(quota)) {
            let used = quota.used(self, &key.namespace);
            let used: BTreeMap<_, _> = used.iter().map(|(name, amount)| (name, amount.to_string())).collect();
            let status = json!({"hard": quota.spec.hard, "used": used});
            if quota.status != status {
                self.write_status(&key.namespace, &quota.metadata.name, &status);
            }
        }
    }

    fn write_status(&self, namespace: &str, name: &str, status: &Value) {
        let Some(kind) = self.catalog.by_kind("v1", "ResourceQuota") else { return };
        let target = Target::object(kind, namespace, name);
        let written = self.modify(&target, Part::Status, &Options::internal(), |old| {
            let mut new = old.clone();
            new["status"] = status.clone();
            Ok(new)
        });
        match written {
            Err(refused) if !refused.is_not_found() => {
                tracing::warn!(
                    namespace,
                    name,
                    message = refused.message(),
                    "a quota does not say what is used"
                );
            }
            _ => {}
        }
    }
}
