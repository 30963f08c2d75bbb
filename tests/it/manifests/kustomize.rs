//! Folders of tests/fixtures/manifests/kustomize, and folders made by chance, built by us and by `kubectl kustomize`: the
//! same bytes, and the same refusals.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use atelier::manifests::{kustomize::build, yaml::write_all};
use atelier::process::Command;

use super::{generated, refusals};

/// How many folders are made by chance.
const GENERATED: u64 = 130;

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

fn ours(folder: &Path, below: &str) -> Result<String, String> {
    let mut files = BTreeMap::new();
    read(folder, "", &mut files);
    let built = build(&files, &folder.display().to_string(), below);
    built.map(|objects| write_all(&objects)).map_err(|error| error.to_string())
}

fn cases() -> Vec<PathBuf> {
    let mut cases =
        std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    cases.sort();
    assert!(cases.len() >= 30, "{} cases", cases.len());
    cases
}

/// What kubectl makes of a folder; nothing where it refuses.
async fn theirs(folder: &Path) -> Option<String> {
    let output = Command::new("kubectl").args(["kustomize", &folder.display().to_string()]).run().await;
    output.ok().map(|output| output.stdout)
}

fn has_kubectl() -> bool {
    let found = which::which("kubectl").is_ok();
    if !found {
        writeln_skip("kubectl is not on PATH");
    }
    found
}

fn lay_out(folder: &Path, files: impl IntoIterator<Item = (impl AsRef<Path>, impl AsRef<[u8]>)>) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// How ours differs from theirs.
fn difference(name: &str, theirs: Option<String>, ours: Result<String, String>) -> Option<String> {
    match (theirs, ours) {
        (None, Err(_)) => None,
        (None, Ok(_)) => Some(format!("{name}: kubectl refuses it")),
        (Some(_), Err(error)) => Some(format!("{name}: kubectl builds it, ours says: {error}")),
        (Some(theirs), Ok(ours)) if theirs == ours => None,
        (Some(theirs), Ok(ours)) => {
            let diff = similar::TextDiff::from_lines(&theirs, &ours);
            Some(format!("{name}\n{}", diff.unified_diff().header("kubectl", "ours")))
        }
    }
}

#[tokio::test]
async fn builds_are_those_of_kubectl() {
    if !has_kubectl() {
        return;
    }
    let mut different = Vec::new();
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        different.extend(difference(&name, theirs(&case).await, ours(&case, "")));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[tokio::test]
async fn builds_of_folders_made_by_chance_are_those_of_kubectl() {
    if !has_kubectl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut built, mut different) = (0, Vec::new());
    for number in 0..GENERATED {
        let root = folder.path().join(number.to_string());
        lay_out(&root, generated::tree(number));
        let theirs = theirs(&root.join("top")).await;
        built += usize::from(theirs.is_some());
        different.extend(difference(&format!("number {number}"), theirs, ours(&root, "top")));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    // Chance also makes what is refused: those count below.
    assert!(built + cases().len() >= 150, "only {built} of {GENERATED} are built");
}

#[tokio::test]
async fn what_kubectl_refuses_is_refused() {
    if !has_kubectl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut different = Vec::new();
    for (number, (name, files)) in refusals::REFUSALS.iter().enumerate() {
        let root = folder.path().join(number.to_string());
        lay_out(&root, files.iter().copied());
        different.extend(difference(name, theirs(&root).await, ours(&root, "")));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[expect(clippy::print_stderr, reason = "a skip must be seen")]
fn writeln_skip(reason: &str) {
    eprintln!("skipped: {reason}");
}
