//! Every subcommand of kubectl that makes sense, as a transcript: `tests/fixtures/kubectl/commands.txt` holds the
//! commands, and the snapshot beside it what each of them prints and how it ends. The words are those of one version of
//! kubectl; with the oldest and the newest of the machine that are meant for such a server, every command must end as it
//! does with that one.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use atelier::process::Command;
use regex::Regex;

use crate::controllers::kubectl::start;
use crate::support::source::package;

/// The version that the snapshot was written with.
const WRITTEN_WITH: (u32, u32) = (1, 33);

/// The oldest that Kubernetes supports with a server of version 1.34.
const OLDEST: (u32, u32) = (1, 33);

/// The programs named `kubectl` or `kubectl.<version>` on PATH, in the folders that those lead to and in the one that
/// `ATELIER_KUBECTL` names: the one of the snapshot, the oldest, the newest.
fn programs() -> Vec<((u32, u32), PathBuf)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).collect::<Vec<_>>();
    let targets = folders.iter().filter_map(|folder| folder.join("kubectl").canonicalize().ok());
    let targets = targets.filter_map(|program| program.parent().map(Path::to_owned)).collect::<Vec<_>>();
    folders.extend(targets);
    folders.extend(std::env::var_os("ATELIER_KUBECTL").map(PathBuf::from));
    let mut found = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if (name == "kubectl" || name.starts_with("kubectl."))
                && let Some(version) = version(&entry.path())
            {
                found.push((version, entry.path()));
            }
        }
    }
    found.retain(|(version, _)| *version >= OLDEST);
    found.sort();
    found.dedup_by_key(|(version, _)| *version);
    let last = found.len().saturating_sub(1);
    let wanted = |(index, (version, _)): &(usize, ((u32, u32), PathBuf))| {
        *index == 0 || *index == last || *version == WRITTEN_WITH
    };
    let mut chosen = found.into_iter().enumerate().filter(wanted).map(|(_, it)| it).collect::<Vec<_>>();
    chosen.sort_by_key(|(version, _)| *version != WRITTEN_WITH);
    chosen
}

/// Major and minor version.
fn version(program: &Path) -> Option<(u32, u32)> {
    let command = Command::new(program).args(["version", "--client"]).clean_environment();
    let command = command.env("HOME", "/nonexistent").limit(Duration::from_secs(20));
    let run = || tokio::runtime::Runtime::new().ok()?.block_on(command.output()).ok();
    let output = std::thread::scope(|scope| scope.spawn(run).join().ok().flatten())?;
    let numbers = Regex::new(r"v(\d+)\.(\d+)\.").unwrap();
    let found = numbers.captures(&output.stdout)?;
    Some((found[1].parse().ok()?, found[2].parse().ok()?))
}

/// Replaces what differs from run to run; columns are as wide as what is in them, and so their width goes too.
fn redact(text: &str) -> String {
    let patterns = [
        (r"\x1b\[[0-9;]*m", ""),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uuid>"),
        (r"[0-9a-f]{64}\b", "<sha256>"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
        (r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000", "<time>"),
        (r"https://127\.0\.0\.1:\d+", "https://<server>"),
        (r"\b127\.0\.0\.1:\d+", "<address>"),
        (r"\b10\.4[23]\.\d+\.\d+\b", "<ip>"),
        (r"-[bcdfghjklmnpqrstvwxz2456789]{5,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "-<hash>-<id>"),
        (r"\b(web|quick|db|again)-[bcdfghjklmnpqrstvwxz2456789]{8,10}\b", "$1-<hash>"),
        (r"\b(now|tonight|agent|web|again)-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "$1-<id>"),
        (r"hash=[bcdfghjklmnpqrstvwxz2456789]{5,10}\b", "hash=<hash>"),
        (r"kube-api-access-[a-z0-9]{5}", "kube-api-access-<id>"),
        (r"\b\d+ms\b", "<duration>"),
        (r"(\s)(<invalid>|(\d+[dhms])+)( \(x\d+ over (\d+[dhms])+\))?([ \t]|$)", "$1<age>$6"),
        (r"(?m)[ \t]+$", ""),
        (r"-{3,}", "---"),
        (r"[ \t]{2,}", "  "),
    ];
    let replace = |text: String, (pattern, word): &(&str, &str)| {
        Regex::new(&format!("(?m){pattern}")).unwrap().replace_all(&text, *word).into_owned()
    };
    let ages = &patterns[14];
    // Ages that stand side by side share the blank between them.
    replace(patterns.iter().fold(text.to_owned(), replace), ages)
}

/// Each command and how it ended.
fn ends(transcript: &str) -> Vec<&str> {
    transcript.lines().filter(|line| line.starts_with("$ ") || line.starts_with("# exit ")).collect()
}

/// Runs all commands with one kubectl in a cluster of its own.
async fn transcript(program: &Path) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (cluster, stop) = start(folder).await?;
    let fixtures = package().join("tests/fixtures/kubectl");
    for name in ["web.yaml", "more.yaml"] {
        std::fs::copy(fixtures.join(name), folder.join(name)).unwrap();
    }
    let programs = folder.join("bin");
    std::fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(program, programs.join("kubectl")).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let text = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let commands = std::fs::read_to_string(fixtures.join("commands.txt")).unwrap();
    let mut transcript = String::new();
    for line in commands.lines().filter(|line| !line.starts_with('#')) {
        let shell = Command::new("bash").args(["-c", &format!("set -o pipefail; {line}")]).folder(folder);
        let shell = shell.clean_environment().env("PATH", &path).env("HOME", text("home"));
        let shell = shell.env("KUBECONFIG", text("kubeconfig")).env("KUBECACHEDIR", text("cache"));
        let output = shell.limit(Duration::from_secs(60)).output().await.unwrap();
        let said = format!("{}{}", output.stdout, output.stderr);
        let said = redact(&said.replace(&text(""), "<folder>/"));
        writeln!(transcript, "$ {line}\n{}\n# exit {}\n", said.trim_end(), output.code).unwrap();
    }
    stop.cancel();
    cluster.close().await;
    Some(transcript)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_say_and_do_what_was_written_down() {
    let fixtures = package().join("tests/fixtures/kubectl");
    let programs = programs();
    if programs.is_empty() {
        use std::io::Write as _;
        let mut past_harness = std::io::stderr();
        writeln!(past_harness, "skipped: there is no kubectl of {OLDEST:?} or newer on PATH").unwrap();
    }
    for (version, program) in programs {
        let Some(transcript) = transcript(&program).await else { return };
        if version == WRITTEN_WITH {
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path(&fixtures);
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!("transcript", transcript));
        } else if let Ok(written) = std::fs::read_to_string(fixtures.join("transcript.snap")) {
            let (is, was) = (ends(&transcript), ends(&written));
            let differs = is.chunks(2).zip(was.chunks(2)).find(|(is, was)| is != was);
            assert!(is == was, "kubectl {version:?}: {differs:?}\n{transcript}");
        }
    }
}
