//! A release as Helm stores it: JSON, packed, in a Secret, so that `helm list` and `helm history` read it.
//! <https://helm.sh/docs/topics/advanced/#storage-backends>

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::values;
use crate::manifests::charts::{Chart, File, Metadata};
use crate::objects::flux::{Snapshot, TestHook};

/// The largest release that is read.
const LIMIT: u64 = 64 << 20;

/// A release.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Release {
    pub(super) name: String,
    pub(super) info: Info,
    /// The chart, without the charts that it depends on.
    #[serde(default)]
    pub(super) chart: Value,
    /// The values that were given.
    #[serde(default)]
    pub(super) config: Option<Map<String, Value>>,
    /// All objects but hooks.
    #[serde(default)]
    pub(super) manifest: String,
    #[serde(default)]
    pub(super) hooks: Vec<StoredHook>,
    pub(super) version: i64,
    #[serde(default)]
    pub(super) namespace: String,
    /// `ssa`: objects are applied by the server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) apply_method: String,
}

/// How it went.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Info {
    #[serde(default)]
    pub(super) first_deployed: String,
    #[serde(default)]
    pub(super) last_deployed: String,
    #[serde(default)]
    pub(super) deleted: String,
    #[serde(default)]
    pub(super) description: String,
    /// `deployed`, `superseded`, `failed`, `uninstalled`, `uninstalling`, `pending-…`.
    #[serde(default)]
    pub(super) status: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) notes: String,
}

/// A hook and its last run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct StoredHook {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) path: String,
    pub(super) manifest: String,
    #[serde(default)]
    pub(super) events: Vec<String>,
    #[serde(default)]
    pub(super) last_run: LastRun,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) weight: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) delete_policies: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) output_log_policies: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// When a hook ran, and how it ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct LastRun {
    #[serde(default)]
    pub(super) started_at: String,
    #[serde(default)]
    pub(super) completed_at: String,
    #[serde(default)]
    pub(super) phase: String,
}

/// The time as Go writes it.
pub(super) fn now() -> String {
    jiff::Timestamp::now().to_string()
}

impl Release {
    /// As it is written into a Secret.
    pub(super) fn encode(&self) -> Result<Vec<u8>, String> {
        let json = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&json).map_err(|error| error.to_string())?;
        let bytes = packer.finish().map_err(|error| error.to_string())?;
        Ok(STANDARD.encode(bytes).into_bytes())
    }

    /// Reads what was written into a Secret.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let packed = STANDARD.decode(bytes).map_err(|error| error.to_string())?;
        let mut json = Vec::new();
        let mut unpacker = GzDecoder::new(packed.as_slice()).take(LIMIT);
        unpacker.read_to_end(&mut json).map_err(|error| error.to_string())?;
        serde_json::from_slice(&json).map_err(|error| error.to_string())
    }

    /// Sets the state and what is said about it.
    pub(super) fn mark(&mut self, status: &str, description: impl Into<String>) {
        status.clone_into(&mut self.info.status);
        self.info.description = description.into();
    }

    /// Whether something is under way, or was when it was left.
    pub(super) fn is_pending(&self) -> bool {
        self.info.status.starts_with("pending-")
    }

    /// A field of `Chart.yaml`.
    pub(super) fn chart_field(&self, field: &str) -> String {
        self.chart["metadata"][field].as_str().unwrap_or_default().to_owned()
    }

    /// Whether a hook is a test.
    pub(super) fn is_test(hook: &StoredHook) -> bool {
        hook.events.iter().any(|event| event == "test")
    }

    /// The digest by which a changed release is noticed. Test runs do not count.
    pub(super) fn digest(&self, oci_digest: Option<&str>) -> String {
        let hooks = self.hooks.iter().filter(|hook| !Self::is_test(hook)).collect::<Vec<_>>();
        let observed = json!({ "name": self.name, "version": self.version, "info": self.info,
            "chartMetadata": self.chart["metadata"], "config": self.config, "manifest": self.manifest,
            "hooks": hooks, "namespace": self.namespace, "ociDigest": oci_digest });
        format!("sha256:{:x}", Sha256::digest(observed.to_string().as_bytes()))
    }

    /// What the status of a HelmRelease says of it.
    pub(super) fn snapshot(&self, action: Option<&str>, oci_digest: Option<&str>) -> Snapshot {
        let short = |time: &str| {
            let parsed = time.parse::<jiff::Timestamp>().ok();
            parsed.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        };
        let given = |text: String| (!text.is_empty()).then_some(text);
        Snapshot {
            action: action.map(str::to_owned),
            api_version: "v2".to_owned(),
            app_version: given(self.chart_field("appVersion")),
            chart_name: self.chart_field("name"),
            chart_version: self.chart_field("version"),
            config_digest: values::digest(&self.config.clone().unwrap_or_default()),
            deleted: short(&self.info.deleted),
            digest: self.digest(oci_digest),
            first_deployed: short(&self.info.first_deployed).unwrap_or_default(),
            last_deployed: short(&self.info.last_deployed).unwrap_or_default(),
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            oci_digest: oci_digest.map(str::to_owned),
            status: self.info.status.clone(),
            test_hooks: None,
            version: self.version,
        }
    }

    /// How the tests went that `selected` names.
    pub(super) fn tests(
        &self,
        selected: impl Fn(&str) -> bool,
    ) -> std::collections::BTreeMap<String, TestHook> {
        let given = |text: &String| {
            let parsed = text.parse::<jiff::Timestamp>().ok();
            parsed.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        };
        let tests = self.hooks.iter().filter(|hook| Self::is_test(hook) && selected(&hook.name));
        let shown = |hook: &StoredHook| TestHook {
            last_completed: given(&hook.last_run.completed_at),
            last_started: given(&hook.last_run.started_at),
            phase: (!hook.last_run.phase.is_empty()).then(|| hook.last_run.phase.clone()),
        };
        tests.map(|hook| (hook.name.clone(), shown(hook))).collect()
    }
}

