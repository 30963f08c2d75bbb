//! `receiver`: a push reaches the operator at once. The forge's webhooks of the lab's own repositories call one
//! Receiver in flux-system, which asks the sources that carry [`LABEL`] to reconcile. Sources are made in the
//! lessons; the Receiver finds those of the namespaces that the workshop's actors own.

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::operator::apply;
use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};
use crate::platform::{kubernetes_words, open};

/// Sources with this label, value `true`, are reconciled at a push.
const LABEL: &str = "workshop.atelier.internal/webhook";
const NAMESPACE: &str = "flux-system";
const NAME: &str = "workshop";
const SECRET: &str = "workshop-webhook";

pub(in crate::lab) struct Receiver;

#[async_trait]
impl Stage for Receiver {
    fn name(&self) -> &'static str {
        "receiver"
    }

    fn after(&self) -> &'static [&'static str] {
        &["operator", "repositories"]
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        let client =
            open(context.material.spec.platform, &context.folder.platform())?.cluster().client().await?;
        let kind = GroupVersionKind::gvk("notification.toolkit.fluxcd.io", "v1", "Receiver");
        let api: Api<DynamicObject> = Api::namespaced_with(client, NAMESPACE, &ApiResource::from_gvk(&kind));
        match api.get_opt(NAME).await {
            Ok(Some(_)) => Ok(State::Ready),
            Ok(None) => Ok(State::Absent),
            // Without the operator the kind is unknown, which the API server answers with 404 as well.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(State::Absent),
            Err(source) => Err(Error::Kubernetes {
                object: format!("Receiver/{NAME}"),
                message: kubernetes_words(&source),
            }),
        }
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        let platform = open(context.material.spec.platform, &context.folder.platform())?;
        let client = platform.cluster().client().await?;
        let token = match known_token(&client).await? {
            Some(token) => token,
            None => random_token(),
        };
        let mut whole = Outcome::Unchanged;
        for object in objects(context, &token) {
            whole = whole.and(apply(&client, &object).await?);
        }
        let url = format!("{}{}", platform.cluster().hook_url(), path(&token));
        for repository in &context.material.repositories {
            let (owner, name) = (&repository.owner, &repository.name);
            whole = whole.and(platform.forge.ensure_webhook(owner, name, &url, &token).await?);
        }
        Ok((whole, format!("webhooks of {} repositories", context.material.repositories.len())))
    }

    async fn remove(&self, _context: &Context) -> Result<Outcome, Error> {
        // It goes with the cluster, the webhooks with the forge.
        Ok(Outcome::Unchanged)
    }
}

/// The path that Flux gives a Receiver: `/hook/` and the SHA-256 of token, name and namespace.
fn path(token: &str) -> String {
    let digest = Sha256::digest(format!("{token}{NAME}{NAMESPACE}"));
    digest.iter().fold("/hook/".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn objects(context: &Context, token: &str) -> [Value; 2] {
    let namespaces = context.material.spec.actors.iter().map(|actor| actor.namespace.as_str());
    let mut namespaces = namespaces.chain([NAMESPACE]).collect::<Vec<_>>();
    namespaces.sort_unstable();
    namespaces.dedup();
    let resource = |namespace: &&str| json!({"kind": "GitRepository", "name": "*", "namespace": namespace, "matchLabels": {LABEL: "true"}});
    let metadata = |name: &str| json!({"name": name, "namespace": NAMESPACE});
    [
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata(SECRET), "type": "Opaque",
            "data": {"token": encode(token)}}),
        json!({"apiVersion": "notification.toolkit.fluxcd.io/v1", "kind": "Receiver", "metadata": metadata(NAME),
            "spec": {"type": "github", "events": ["ping", "push"], "secretRef": {"name": SECRET},
                "resources": namespaces.iter().map(resource).collect::<Vec<_>>()}}),
    ]
}

fn encode(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

async fn known_token(client: &kube::Client) -> Result<Option<String>, Error> {
    let found = Api::<Secret>::namespaced(client.clone(), NAMESPACE).get_opt(SECRET).await;
    let found = found.map_err(|source| Error::Kubernetes {
        object: format!("Secret/{SECRET}"),
        message: kubernetes_words(&source),
    })?;
    let token = found.and_then(|secret| secret.data).and_then(|mut data| data.remove("token"));
    Ok(token.and_then(|token| String::from_utf8(token.0).ok()))
}

fn random_token() -> String {
    use rand::Rng as _;
    rand::rng().sample_iter(rand::distr::Alphanumeric).take(40).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn path_is_the_one_that_flux_computes() {
        // printf tworkshopflux-system | sha256sum
        let digest = "e0e0008bd9992fa5fb2c802cbb8a310724572fd1eb06f612ed186b0c709f5f30";
        assert_eq!(super::path("t"), format!("/hook/{digest}"));
    }
}
