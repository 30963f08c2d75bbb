//! `atelier bench`: measures the numbers that this project promises, on a lab of its own that it removes again.
//! Whole commands are timed from outside, as a user meets them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::{WatchStreamExt as _, watcher};
use reqwest::Method;
use serde_json::{Value, json};

use super::bench_delivery;
use super::bench_engine::{self, Engine, overhead, resident};
use super::bench_server::{self, Rate};
use super::global::Global;
use crate::error::{Failure, Kind};
use crate::lab::Home;
use crate::platform::{self, File, Platform, Repository, embedded};
use crate::process::Command;
use crate::ui::{Mode, table};

/// Where the measured sources live: the lab's Receiver looks there.
pub(super) const NAMESPACE: &str = "flux-system";
/// The measured repository, source and sync.
pub(super) const NAME: &str = "bench";
/// How long one child may take.
const LIMIT: Duration = Duration::from_secs(300);
/// How fast the lab's clock goes in rehearsals: what steps wait for on purpose is not what is measured.
const SPEED: &str = "10";

/// Measure the numbers that this project promises
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// How often each command is timed
    #[arg(long, value_name = "RUNS", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=50))]
    runs: u8,
    /// The track that is rehearsed
    #[arg(long, value_name = "TRACK", default_value = "dev2")]
    track: String,
    /// A kubeconfig of a real Kubernetes, to measure its API server beside ours
    #[arg(long, value_name = "FILE", env = "ATELIER_COMPARE_KUBECONFIG")]
    compare: Option<PathBuf>,
    /// The processes of that one on this machine (its API server, its etcd), for their CPU time and memory
    #[arg(long, value_name = "PID", requires = "compare", value_delimiter = ',')]
    compare_process: Vec<u32>,
}

/// One measured number.
struct Figure {
    what: &'static str,
    values: Vec<f64>,
    unit: &'static str,
    promised: f64,
}

impl Figure {
    fn median(&self) -> f64 {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }

    fn row(&self) -> Vec<String> {
        let least = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.values.iter().copied().fold(0.0, f64::max);
        let show = |value: f64| format!("{value:.0}");
        let row = [self.what.to_owned(), show(self.median()), show(least), show(most), self.unit.to_owned()];
        let promised =
            if self.promised.is_finite() { format!("≤ {}", show(self.promised)) } else { "-".to_owned() };
        row.into_iter().chain([promised, self.values.len().to_string()]).collect()
    }

    fn document(&self) -> Value {
        json!({"what": self.what, "median": self.median(), "values": self.values, "unit": self.unit,
            "promised": self.promised})
    }
}

pub(super) async fn run(global: &Global, args: BenchArgs) -> Result<u8, Failure> {
    let machine = |error| Failure::new(Kind::Machine, error);
    let folder = tempfile::tempdir().map_err(machine)?;
    let bench =
        Bench { program: std::env::current_exe().map_err(machine)?, home: folder.path().join("atelier") };
    let measured = bench.measure(global, &args).await;
    // Whatever went wrong, nothing of the measured lab stays.
    bench.command(&["--workshop", super::global::DEFAULT_WORKSHOP, "down"]).run().await?;
    bench.command(&["--workshop", bench_engine::WORKSHOP, "down"]).run().await?;
    let Measured { figures, ours, real } = measured?;
    if global.ui.mode() == Mode::Json {
        let figures = figures.iter().map(Figure::document);
        let rates = ours.iter().map(|rate| rate.document("ours"));
        let others = real.iter().map(|rate| rate.document("real"));
        global.ui.document(&figures.chain(rates).chain(others).collect::<Vec<_>>());
        return Ok(0);
    }
    let head = ["", "median", "least", "most", "unit", "promised", "runs"].map(str::to_owned).to_vec();
    let rows = std::iter::once(head).chain(figures.iter().map(Figure::row)).collect::<Vec<_>>();
    global.ui.data(&table(&rows));
    global.ui.data(&table(&servers(&ours, &real)));
    Ok(0)
}

/// What was measured: whole commands, and the API servers.
struct Measured {
    figures: Vec<Figure>,
    ours: Vec<Rate>,
    real: Vec<Rate>,
}

/// The rows about the API servers. Ours writes through to the operating system before it answers; a real one with
/// etcd waits for the disk.
fn servers(ours: &[Rate], real: &[Rate]) -> Vec<Vec<String>> {
    let head = ["API server", "ours /s", "CPU µs", "real /s", "CPU µs"].map(str::to_owned).to_vec();
    let cells = |rate: Option<&Rate>| {
        let show = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0}"));
        [show(rate.map(|rate| rate.per_second)), show(rate.and_then(|rate| rate.cpu))]
    };
    let row = |rate: &Rate| {
        let other = real.iter().find(|other| other.what == rate.what);
        std::iter::once(rate.what.to_owned()).chain(cells(Some(rate))).chain(cells(other)).collect()
    };
    std::iter::once(head).chain(ours.iter().map(row)).collect()
}

struct Bench {
    program: PathBuf,
    home: PathBuf,
}

