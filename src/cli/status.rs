//! `atelier status`: says what runs.

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::global::Global;
use super::material;
use crate::error::Failure;
use crate::lab::{Error, LabFolder, Plan, Spec, State, Status};
use crate::platform::k3d::{self, Site};
use crate::platform::{self, FORGE_HOST, Kind, embedded};
use crate::ui::{Mode, table};

/// Show what runs
#[derive(Debug, Args)]
pub(super) struct StatusArgs {}

/// What a lab is and where it answers.
#[derive(Serialize)]
pub(super) struct Summary {
    pub(super) lab: String,
    pub(super) workshop: String,
    pub(super) platform: &'static str,
    pub(super) state: &'static str,
    pub(super) process: Option<u32>,
    pub(super) containers: bool,
    pub(super) endpoints: Value,
    pub(super) actors: Vec<Value>,
    /// What the lab takes on the disk, where it is files of this machine.
    disk: Option<Disk>,
    /// Of the lab's containers; nothing for one that is stopped.
    #[serde(skip)]
    memory: Vec<(String, Option<u64>)>,
}

/// Bytes on the disk.
#[derive(Serialize)]
struct Disk {
    /// All of the lab.
    lab: u64,
    /// What was pushed to its registry.
    registry: u64,
}

impl Summary {
    pub(super) fn endpoints_text(&self) -> String {
        let text = |name: &str| self.endpoints[name].as_str().unwrap_or("-").to_owned();
        let row = |label: &str, name: &str, note: &str| vec![label.to_owned(), text(name), note.to_owned()];
        table(&[
            row("kubernetes", "kubernetes", ""),
            row("forge", "forge", &format!("in manifests: http://{FORGE_HOST}")),
            row("registry", "registry", &format!("in manifests: {FORGE_HOST}")),
        ])
    }
}

/// Reads the lab's folder; asks no server.
pub(super) fn summary(folder: &LabFolder, spec: &Spec) -> Summary {
    let process = match embedded::Folder::new(folder.platform()).state() {
        embedded::State::Running { process } => Some(process),
        embedded::State::Stopped => None,
    };
    let state = if platform::running(spec.platform, &folder.platform()) { "running" } else { "stopped" };
    let endpoints = match platform::open(spec.platform, &folder.platform()) {
        Ok(platform) => {
            let forge = platform.forge.url();
            json!({"kubernetes": platform.cluster().url(), "forge": forge,
                "registry": forge.trim_start_matches("http://")})
        }
        Err(_) => json!({}),
    };
    let actors = spec.actors.iter().map(|actor| {
        json!({"name": actor.name, "full_name": actor.full_name, "namespace": actor.namespace,
            "administrator": actor.administrator})
    });
    Summary {
        lab: folder.name().to_owned(),
        workshop: spec.workshop.clone(),
        platform: spec.platform.name(),
        state,
        process,
        containers: spec.platform == Kind::K3d,
        endpoints,
        actors: actors.collect(),
        disk: (spec.platform == Kind::Embedded).then(|| Disk {
            lab: size(&folder.path()),
            registry: size(&embedded::Folder::new(folder.platform()).registry()),
        }),
        memory: Vec::new(),
    }
}

pub(super) async fn run(global: &Global, _args: StatusArgs) -> Result<u8, Failure> {
    let (folder, spec) = match global.existing_lab() {
        Ok(found) => found,
        Err(failure) if is_missing(&failure) => return Ok(nothing(global)),
        Err(failure) => return Err(failure),
    };
    let mut summary = summary(&folder, &spec);
    summary.memory = memory(global, &folder, &spec).await;
    let (mut stages, mut problem) = (Vec::new(), None);
    if summary.state == "running" {
        let looked = tokio::select! {
            looked = stages_of(global, folder, &spec) => looked,
            _ = tokio::signal::ctrl_c() => return Ok(crate::error::Kind::Interrupted.exit_code()),
        };
        match looked {
            Ok(found) => stages = found,
            // What runs is told, whatever has become of the workshop's files in the meantime.
            Err(failure) => problem = Some(failure),
        }
    }
    if stages.iter().any(|status| status.stage == "server" && status.state == State::Unknown) {
        summary.state = "hung";
    }
    if global.ui.mode() == Mode::Json {
        let mut document = serde_json::to_value(&summary).unwrap_or_default();
        let memory = summary.memory.iter();
        document["memory"] = memory.map(|(name, bytes)| json!({"container": name, "bytes": bytes})).collect();
        document["stages"] = serde_json::to_value(&stages).unwrap_or_default();
        if let Some(failure) = &problem {
            document["problem"] = failure.source.to_string().into();
        }
        global.ui.document(&document);
        return Ok(0);
    }
    show(global, &summary, &spec, &stages);
    if let Some(failure) = problem {
        global.ui.failure(&failure);
    }
    Ok(0)
}

