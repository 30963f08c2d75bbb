//! Folders of tests/fixtures/manifests/kustomize, built by us and by `kubectl kustomize`: the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use atelier::manifests::{kustomize::build, yaml::write_all};
use atelier::process::Command;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/manifests/kustomize")
}

fn read(folder: &Path, path: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let full = if path.is_empty() { name } else { format!("{path}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &full, files);
        } else {
            files.insert(full, std::fs::read(entry.path()).unwrap());
        }
    }
}

fn ours(folder: &Path) -> Result<String, String> {
    let mut files = BTreeMap::new();
    read(folder, "", &mut files);
    let built = build(&files, &folder.display().to_string(), "");
    built.map(|objects| write_all(&objects)).map_err(|error| error.to_string())
}

fn cases() -> Vec<PathBuf> {
    let mut cases =
        std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    cases.sort();
    assert!(cases.len() >= 30, "{} cases", cases.len());
    cases
}

#[tokio::test]
async fn builds_are_those_of_kubectl() {
    if which::which("kubectl").is_err() {
        writeln_skip("kubectl is not on PATH");
        return;
    }
    let mut different = Vec::new();
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let output = Command::new("kubectl").args(["kustomize", &case.display().to_string()]).run().await;
        let theirs = output.map_or_else(|error| format!("error: {error}\n"), |output| output.stdout);
        let ours = ours(&case).unwrap_or_else(|error| format!("error: {error}\n"));
        if ours != theirs {
            let diff = similar::TextDiff::from_lines(&theirs, &ours);
            different.push(format!("{name}\n{}", diff.unified_diff().header("kubectl", "ours")));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[expect(clippy::print_stderr, reason = "a skip must be seen")]
fn writeln_skip(reason: &str) {
    eprintln!("skipped: {reason}");
}
