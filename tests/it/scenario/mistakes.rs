//! Wrong scenario files by the dozen: what is changed in the fixture's workshop, and every word that lint says to it.
//! `ATELIER_WRITE_MISTAKES=1` writes down anew what is said; the difference is to be read before it is kept.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use atelier::scenario::Code;
use serde::{Deserialize, Serialize};

use super::lint::{CASES, copied, findings_in, fixtures};

/// One wrong file: a part of it changed, or the whole of it.
#[derive(Deserialize, Serialize)]
struct Mistake {
    file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    expected: String,
}

/// What is no text at all: how it is made, and what is said.
type Blob = (&'static str, fn(&Path), &'static str);

const BLOBS: &[Blob] = &[
    (
        "50 MB",
        |path| write(path, &vec![b'a'; 50 << 20]),
        "the file cannot be read: 52428800 bytes; at most 16777216 are read\n  help: write a file of text, in UTF-8",
    ),
    (
        "2 MB",
        |path| write(path, &vec![b'a'; 2 << 20]),
        "the file has 2097152 bytes; at most 1048576 are read\n  help: move long contents into files beside it",
    ),
    (
        "UTF-16",
        |path| write(path, b"\xff\xfea\0:\0 \0b\0"),
        "the file is not text in UTF-8\n  help: save it as UTF-8",
    ),
    (
        "Latin-1",
        |path| write(path, b"title: Gr\xfc\xdfe\n"),
        "the file is not text in UTF-8\n  help: save it as UTF-8",
    ),
    (
        "a program",
        |path| write(path, b"\x7fELF\x02\x01\x01\0\0"),
        "the file is not text in UTF-8\n  help: save it as UTF-8",
    ),
    (
        "a folder",
        |path| std::fs::create_dir(path).unwrap(),
        "the file cannot be read: it is not a file\n  help: write a file of text, in UTF-8",
    ),
    (
        "no end",
        |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        "the file cannot be read: it is not a file\n  help: write a file of text, in UTF-8",
    ),
];

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn what_is_no_text_is_told_and_not_waited_for() {
    for (name, make, expected) in BLOBS {
        let folder = tempfile::tempdir().unwrap();
        copied(folder.path(), |_, text| text);
        let path = folder.path().join("library/two/boss.yaml");
        std::fs::remove_file(&path).unwrap();
        make(&path);
        let said = findings_in(folder.path());
        // What follows from the lack of that track is told below it.
        assert!(said.starts_with(&format!("two/boss.yaml:1:1: error W008: {expected}")), "{name}: {said}");
    }
}

#[test]
fn there_is_a_case_for_every_code() {
    let cases = CASES.iter().map(|case| case.expected.to_owned());
    let more = std::fs::read_to_string(path()).unwrap();
    let more = more.lines().map(|line| serde_json::from_str::<Mistake>(line).unwrap().expected);
    let expected: Vec<String> = cases.chain(more).collect();
    assert!(expected.len() >= 200, "{} wrong files", expected.len());
    let lacks = |code: &&Code| !expected.iter().any(|text| text.contains(&format!(" {}: ", code.name())));
    let without: Vec<_> = Code::ALL.iter().filter(lacks).map(|code| code.name()).collect();
    assert_eq!(without, Vec::<&str>::new());
}

fn path() -> PathBuf {
    fixtures().join("mistakes.jsonl")
}

fn said(mistake: &Mistake) -> String {
    let folder = tempfile::tempdir().unwrap();
    copied(folder.path(), |file, text| match mistake {
        _ if file != mistake.file => text,
        Mistake { content: Some(content), .. } => content.clone(),
        Mistake { from: Some(from), to: Some(to), .. } => {
            assert!(text.contains(from.as_str()), "`{from}` is not in the fixture");
            text.replacen(from.as_str(), to, 1)
        }
        _ => panic!("neither `content` nor `from` and `to`"),
    });
    findings_in(folder.path())
}

#[test]
fn every_wrong_file_is_told_with_place_and_remedy() {
    let text = std::fs::read_to_string(path()).unwrap();
    let mut mistakes: Vec<Mistake> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut wrong = String::new();
    for mistake in &mut mistakes {
        let said = said(mistake);
        assert!(!said.is_empty(), "nothing is said to {:?} {:?}", mistake.to, mistake.content);
        let placed = said.lines().filter(|line| !line.starts_with("  help: ") && !line.starts_with(' '));
        assert!(placed.clone().all(|line| line.contains(".yaml:")), "{said}");
        if said != mistake.expected {
            let _ = writeln!(wrong, "=== {:?}{:?}\n{said}", mistake.to, mistake.content);
            mistake.expected = said;
        }
    }
    if std::env::var_os("ATELIER_WRITE_MISTAKES").is_some() {
        let lines = mistakes.iter().map(|mistake| serde_json::to_string(mistake).unwrap() + "\n");
        std::fs::write(path(), lines.collect::<String>()).unwrap();
        return;
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
