//! The part of `atelier bench` that measures delivery: a chart rendered, many syncs after one commit, and what many
//! reconciliations leave in the memory.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, ResourceExt as _};
use serde_json::{Map, json};

use super::bench::{NAME, NAMESPACE, api, apply_sync, head, millis, push};
use super::bench_engine::resident;
use crate::error::{Failure, Kind};
use crate::manifests::charts::{Capabilities, Chart, File, Options, Release, render};
use crate::platform::{self, Platform, Repository};

/// How many templates the rendered chart has.
const TEMPLATES: usize = 25;
/// How many syncs follow one commit.
const SYNCS: usize = 200;
/// How many commits are followed.
const COMMITS: u8 = 3;
/// How many objects one large sync has.
const OBJECTS: usize = 10_000;
/// How many reconciliations one sync is asked for.
const RECONCILIATIONS: usize = 1_000;
/// How long all syncs together may take.
const LIMIT: Duration = Duration::from_secs(120);
const GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// What one template is like: helpers, conditions and loops, as charts have them.
const TEMPLATE: &str = "{{- $name := include \"bench.name\" . }}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  \
    name: {{ $name }}-NUMBER\n  labels:\n    {{- include \"bench.labels\" . | nindent 4 }}\nspec:\n  replicas: {{ \
    .Values.replicas | default 1 }}\n  selector:\n    matchLabels: {app: {{ $name }}}\n  template:\n    metadata:\n      \
    labels:\n        {{- include \"bench.labels\" . | nindent 8 }}\n    spec:\n      containers:\n      {{- range $one := \
    .Values.containers }}\n      - name: {{ $one.name }}\n        image: {{ printf \"%s:%s\" $one.image ($one.tag | \
    default $.Chart.AppVersion) | quote }}\n        {{- with $one.resources }}\n        resources:\n          {{- toYaml . \
    | nindent 10 }}\n        {{- end }}\n      {{- end }}\n";
const HELPERS: &str = "{{- define \"bench.name\" }}{{ .Release.Name | trunc 63 | trimSuffix \"-\" }}{{ end }}\n{{- define \
    \"bench.labels\" }}app: {{ include \"bench.name\" . }}\nversion: {{ .Chart.Version | quote }}{{ end }}\n";
const VALUES: &str = "replicas: 2\ncontainers:\n- {name: web, image: nginx, resources: {limits: {cpu: 100m}}}\n- {name: \
    side, image: busybox, tag: \"1.36\"}\n";

/// A chart of many templates rendered, milliseconds each time.
pub(super) fn rendered(runs: u8) -> Result<Vec<f64>, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::new(Kind::Platform, error.to_string());
    let file = |name: &str, text: &str| File { name: name.to_owned(), data: text.as_bytes().to_vec() };
    let mut files = vec![
        file("Chart.yaml", "apiVersion: v2\nname: bench\nversion: 1.0.0\nappVersion: 1.0.0\n"),
        file("values.yaml", VALUES),
        file("templates/_helpers.tpl", HELPERS),
    ];
    for number in 0..TEMPLATES {
        let name = format!("templates/t{number}.yaml");
        files.push(file(&name, &TEMPLATE.replace("NUMBER", &number.to_string())));
    }
    let chart = Chart::from_files(files).map_err(|error| wrong(&error))?;
    let release =
        Release { name: NAME.to_owned(), namespace: NAMESPACE.to_owned(), revision: 1, is_upgrade: false };
    let capabilities = Capabilities::default();
    let mut figures = Vec::new();
    for _ in 0..runs.saturating_mul(4) {
        let begin = Instant::now();
        let options = Options::default();
        render(&chart, &Map::new(), &release, &capabilities, &options).map_err(|error| wrong(&error))?;
        figures.push(millis(begin.elapsed()));
    }
    Ok(figures)
}

/// The syncs of a cluster, and the revisions that were last seen of them.
struct Syncs {
    seen: BoxStream<'static, Result<DynamicObject, watcher::Error>>,
    revisions: BTreeMap<String, String>,
}

impl Syncs {
    async fn until_all(&mut self, commit: &str) -> Result<(), Failure> {
        let wait = async {
            loop {
                let done = self.revisions.values().filter(|revision| revision.ends_with(commit)).count();
                if done >= SYNCS {
                    return true;
                }
                let Ok(Some(object)) = self.seen.try_next().await else { return false };
                let revision = object.data["status"]["lastAppliedRevision"].as_str().unwrap_or_default();
                self.revisions.insert(object.name_any(), revision.to_owned());
            }
        };
        if tokio::time::timeout(LIMIT, wait).await.unwrap_or(false) {
            return Ok(());
        }
        let done = self.revisions.values().filter(|revision| revision.ends_with(commit)).count();
        Err(Failure::new(Kind::Platform, format!("commit {commit}: {done} of {SYNCS} syncs after {LIMIT:?}")))
    }
}

