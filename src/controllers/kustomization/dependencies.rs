//! `dependsOn`: what must be ready before.

use kube::{Api, Client, ResourceExt as _};

use crate::controllers::expression::is_ready;
use crate::objects::flux::Kustomization;

/// Why a dependency holds an object up.
pub(super) enum Held {
    /// It is not ready, and may become so.
    NotReady(String),
    /// Its expression is wrong.
    Wrong(String),
}

/// Checks all dependencies; the error says which is not ready.
pub(super) async fn check(object: &Kustomization, revision: &str, client: &Client) -> Result<(), Held> {
    let own = object.namespace().unwrap_or_default();
    for dependency in object.spec.depends_on.iter().flatten() {
        let namespace = dependency.namespace.as_deref().unwrap_or(&own);
        let shown = format!("{namespace}/{}", dependency.name);
        let api = Api::<Kustomization>::namespaced(client.clone(), namespace);
        let found = api.get(&dependency.name).await.map_err(|error| {
            let reason = match error {
                kube::Error::Api(status) => status.message.clone(),
                error => error.to_string(),
            };
            Held::NotReady(format!("dependency '{shown}' not found: {reason}"))
        })?;
        // The expression stands for the condition, unless a feature gate of the real one is on.
        if let Some(text) = dependency.ready_expr.as_deref().filter(|text| !text.is_empty()) {
            let ready = is_ready(text, object, (&dependency.name, &found)).map_err(Held::Wrong)?;
            if !ready.map_err(Held::NotReady)? {
                let reason = format!("dependency '{shown}' is not ready according to readyExpr eval");
                return Err(Held::NotReady(reason));
            }
            continue;
        }
        let status = found.status.clone().unwrap_or_default();
        let seen = found.metadata.generation == Some(status.observed_generation);
        let ready = status.conditions.iter().any(|one| one.kind == "Ready" && one.status == "True");
        if !seen || !ready {
            return Err(Held::NotReady(format!("dependency '{shown}' is not ready")));
        }
        let source = |kustomization: &Kustomization| {
            let reference = &kustomization.spec.source_ref;
            let namespace = reference.namespace.clone().or_else(|| kustomization.namespace());
            (reference.kind.clone(), namespace, reference.name.clone())
        };
        if source(&found) == source(object) && status.last_applied_revision.as_deref() != Some(revision) {
            return Err(Held::NotReady(format!("dependency '{shown}' revision is not up to date")));
        }
    }
    Ok(())
}