/// A chart as Helm stores it.
pub(super) fn chart_json(chart: &Chart) -> Value {
    let files = |files: &[File]| {
        let shown =
            files.iter().map(|file| json!({ "name": file.name, "data": STANDARD.encode(&file.data) }));
        shown.collect::<Vec<_>>()
    };
    json!({ "metadata": metadata_json(&chart.metadata), "lock": null, "templates": files(&chart.templates),
        "values": chart.values, "schema": chart.schema.as_ref().map(|schema| STANDARD.encode(schema)),
        "files": files(&chart.files) })
}

fn metadata_json(metadata: &Metadata) -> Value {
    let mut fields = Map::new();
    for (field, text) in [
        ("name", &metadata.name),
        ("home", &metadata.home),
        ("version", &metadata.version),
        ("description", &metadata.description),
        ("icon", &metadata.icon),
        ("apiVersion", &metadata.api_version),
        ("appVersion", &metadata.app_version),
        ("kubeVersion", &metadata.kube_version),
        ("type", &metadata.r#type),
    ] {
        if !text.is_empty() {
            fields.insert(field.to_owned(), text.as_str().into());
        }
    }
    let maintainers = metadata.maintainers.iter().flatten();
    let maintainers = maintainers.map(|one| json!({ "name": one.name, "email": one.email, "url": one.url }));
    let dependencies = metadata.dependencies.iter();
    let dependencies = dependencies
        .map(|one| json!({ "name": one.name, "version": one.version, "repository": one.repository }));
    for (field, list) in [
        ("sources", json!(metadata.sources)),
        ("keywords", json!(metadata.keywords)),
        ("maintainers", maintainers.collect()),
        ("dependencies", dependencies.collect()),
    ] {
        if list.as_array().is_some_and(|list| !list.is_empty()) {
            fields.insert(field.to_owned(), list);
        }
    }
    if !metadata.annotations.is_empty() {
        fields.insert("annotations".to_owned(), json!(metadata.annotations));
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_comes_back_as_it_was_stored() {
        let mut release = Release { name: "a".to_owned(), version: 2, ..Release::default() };
        release.mark("deployed", "Install complete");
        let hook =
            StoredHook { name: "t".to_owned(), events: vec!["test".to_owned()], ..StoredHook::default() };
        release.hooks = vec![hook];
        let again = Release::decode(&release.encode().unwrap()).unwrap();
        assert_eq!(again.digest(None), release.digest(None));
        let mut tested = again.clone();
        tested.hooks[0].last_run.phase = "Failed".to_owned();
        assert_eq!(tested.digest(None), release.digest(None), "tests do not change it");
        assert_eq!(tested.tests(|_| true)["t"].phase.as_deref(), Some("Failed"));
        assert!(tested.tests(|name| name != "t").is_empty());
        let mut changed = again;
        changed.manifest.push('a');
        assert_ne!(changed.digest(None), release.digest(None));
        assert!(Release::decode(b"nothing").is_err());
    }
}