fn is_missing(failure: &Failure) -> bool {
    matches!(failure.source.downcast_ref(), Some(Error::Missing { .. }))
}

async fn stages_of(global: &Global, folder: LabFolder, spec: &Spec) -> Result<Vec<Status>, Failure> {
    let material = material::load(global, folder.name(), spec.platform, &spec.workshop, Some(spec))?;
    let context = global.context(folder, material)?;
    Ok(Plan::of(spec).status(&context).await?)
}

fn show(global: &Global, summary: &Summary, spec: &Spec, stages: &[Status]) {
    let mut lines = vec![
        vec!["lab".to_owned(), summary.lab.clone(), format!("workshop {}", summary.workshop)],
        vec!["platform".to_owned(), summary.platform.to_owned(), runs(spec.platform).to_owned()],
    ];
    let process = summary.process.map(|process| format!("process {process}")).unwrap_or_default();
    lines.push(vec!["state".to_owned(), summary.state.to_owned(), process]);
    if let Some(disk) = &summary.disk {
        let megabytes = |bytes: u64| format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10);
        let text = format!("{} of {}", megabytes(disk.registry), megabytes(disk.lab));
        lines.push(vec!["disk".to_owned(), "registry".to_owned(), text]);
    }
    global.ui.data(&table(&lines));
    global.ui.data(&summary.endpoints_text());
    let actors = spec.actors.iter().map(|actor| {
        let rights = if actor.administrator { "administrator" } else { "" };
        vec![
            "actor".to_owned(),
            actor.name.clone(),
            format!("{} {rights}", actor.full_name).trim().to_owned(),
        ]
    });
    global.ui.data(&table(&actors.collect::<Vec<_>>()));
    let memory = summary.memory.iter().map(|(name, bytes)| {
        let used = bytes.map_or_else(|| "stopped".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000));
        vec!["container".to_owned(), name.clone(), used]
    });
    global.ui.data(&table(&memory.collect::<Vec<_>>()));
    let stages = stages
        .iter()
        .map(|status| vec!["stage".to_owned(), status.stage.to_owned(), word(status.state).to_owned()]);
    global.ui.data(&table(&stages.collect::<Vec<_>>()));
    match summary.state {
        "stopped" => {
            global.ui.talk("`atelier start` starts it again, with everything in it; `atelier down` removes it");
        }
        "hung" => global.ui.talk(
            "the process does not answer; `atelier stop` and `atelier start` start it again, with everything in it",
        ),
        _ => {}
    }
}

/// The bytes of a folder's files. What goes while it is looked at counts for nothing.
fn size(folder: &std::path::Path) -> u64 {
    let (mut bytes, mut next) = (0, vec![folder.to_owned()]);
    while let Some(folder) = next.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(about) if about.is_dir() => next.push(entry.path()),
                Ok(about) => bytes += about.len(),
                Err(_) => {}
            }
        }
    }
    bytes
}

fn runs(platform: Kind) -> &'static str {
    match platform {
        Kind::Embedded => "one process; no containers run",
        Kind::K3d => "a real cluster, Gitea and Flux in Docker",
    }
}

/// The lab's containers with the memory that they use; none where no containers run or no engine answers.
async fn memory(global: &Global, folder: &LabFolder, spec: &Spec) -> Vec<(String, Option<u64>)> {
    if spec.platform != Kind::K3d {
        return Vec::new();
    }
    let Ok(settings) = global.configuration(Some(folder)).and_then(|found| found.settings()) else {
        return Vec::new();
    };
    let place = k3d::Folder::new(folder.platform());
    match Site::open(place, folder.name(), global.home.path(), &settings).await {
        Ok(site) => site.memory().await.unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

fn nothing(global: &Global) -> u8 {
    let labs = global.home.labs();
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"state": "absent", "platform": null, "endpoints": {}, "actors": [],
            "stages": [], "labs": labs}));
    } else if labs.is_empty() {
        global.ui.data("no lab here\n");
        global.ui.talk("`atelier up` makes one");
    } else {
        global.ui.data(&format!("no such lab here; there are: {}\n", labs.join(", ")));
    }
    0
}

fn word(state: State) -> &'static str {
    match state {
        State::Ready => "ready",
        State::Absent => "absent",
        State::Incomplete => "incomplete",
        State::Unknown => "does not answer",
    }
}
