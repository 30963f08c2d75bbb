//! The part of `atelier bench` that measures the engine of scenarios, in a workshop of its own: many tracks, and steps
//! whose fact is an object of the cluster. Drivers are real processes, timed by what they write.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ObjectMeta, PostParams};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::error::{Failure, Kind};
use crate::lab::Home;
use crate::platform;
use crate::process::{Command, OUTPUT_LIMIT};

/// The workshop, and so the lab.
pub(super) const WORKSHOP: &str = "bench";
/// How many scenario files it has.
const TRACKS: usize = 100;
/// How many drivers there are at once.
const DRIVERS: usize = 50;
/// How many steps a track has.
const STEPS: usize = 12;
/// Where the facts are.
const NAMESPACE: &str = "default";
/// How long one event of a driver may take to come.
const LIMIT: Duration = Duration::from_secs(60);

/// What was measured.
#[derive(Default)]
pub(super) struct Measured {
    /// Lint of all files, milliseconds.
    pub(super) lint: Vec<f64>,
    /// From the start of `atelier learn` to its first step, milliseconds.
    pub(super) start: Vec<f64>,
    /// From asking for a fact to be made to its being shown, milliseconds.
    pub(super) shown: Vec<f64>,
    /// The resident memory of each of many drivers, in units of 1,000,000 bytes.
    pub(super) resident: Vec<f64>,
}

/// The program, and a state folder of its own.
pub(super) struct Engine<'a> {
    pub(super) program: &'a Path,
    pub(super) home: &'a Path,
}

impl Engine<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let command = Command::new(self.program).args(arguments.iter().copied()).limit(LIMIT * 5);
        command.env("ATELIER_HOME", self.home.display().to_string())
    }

    /// Measures; the lab is left for who takes down the others.
    pub(super) async fn measure(&self, runs: u8) -> Result<Measured, Failure> {
        let folder = self.home.with_file_name(WORKSHOP);
        write(&folder).map_err(|error| Failure::new(Kind::Machine, error))?;
        let folder = folder.display().to_string();
        let mut measured = Measured::default();
        for _ in 0..runs {
            let begin = Instant::now();
            self.command(&["lint", &folder]).run().await?;
            measured.lint.push(millis(begin.elapsed()));
        }
        self.command(&["--scenarios", &folder, "--workshop", WORKSHOP, "up"]).run().await?;
        for _ in 0..runs {
            let begin = Instant::now();
            let mut driver = self.learn(0)?;
            measured.start.push(millis(driver.until("step_started").await? - begin));
        }
        measured.shown = self.facts_shown().await?;
        let mut drivers = (1..=DRIVERS).map(|track| self.learn(track)).collect::<Result<Vec<_>, _>>()?;
        for driver in &mut drivers {
            driver.until("check_waiting").await?;
        }
        measured.resident = drivers.iter().filter_map(|driver| resident(driver.process)).collect();
        Ok(measured)
    }

    /// Makes the fact of one step after the other.
    async fn facts_shown(&self) -> Result<Vec<f64>, Failure> {
        let lab = Home::new(self.home).lab(WORKSHOP)?;
        let client = platform::open(lab.spec()?.platform, &lab.platform())?.cluster().client().await?;
        let facts: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
        let mut driver = self.learn(0)?;
        let mut shown = Vec::new();
        for step in 0..STEPS {
            driver.until("check_waiting").await?;
            let metadata = ObjectMeta { name: Some(fact(0, step)), ..ObjectMeta::default() };
            let begin = Instant::now();
            let object = ConfigMap { metadata, ..ConfigMap::default() };
            let made = facts.create(&PostParams::default(), &object).await;
            made.map_err(|error| Failure::new(Kind::Platform, error))?;
            shown.push(millis(driver.until("check_passed").await? - begin));
        }
        Ok(shown)
    }

    /// Somebody who goes through a track.
    fn learn(&self, track: usize) -> Result<Driver, Failure> {
        let words = ["--workshop", WORKSHOP, "--trust", "--json", "learn", &name(track)];
        let path = self.home.with_file_name("drivers.log");
        let log = std::fs::File::options().create(true).append(true).open(path);
        let log = log.map_err(|error| Failure::new(Kind::Machine, error))?;
        let (process, stdout) = self.command(&words).detach(&log)?;
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or_default();
                if sender.send((Instant::now(), event)).is_err() {
                    return;
                }
            }
        });
        Ok(Driver { process, lines })
    }
}

