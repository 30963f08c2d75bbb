//! Wrong scenario files by the dozen: what is changed in the fixture's workshop, and every word that lint says to it.
//! `ATELIER_WRITE_MISTAKES=1` writes down anew what is said; the difference is to be read before it is kept.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::lint::{copied, findings_in, fixtures};

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
