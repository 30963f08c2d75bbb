//! Hands arbitrary bytes to the loader of workshops and to lint: what a fuzzer makes up, and in `make test` the corpus
//! and broken copies of a good file. An answer is right when every finding has a place in a file that there is.

use std::path::Path;

use atelier::scenario::{Library, lint};

const WORKSHOP: &str = "apiVersion: atelier/v1\nkind: Workshop\nid: fuzz\ntitle: Fuzz\nactors: { dev: {} }\ntracks: { dev: { title: Dev } }\nrepositories: [ { owner: dev, name: site } ]\n";
const TRACK: &str = "apiVersion: atelier/v1\nkind: Scenario\nid: dev\ntitle: Dev\nsteps: []\n";

/// Feeds bytes as a track's file, or as the workshop's when the first byte is `W`.
pub(crate) fn feed(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("fuzz");
    std::fs::create_dir(&folder).unwrap();
    let (name, bytes) = match bytes.strip_prefix(b"W") {
        Some(rest) => ("workshop.yaml", rest),
        None => ("dev.yaml", bytes),
    };
    std::fs::write(folder.join("workshop.yaml"), WORKSHOP).unwrap();
    std::fs::write(folder.join("dev.yaml"), TRACK).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
    for finding in lint(&Library::directory(&folder), None) {
        assert!(finding.line > 0 && finding.column > 0, "no place: {finding}");
        assert!(Path::new(&finding.file).extension().is_some(), "no file: {finding}");
        assert!(!finding.message.trim().is_empty(), "no words: {finding}");
    }
}