/// A driver that runs; it ends with this.
struct Driver {
    process: u32,
    lines: mpsc::UnboundedReceiver<(Instant, Value)>,
}

impl Driver {
    /// Waits for an event of a kind; when it was written.
    async fn until(&mut self, kind: &str) -> Result<Instant, Failure> {
        let wait = async {
            while let Some((time, event)) = self.lines.recv().await {
                if event["event"] == kind {
                    return Some(time);
                }
            }
            None
        };
        let came = tokio::time::timeout(LIMIT, wait).await.ok().flatten();
        came.ok_or_else(|| {
            Failure::new(Kind::Platform, format!("a driver did not come to `{kind}` within {LIMIT:?}"))
        })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(process) = Pid::from_raw(self.process.cast_signed()) {
            // One that has ended is gone already.
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

/// The engine's own share of a rehearsal, in percent of what the actions and the checks took, from the events that the
/// rehearsal has written.
pub(super) fn overhead(stdout: &str) -> Option<f64> {
    let seconds = |took: &Value| Some(took["secs"].as_f64()? + took["nanos"].as_f64()? / 1e9);
    let (mut work, mut whole) = (0.0, None);
    // Of a longer output only the beginning is kept, and a part says nothing.
    for line in stdout.lines().filter(|_| stdout.len() < OUTPUT_LIMIT) {
        let event: Value = serde_json::from_str(line).ok()?;
        match event["event"].as_str() {
            Some("action_finished" | "check_passed") => work += seconds(&event["took"])?,
            Some("rehearsed") => whole = seconds(&event["report"]["took"]),
            _ => (),
        }
    }
    Some((whole? - work) / work * 100.0).filter(|share| share.is_finite())
}

/// The resident memory of a process, in units of 1,000,000 bytes. See proc(5).
pub(super) fn resident(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}

fn name(track: usize) -> String {
    format!("t{track}")
}

/// The object that a step waits for.
fn fact(track: usize, step: usize) -> String {
    format!("{}-{step}", name(track))
}

/// Writes the workshop.
fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut workshop = format!(
        "apiVersion: atelier/v1\nkind: Workshop\nid: {WORKSHOP}\ntitle: Many\noperator: false\nactors: {{ dev: {{}} }}\ntracks:\n"
    );
    for track in 0..TRACKS {
        let id = name(track);
        let _ = writeln!(workshop, "  {id}: {{ title: Track {track}, actor: dev }}");
        let mut text =
            format!("apiVersion: atelier/v1\nkind: Scenario\nid: {id}\ntitle: Track {track}\nsteps:\n");
        for step in 0..STEPS {
            let fact = fact(track, step);
            let _ = write!(
                text,
                "- id: s{step}\n  title: Step {step}\n  explain: Make `{fact}`, as **{{{{ actor.name }}}}**.\n  do:\n  - apply:\n      \
                 content: |\n        apiVersion: v1\n        kind: ConfigMap\n        metadata: {{ name: {fact}, namespace: {NAMESPACE} }}\n  \
                 verify:\n  - k8s: {{ id: there, apiVersion: v1, kind: ConfigMap, name: {fact}, namespace: {NAMESPACE}, \
                 cel: [object.metadata.name == vars.prefix + '-{step}'] }}\n  hints: [It is a ConfigMap.]\n"
            );
        }
        let _ = writeln!(text, "vars: {{ prefix: {id} }}");
        std::fs::write(file(folder, &id), text)?;
    }
    std::fs::write(file(folder, "workshop"), workshop)
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.yaml"))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Library, lint};

    #[test]
    fn the_measured_workshop_has_no_mistake() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join(WORKSHOP);
        write(&folder).unwrap();
        let findings: Vec<_> =
            lint(&Library::directory(&folder), None).iter().map(ToString::to_string).collect();
        assert_eq!(findings, Vec::<String>::new());
    }

    #[test]
    fn the_engines_share_is_what_no_action_and_no_check_took() {
        let took = |event: &str, nanos: u32| {
            format!("{{\"event\":\"{event}\",\"took\":{{\"secs\":1,\"nanos\":{nanos}}}}}\n")
        };
        let end = "{\"event\":\"rehearsed\",\"report\":{\"took\":{\"secs\":2,\"nanos\":750000000}}}\n";
        let events =
            took("action_finished", 0) + &took("check_passed", 500_000_000) + &took("step_finished", 0);
        assert_eq!(overhead(&(events.clone() + end)), Some(10.0));
        assert_eq!(overhead(&events), None);
        assert_eq!(overhead(end), None);
    }
}
