//! People's certificates: a key made here, a `CertificateSigningRequest` that the administrator approves.
//! <https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/>

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestSpec};
use kube::api::{Api, DeleteParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::json;

use super::Error;
use crate::platform::{self, Actor};

const SIGNER: &str = "kubernetes.io/kube-apiserver-client";
/// A workshop's lab lives days, not years.
const LIFETIME_SECONDS: i32 = 30 * 24 * 3600;
/// How long the cluster may take to sign.
const LIMIT: Duration = Duration::from_secs(60);

/// A kubeconfig for a person, with a certificate of the person's own. An administrator is bound to `cluster-admin`:
/// the signer refuses the group `system:masters`.
pub(super) async fn kubeconfig(
    client: &kube::Client,
    url: &str,
    authority: &str,
    cluster: &str,
    actor: &Actor,
) -> Result<String, platform::Error> {
    let (certificate, key) = sign(client, &actor.name).await?;
    if actor.administrator {
        bind(client, &actor.name).await.map_err(|error| failed(&actor.name, &error))?;
    }
    let name = &actor.name;
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "preferences": {},
        "clusters": [{"name": cluster, "cluster": {"server": url, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {
            "client-certificate-data": STANDARD.encode(certificate), "client-key-data": STANDARD.encode(key)}}],
        "contexts": [{"name": name, "context": {"cluster": cluster, "user": name, "namespace": actor.namespace}}],
        "current-context": name,
    });
    Ok(serde_saphyr::to_string(&config).expect("a JSON value is YAML"))
}

/// A signed certificate (PEM) and its key.
async fn sign(client: &kube::Client, user: &str) -> Result<(Vec<u8>, String), Error> {
    let (request, key) = request(user)?;
    let failed = |error: kube::Error| failed(user, &error);
    let api = Api::<CertificateSigningRequest>::all(client.clone());
    let object = CertificateSigningRequest {
        metadata: ObjectMeta { generate_name: Some(format!("atelier-{user}-")), ..ObjectMeta::default() },
        spec: CertificateSigningRequestSpec {
            request: ByteString(request.into_bytes()),
            signer_name: SIGNER.to_owned(),
            usages: Some(vec!["client auth".to_owned()]),
            expiration_seconds: Some(LIFETIME_SECONDS),
            ..CertificateSigningRequestSpec::default()
        },
        status: None,
    };
    let made = api.create(&PostParams::default(), &object).await.map_err(failed)?;
    let name = made.metadata.name.unwrap_or_default();
    let approval = json!({"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "Workshop",
        "message": "an actor of the lab"}]}});
    let approved = api.patch_approval(&name, &PatchParams::default(), &Patch::Merge(&approval)).await;
    let signed = match approved {
        Ok(_) => wait_signed(&api, &name, user).await,
        Err(error) => Err(failed(error)),
    };
    // What it was for is done, or will not be.
    let _ = api.delete(&name, &DeleteParams::default()).await;
    Ok((signed?, key))
}

async fn wait_signed(api: &Api<CertificateSigningRequest>, name: &str, user: &str) -> Result<Vec<u8>, Error> {
    let only = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut changes = watcher(api.clone(), only).default_backoff().applied_objects().boxed();
    let watch = async {
        loop {
            match changes.try_next().await {
                Ok(Some(request)) => {
                    let status = request.status.unwrap_or_default();
                    if let Some(certificate) = status.certificate {
                        return Ok(certificate.0);
                    }
                    let conditions = status.conditions.unwrap_or_default();
                    if let Some(refusal) = conditions.iter().find(|condition| condition.type_ != "Approved") {
                        return Err(refusal.message.clone().unwrap_or_else(|| refusal.type_.clone()));
                    }
                }
                Ok(None) => return Err("the watch ended".to_owned()),
                // The watcher starts again by itself after an error.
                Err(_) => {}
            }
        }
    };
    let signed = tokio::time::timeout(LIMIT, watch).await;
    let signed = signed.unwrap_or_else(|_| Err(format!("no certificate within {} s", LIMIT.as_secs())));
    signed.map_err(|reason| Error::Certificate { user: user.to_owned(), reason })
}

/// A PKCS #10 request for a Kubernetes user, and its key, both PEM.
fn request(user: &str) -> Result<(String, String), Error> {
    let bad = |error: rcgen::Error| Error::Certificate { user: user.to_owned(), reason: error.to_string() };
    let key = rcgen::KeyPair::generate().map_err(bad)?;
    let mut parameters = rcgen::CertificateParams::default();
    let mut name = rcgen::DistinguishedName::new();
    name.push(rcgen::DnType::CommonName, user);
    parameters.distinguished_name = name;
    let request = parameters.serialize_request(&key).and_then(|request| request.pem()).map_err(bad)?;
    Ok((request, key.serialize_pem()))
}

async fn bind(client: &kube::Client, user: &str) -> Result<(), kube::Error> {
    use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
    let name = format!("atelier-administrator-{user}");
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    });
    let api = Api::<ClusterRoleBinding>::all(client.clone());
    api.patch(&name, &PatchParams::apply("atelier").force(), &Patch::Apply(&binding)).await.map(|_| ())
}

fn failed(user: &str, error: &kube::Error) -> Error {
    Error::Certificate { user: user.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::FromDer as _;

    #[test]
    fn request_names_the_user() {
        let (request, _) = super::request("dev2").unwrap();
        let pem = x509_parser::pem::parse_x509_pem(request.as_bytes()).unwrap().1;
        let (_, request) =
            x509_parser::certification_request::X509CertificationRequest::from_der(&pem.contents).unwrap();
        assert_eq!(request.certification_request_info.subject.to_string(), "CN=dev2");
    }
}