/// From the forge's answer to a push until all of many syncs have applied that commit, milliseconds. The syncs share
/// the source of the measurement before.
pub(super) async fn many(platform: &Platform, client: &Client) -> Result<Vec<f64>, Failure> {
    let refused = |source: kube::Error| Failure::new(Kind::Platform, source);
    let syncs = api(client, GROUP, "Kustomization");
    for number in 0..SYNCS {
        let name = format!("{NAME}-{number:03}");
        let sync = json!({"apiVersion": format!("{GROUP}/v1"), "kind": "Kustomization",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"bench": "many"}},
            "spec": {"interval": "10m", "prune": true, "path": "./", "targetNamespace": NAMESPACE,
                "namePrefix": format!("s{number:03}-"), "sourceRef": {"kind": "GitRepository", "name": NAME}}});
        syncs.patch(&name, &PatchParams::apply("atelier"), &Patch::Apply(&sync)).await.map_err(refused)?;
    }
    let only = watcher::Config::default().labels("bench=many");
    let seen = watcher(syncs, only).default_backoff().applied_objects().boxed();
    let mut syncs = Syncs { seen, revisions: BTreeMap::new() };
    syncs.until_all(&head(platform).await?).await?;
    let mut figures = Vec::new();
    for number in 0..COMMITS {
        let commit = push(platform, 100 + number).await?;
        let begin = Instant::now();
        syncs.until_all(&commit).await?;
        figures.push(millis(begin.elapsed()));
    }
    Ok(figures)
}

/// From a sync of very many objects until it has applied them, milliseconds.
pub(super) async fn large(platform: &Platform, client: &Client) -> Result<f64, Failure> {
    let refused = |source: kube::Error| Failure::new(Kind::Platform, source);
    let name = format!("{NAME}-large");
    let one = |number| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: large-{number:05}}}\n");
    let content = (0..OBJECTS).map(one).collect::<Vec<_>>().join("---\n").into_bytes();
    let repository = Repository {
        owner: "fleet".to_owned(),
        name: name.clone(),
        files: vec![platform::File { path: "large.yaml".to_owned(), content }],
        protected_branches: Vec::new(),
        private: false,
        readers: Vec::new(),
    };
    platform.forge.ensure_repository(&repository).await?;
    let only = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut seen =
        watcher(api(client, GROUP, "Kustomization"), only).default_backoff().applied_objects().boxed();
    let begin = Instant::now();
    apply_sync(client, &name).await.map_err(refused)?;
    let wait = async {
        while let Ok(Some(object)) = seen.try_next().await {
            if object.data["status"]["inventory"]["entries"].as_array().map_or(0, Vec::len) >= OBJECTS {
                return true;
            }
        }
        false
    };
    if tokio::time::timeout(LIMIT, wait).await.unwrap_or(false) {
        return Ok(millis(begin.elapsed()));
    }
    Err(Failure::new(Kind::Platform, format!("{OBJECTS} objects were not applied within {LIMIT:?}")))
}

/// How much the memory of a process grows while one sync is reconciled many times, in units of 1,000,000 bytes. As many
/// before it fill what is kept on purpose.
pub(super) async fn grown(client: &Client, process: u32) -> Result<Option<f64>, Failure> {
    reconcile(client, "before", RECONCILIATIONS / 5).await?;
    let before = resident(process);
    reconcile(client, "after", RECONCILIATIONS).await?;
    Ok(before.zip(resident(process)).map(|(before, after)| after - before))
}

/// Asks for one reconciliation after the other.
async fn reconcile(client: &Client, series: &str, count: usize) -> Result<(), Failure> {
    let refused = |source: kube::Error| Failure::new(Kind::Platform, source);
    let syncs = api(client, GROUP, "Kustomization");
    let only = watcher::Config::default().fields(&format!("metadata.name={NAME}"));
    let mut seen = watcher(syncs.clone(), only).default_backoff().applied_objects().boxed();
    for number in 0..count {
        let at = format!("{series}-{number}");
        let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": at}}});
        syncs.patch(NAME, &PatchParams::default(), &Patch::Merge(patch)).await.map_err(refused)?;
        let wait = async {
            while let Ok(Some(object)) = seen.try_next().await {
                if object.data["status"]["lastHandledReconcileAt"] == at {
                    return true;
                }
            }
            false
        };
        if !tokio::time::timeout(LIMIT, wait).await.unwrap_or(false) {
            return Err(Failure::new(
                Kind::Platform,
                format!("request {at} was not handled within {LIMIT:?}"),
            ));
        }
    }
    Ok(())
}
