//! Tells the program which commit it is built of and how. `ATELIER_COMMIT` says it, else the files of the repository
//! that this lies in do; no git is needed. Only release builds look, so that a commit does not build anew all there is.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=ATELIER_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let (target, profile) = (variable("TARGET"), variable("PROFILE"));
    let commit = match variable("ATELIER_COMMIT") {
        commit if !commit.is_empty() => Some(commit),
        _ if profile == "release" => commit(&PathBuf::from(variable("CARGO_MANIFEST_DIR"))),
        _ => None,
    };
    let commit = commit.unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=ATELIER_BUILD_COMMIT={commit}");
    println!("cargo::rustc-env=ATELIER_BUILD_TARGET={target}");
    println!("cargo::rustc-env=ATELIER_BUILD_PROFILE={profile}");
}

/// What is checked out in a folder, where that is a repository.
fn commit(folder: &Path) -> Option<String> {
    let git = folder.join(".git");
    // In a worktree, a file names the place.
    let git = match std::fs::read_to_string(&git) {
        Ok(text) => folder.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => git,
    };
    let read = |path: PathBuf| {
        println!("cargo::rerun-if-changed={}", path.display());
        std::fs::read_to_string(path).ok()
    };
    let head = read(git.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref:").map(str::trim) else { return Some(head.trim().to_owned()) };
    let shared = std::fs::read_to_string(git.join("commondir"));
    let shared = shared.map_or_else(|_| git.clone(), |path| git.join(path.trim()));
    if let Some(commit) = read(shared.join(name)) {
        return Some(commit.trim().to_owned());
    }
    let packed = read(shared.join("packed-refs"))?;
    let line = packed.lines().find(|line| line.split_once(' ').is_some_and(|(_, found)| found == name))?;
    line.split_once(' ').map(|(commit, _)| commit.to_owned())
}
