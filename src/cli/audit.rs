//! `atelier audit`: shows who changed what in the lab's clusters.

use std::path::Path;

use clap::Args;
use tokio::time::MissedTickBehavior;

use super::global::Global;
use crate::error::Failure;
use crate::lab::{Changes, Error, LabFolder};
use crate::platform::audit::{Event, Filter};
use crate::platform::k3d::{self, Site, Source};
use crate::platform::{self, embedded};
use crate::ui::Mode;

/// No more lines are read from the end of a node's log.
const LINES: usize = 100_000;
/// How often a log is looked at that is being followed in a container, where nothing tells of a change.
const LOOK: std::time::Duration = std::time::Duration::from_millis(500);

/// Show who changed what in the lab's clusters
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Only what this user did, or somebody acting as this user
    #[arg(long, value_name = "USER")]
    actor: Option<String>,
    /// Only what was done with this verb, such as `create` or `patch`
    #[arg(long)]
    verb: Option<String>,
    /// Only what was done to these, such as `pods`, `deployments.apps` or `pods/web`
    #[arg(long)]
    resource: Option<String>,
    /// Only what was done in this namespace
    #[arg(long, short)]
    namespace: Option<String>,
    /// How many events from the end
    #[arg(long, value_name = "EVENTS", default_value_t = 100)]
    tail: usize,
    /// Go on with what is done from now on
    #[arg(long, short)]
    follow: bool,
}

pub(super) async fn run(global: &Global, args: AuditArgs) -> Result<u8, Failure> {
    let folder = global.lab()?;
    if !folder.path().exists() {
        return Err(Error::Missing { lab: folder.name().to_owned() }.into());
    }
    let AuditArgs { actor, verb, resource, namespace, tail, follow } = args;
    let filter = Filter { actor, verb, resource, namespace };
    let here = !folder.spec().is_ok_and(|spec| spec.platform == platform::Kind::K3d);
    let log = embedded::Folder::new(folder.platform()).audit_log();
    let mut changes = (follow && here).then(|| Changes::of(&log)).transpose()?;
    let lines = lines(global, &folder).await?;
    let passing: Vec<&str> = lines.iter().map(String::as_str).filter(|line| passes(line, &filter)).collect();
    show(global, &passing[passing.len().saturating_sub(tail)..]);
    if !follow {
        return Ok(0);
    }
    let mut last = lines.last().cloned();
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(0),
            () = next_of(changes.as_mut(), &mut looks) => {}
        }
        let lines = self::lines(global, &folder).await?;
        // Identifiers make every line the only one of its kind.
        let seen = lines.iter().rposition(|line| Some(line) == last.as_ref());
        let new = &lines[seen.map_or(0, |seen| seen + 1)..];
        let passing: Vec<&str> =
            new.iter().map(String::as_str).filter(|line| passes(line, &filter)).collect();
        show(global, &passing);
        last = lines.last().cloned().or(last);
        if global.ui.lost().is_some() {
            return Ok(0);
        }
    }
}

/// Waits for the log, or, without changes that are told of, for the next look.
async fn next_of(changes: Option<&mut Changes>, looks: &mut tokio::time::Interval) {
    match changes {
        Some(changes) => changes.next().await,
        None => {
            looks.tick().await;
        }
    }
}

fn passes(line: &str, filter: &Filter) -> bool {
    Event::read(line).is_some_and(|event| event.passes(filter))
}

/// One line each: the events themselves for programs, the words of a row for people.
fn show(global: &Global, lines: &[&str]) {
    if lines.is_empty() {
        return;
    }
    if global.ui.mode() == Mode::Json {
        global.ui.data(&(lines.join("\n") + "\n"));
        return;
    }
    let rows: Vec<_> = lines.iter().filter_map(|line| Event::read(line)).map(|event| event.row()).collect();
    global.ui.data(&crate::ui::table(&rows));
}

/// The lines of the lab's audit logs, the oldest first.
async fn lines(global: &Global, folder: &LabFolder) -> Result<Vec<String>, Failure> {
    if let Ok(spec) = folder.spec()
        && spec.platform == platform::Kind::K3d
    {
        let settings = global.configuration(Some(folder))?.settings()?;
        let place = k3d::Folder::new(folder.platform());
        let site = Site::open(place, folder.name(), global.home.path(), &settings).await?;
        let text = site.logs(&Source::Audit, LINES).await?;
        return Ok(text.lines().map(str::to_owned).collect());
    }
    let log = embedded::Folder::new(folder.platform()).audit_log();
    let before = log.with_extension("log.1");
    let mut lines = Vec::new();
    for path in [before, log] {
        lines.extend(read(&path)?);
    }
    Ok(lines)
}

fn read(path: &Path) -> Result<Vec<String>, Failure> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()),
        // A lab that has never been started has none.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(Error::File { verb: "read", path: path.to_owned(), source }.into()),
    }
}
