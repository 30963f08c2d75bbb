//! Where releases are stored: Secrets of the type `helm.sh/release.v1`, one for each version.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use super::release::Release;

/// The releases of one name.
#[derive(Clone)]
pub(super) struct Storage {
    api: Api<Secret>,
    name: String,
    /// How many versions stay; all for zero.
    limit: usize,
}

/// An API server's refusal in its own words.
pub(super) fn told(error: kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        error => error.to_string(),
    }
}

impl Storage {
    pub(super) fn new(client: Client, namespace: &str, name: &str, limit: usize) -> Self {
        Self { api: Api::namespaced(client, namespace), name: name.to_owned(), limit }
    }

    fn secret(&self, version: i64) -> String {
        format!("sh.helm.release.v1.{}.v{version}", self.name)
    }

    /// All versions, the newest first.
    pub(super) async fn history(&self) -> Result<Vec<Release>, String> {
        let params = ListParams::default().labels(&format!("name={},owner=helm", self.name));
        let found = self.api.list(&params).await.map_err(told)?;
        let mut releases = Vec::new();
        for secret in found.items {
            if let Some(bytes) = secret.data.as_ref().and_then(|data| data.get("release")) {
                releases.push(Release::decode(&bytes.0)?);
            }
        }
        releases.sort_by_key(|release| std::cmp::Reverse(release.version));
        Ok(releases)
    }

    /// The newest version.
    pub(super) async fn last(&self) -> Result<Option<Release>, String> {
        Ok(self.history().await?.into_iter().next())
    }

    /// Stores a new version, and removes old ones beyond the limit.
    pub(super) async fn create(&self, release: &Release) -> Result<(), String> {
        self.prune().await?;
        let time = jiff::Timestamp::now().as_second().to_string();
        let secret = json!({ "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
            "metadata": { "name": self.secret(release.version), "labels": {
                "name": self.name, "owner": "helm", "status": release.info.status,
                "version": release.version.to_string(), "createdAt": time } } });
        let mut secret: Secret = serde_json::from_value(secret).map_err(|error| error.to_string())?;
        let bytes = k8s_openapi::ByteString(release.encode()?);
        secret.data = Some([("release".to_owned(), bytes)].into());
        self.api.create(&PostParams::default(), &secret).await.map_err(told).map(drop)
    }

    /// Writes a version again.
    pub(super) async fn update(&self, release: &Release) -> Result<(), String> {
        use base64::Engine as _;
        let time = jiff::Timestamp::now().as_second().to_string();
        let text = base64::engine::general_purpose::STANDARD.encode(release.encode()?);
        let patch = json!({ "data": { "release": text }, "metadata": { "labels": {
            "status": release.info.status, "modifiedAt": time } } });
        let name = self.secret(release.version);
        let params =
            PatchParams { field_manager: Some("helm-controller".to_owned()), ..PatchParams::default() };
        self.api.patch(&name, &params, &Patch::Merge(patch)).await.map_err(told).map(drop)
    }

    /// Removes a version; one that is not there is no error.
    pub(super) async fn delete(&self, version: i64) -> Result<(), String> {
        match self.api.delete(&self.secret(version), &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            result => result.map_err(told).map(drop),
        }
    }

    /// Makes room for one more version. The newest that is deployed always stays.
    async fn prune(&self) -> Result<(), String> {
        if self.limit == 0 {
            return Ok(());
        }
        let history = self.history().await?;
        let deployed = history.iter().find(|release| release.info.status == "deployed");
        let kept = deployed.map(|release| release.version);
        let surplus = (history.len() + 1).saturating_sub(self.limit);
        let old = history.iter().rev().filter(|release| Some(release.version) != kept);
        for release in old.take(surplus) {
            self.delete(release.version).await?;
        }
        Ok(())
    }
}