impl Bench {
    fn command(&self, arguments: &[&str]) -> Command {
        let command = Command::new(&self.program).args(arguments.iter().copied()).limit(LIMIT);
        command.env("ATELIER_HOME", self.home.display().to_string())
    }

    /// Runs a command to its end; milliseconds.
    async fn time(&self, arguments: &[&str]) -> Result<f64, Failure> {
        let begin = Instant::now();
        self.command(arguments).run().await?;
        Ok(millis(begin.elapsed()))
    }

    async fn measure(&self, global: &Global, args: &BenchArgs) -> Result<Measured, Failure> {
        let mut ours = Vec::new();
        let (mut up, mut again, mut down, mut rehearsed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut applied, mut memory, mut share) = (Vec::new(), Vec::new(), Vec::new());
        let (mut many, mut grown, mut large, mut crowd) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for run in 1..=args.runs {
            global.ui.talk(&format!("run {run} of {}", args.runs));
            up.push(self.time(&["up"]).await?);
            again.push(self.time(&["up"]).await?);
            let begin = Instant::now();
            let output = self.command(&["rehearse", &args.track, "--speed", SPEED, "--json"]).run().await?;
            rehearsed.push(millis(begin.elapsed()));
            share.extend(overhead(&output.stdout));
            memory.extend(self.process().and_then(resident));
            if run == 1 {
                applied = self.webhook_to_applied().await?;
                (ours, crowd) = self.server().await?;
                (many, grown, large) = self.delivery().await?;
            }
            down.push(self.time(&["down"]).await?);
        }
        self.time(&["up"]).await?;
        let whole = self.time(&["rehearse", "--all", "--speed", SPEED]).await?;
        self.time(&["down"]).await?;
        let engine = Engine { program: &self.program, home: &self.home }.measure(args.runs).await?;
        let figure = |what, values: Vec<f64>, unit, promised| Figure { what, values, unit, promised };
        let mut figures = vec![
            figure("up to ready", up, "ms", 1000.0),
            figure("up again", again, "ms", 1000.0),
            figure("webhook to 10 objects applied", applied, "ms", 50.0),
            figure("commit to 200 syncs of 10 objects", many, "ms", 5_000.0),
            figure("one sync of 10,000 objects", large, "ms", f64::INFINITY),
            figure("chart of 25 templates rendered", bench_delivery::rendered(args.runs)?, "ms", 20.0),
            figure("memory grown by 1,000 reconciliations", grown, "MB", 10.0),
            figure("track rehearsed, clock ten times as fast", rehearsed, "ms", 10_000.0),
            figure("all tracks rehearsed, the same", vec![whole], "ms", 30_000.0),
            figure("engine's share of a rehearsal", share, "%", 10.0),
            figure("resident memory", memory, "MB", 80.0),
            figure("with 20,000 objects and 500 watchers", crowd, "MB", 500.0),
            figure("down", down, "ms", 1000.0),
            figure("lint of 100 files", engine.lint, "ms", 1000.0),
            figure("start of learn", engine.start, "ms", 150.0),
            figure("fact to shown", engine.shown, "ms", 100.0),
            figure("each of 50 drivers", engine.resident, "MB", 30.0),
        ];
        let mut real = Vec::new();
        if let Some(path) = &args.compare {
            let processes = args.compare_process.clone();
            real = bench_server::Measured::of_kubeconfig(path, processes).await?.measure().await?;
            let held = bench_server::memory(&args.compare_process).into_iter().collect();
            figures.push(figure("resident memory of the real control plane", held, "MB", f64::INFINITY));
        }
        figures.retain(|figure| !figure.values.is_empty());
        Ok(Measured { figures, ours, real })
    }

    /// What the lab's API server takes for each kind of request.
    async fn server(&self) -> Result<(Vec<Rate>, Vec<f64>), Failure> {
        let (kind, folder) = self.folder()?;
        let client = platform::open(kind, &folder)?.cluster().client().await?;
        let measured = bench_server::Measured { client, processes: self.process().into_iter().collect() };
        let rates = measured.measure().await?;
        Ok((rates, measured.memory_of_a_crowd().await?.into_iter().collect()))
    }

    /// Many syncs after one commit, the growth of the memory by many reconciliations, and one large sync.
    async fn delivery(&self) -> Result<(Vec<f64>, Vec<f64>, Vec<f64>), Failure> {
        let (kind, folder) = self.folder()?;
        let platform = platform::open(kind, &folder)?;
        let client = platform.cluster().client().await?;
        let many = bench_delivery::many(&platform, &client).await?;
        let grown = match self.process() {
            Some(process) => bench_delivery::grown(&client, process).await?,
            None => None,
        };
        let large = bench_delivery::large(&platform, &client).await?;
        Ok((many, grown.into_iter().collect(), vec![large]))
    }

    fn folder(&self) -> Result<(platform::Kind, PathBuf), Failure> {
        let lab = Home::new(&self.home).lab(super::global::DEFAULT_WORKSHOP)?;
        Ok((lab.spec()?.platform, lab.platform()))
    }

    /// The background process.
    fn process(&self) -> Option<u32> {
        let (_, folder) = self.folder().ok()?;
        match embedded::Folder::new(folder).state() {
            embedded::State::Running { process } => Some(process),
            embedded::State::Stopped => None,
        }
    }

    /// From the forge's answer to a push until the operator tells that it has applied that commit.
    async fn webhook_to_applied(&self) -> Result<Vec<f64>, Failure> {
        let (kind, folder) = self.folder()?;
        let platform = platform::open(kind, &folder)?;
        let client = platform.cluster().client().await?;
        prepare(&platform, &client).await?;
        let syncs = api(&client, "kustomize.toolkit.fluxcd.io", "Kustomization");
        let only = watcher::Config::default().fields(&format!("metadata.name={NAME}"));
        let mut seen = watcher(syncs, only).default_backoff().applied_objects().boxed();
        let mut figures = Vec::new();
        let mut commit = head(&platform).await?;
        for number in 0..=10_u8 {
            let begin = Instant::now();
            let wait = async {
                while let Ok(Some(object)) = seen.try_next().await {
                    let revision = object.data["status"]["lastAppliedRevision"].as_str().unwrap_or_default();
                    if revision.ends_with(&commit) {
                        return true;
                    }
                }
                false
            };
            if !tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap_or(false) {
                return Err(Failure::new(
                    Kind::Platform,
                    format!("commit {commit} was not applied within 30 s"),
                ));
            }
            // The first one is the set-up of source and sync, not a push.
            if number > 0 {
                figures.push(millis(begin.elapsed()));
            }
            commit = push(&platform, number).await?;
        }
        Ok(figures)
    }
}

pub(super) fn api(client: &kube::Client, group: &str, kind: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
    Api::namespaced_with(client.clone(), NAMESPACE, &resource)
}

/// A repository with a webhook, its source and its sync.
async fn prepare(platform: &Platform, client: &kube::Client) -> Result<(), Failure> {
    let refused = |source: kube::Error| Failure::new(Kind::Platform, source);
    let files = vec![File { path: "settings.yaml".to_owned(), content: settings(0).into_bytes() }];
    let (owner, name) = ("fleet".to_owned(), NAME.to_owned());
    let (protected_branches, readers) = (Vec::new(), Vec::new());
    let repository = Repository { owner, name, files, protected_branches, private: false, readers };
    platform.forge.ensure_repository(&repository).await?;
    let secret = Api::<Secret>::namespaced(client.clone(), NAMESPACE)
        .get("workshop-webhook")
        .await
        .map_err(refused)?;
    let token =
        secret.data.and_then(|mut data| data.remove("token")).map(|token| token.0).unwrap_or_default();
    let urls = platform.forge.api().webhooks("fleet", "fleet").await?;
    let url =
        urls.first().ok_or_else(|| Failure::new(Kind::Platform, "repository fleet/fleet has no webhook"))?;
    platform.forge.ensure_webhook("fleet", NAME, url, &String::from_utf8_lossy(&token)).await?;
    apply_sync(client, NAME).await.map_err(refused)
}

/// A source of a repository of `fleet`, and a sync of all that is in it, with its name.
pub(super) async fn apply_sync(client: &kube::Client, name: &str) -> Result<(), kube::Error> {
    let source = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"workshop.atelier.internal/webhook": "true"}},
        "spec": {"interval": "10m", "ref": {"branch": "main"},
            "url": format!("http://{}/fleet/{name}.git", platform::FORGE_HOST)}});
    let sync = json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"interval": "10m", "prune": true, "path": "./", "targetNamespace": NAMESPACE,
            "sourceRef": {"kind": "GitRepository", "name": name}}});
    for (group, object) in [("source.toolkit.fluxcd.io", source), ("kustomize.toolkit.fluxcd.io", sync)] {
        let api = api(client, group, object["kind"].as_str().unwrap_or_default());
        api.patch(name, &PatchParams::apply("atelier"), &Patch::Apply(&object)).await?;
    }
    Ok(())
}

/// Ten objects that change with the number.
fn settings(number: u8) -> String {
    let one = |place: u8| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bench-{place}\ndata:\n  number: \"{number}\"\n"
        )
    };
    (0..10).map(one).collect::<Vec<_>>().join("---\n")
}

pub(super) async fn head(platform: &Platform) -> Result<String, Failure> {
    let branch = platform.forge.api().branch("fleet", NAME, "main").await?;
    Ok(branch.map(|branch| branch.commit).unwrap_or_default())
}

/// One commit by way of the forge's API; returns its hash.
pub(super) async fn push(platform: &Platform, number: u8) -> Result<String, Failure> {
    let path = format!("/repos/fleet/{NAME}/contents/settings.yaml");
    let old = platform.forge.api().send(Method::GET, &path, None).await?;
    let body = json!({"message": format!("number {number}"), "branch": "main", "sha": old["sha"],
        "content": STANDARD.encode(settings(number + 1))});
    let answer = platform.forge.api().send(Method::PUT, &path, Some(body)).await?;
    Ok(answer["commit"]["sha"].as_str().unwrap_or_default().to_owned())
}

pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
