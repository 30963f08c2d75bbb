//! Charts, compared with what Helm's own engine made of the same ones. The recordings lie beside the templates; with
//! `ATELIER_HELM_RENDER=<program>` they are made again (`program <chart folder> [values file]` prints all texts, or
//! `ERROR: …`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use atelier::manifests::charts::{Capabilities, Chart, File, Options, Release, read_values, render_files};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::support::World;
use crate::support::source::package;

fn fixtures() -> PathBuf {
    package().join("tests/fixtures/charts")
}

/// The files of a folder by their paths in it.
fn files(folder: &Path) -> Vec<File> {
    fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{name}/"), files);
            } else {
                files.push(File { name, data: std::fs::read(entry.path()).unwrap() });
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, "", &mut found);
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn with_template(base: &[File], template: &[u8]) -> Vec<File> {
    let case = File { name: "templates/case.yaml".to_owned(), data: template.to_vec() };
    base.iter().cloned().chain([case]).collect()
}

/// What the program that recordings come from prints for a chart.
fn printed(files: Vec<File>, values: &Map<String, Value>) -> String {
    let release =
        Release { name: "demo".to_owned(), namespace: "apps".to_owned(), revision: 1, is_upgrade: false };
    let rendered = Chart::from_files(files).map_err(|error| error.to_string()).and_then(|chart| {
        render_files(&chart, values, &release, &Capabilities::default(), &Options::default())
            .map_err(|error| error.to_string())
    });
    let mut out = String::new();
    match rendered {
        Ok(texts) => {
            for (path, text) in texts.iter().filter(|(_, text)| !text.trim().is_empty()) {
                writeln!(out, "=== {path}\n{text}").unwrap();
            }
        }
        Err(error) => writeln!(out, "ERROR: {error}").unwrap(),
    }
    out
}

/// Makes a recording again, where the program is named.
fn record(files: &[File], values: Option<&Path>, recording: &Path) {
    let Ok(program) = std::env::var("ATELIER_HELM_RENDER") else { return };
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join("chart").join(&file.name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &file.data).unwrap();
    }
    let chart = folder.path().join("chart").display().to_string();
    let values = values.map(|path| path.display().to_string());
    let arguments = [Some(chart.as_str()), values.as_deref()].into_iter().flatten().collect::<Vec<_>>();
    let result = World::new().run(&program, &arguments);
    std::fs::write(recording, result.stdout()).unwrap();
}

/// Compares all templates of a folder with their recordings, and says how many there are.
fn compare(folder: &str) -> usize {
    let base = files(&fixtures().join("base"));
    let folder = fixtures().join(folder);
    let templates = files(&folder)
        .into_iter()
        .filter(|file| Path::new(&file.name).extension().is_some_and(|ending| ending == "tpl"))
        .collect::<Vec<_>>();
    let mut wrong = Vec::new();
    for template in &templates {
        let files = with_template(&base, &template.data);
        let recording = folder.join(template.name.replace(".tpl", ".out"));
        record(&files, None, &recording);
        let expected = std::fs::read_to_string(&recording).unwrap();
        let actual = printed(files, &Map::new());
        if actual != expected {
            let diff = similar::TextDiff::from_lines(&expected, &actual).unified_diff().to_string();
            wrong.push(format!("{}:\n{diff}", template.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    templates.len()
}

#[test]
fn templates_come_out_as_from_helm() {
    assert!(compare("templates") >= 100);
}

#[test]
fn wrong_templates_fail_in_helm_s_words() {
    assert!(compare("errors") >= 30);
}

#[test]
fn whole_charts_come_out_as_from_helm() {
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(fixtures().join("whole")).unwrap() {
        let folder = entry.unwrap().path();
        let files = files(&folder.join("chart"));
        let path = folder.join("user.yaml");
        let user = path.is_file().then_some(path.as_path());
        let recording = folder.join("expected.out");
        record(&files, user, &recording);
        let expected = std::fs::read_to_string(&recording).unwrap();
        let values = user.map(|path| read_values(&std::fs::read_to_string(path).unwrap()).unwrap());
        let actual = printed(files, &values.unwrap_or_default());
        if actual != expected {
            let diff = similar::TextDiff::from_lines(&expected, &actual).unified_diff().to_string();
            wrong.push(format!("{}:\n{diff}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn one_template(text: &str) -> String {
    let chart =
        File { name: "Chart.yaml".to_owned(), data: b"apiVersion: v2\nname: c\nversion: 1.0.0\n".to_vec() };
    printed(with_template(&[chart], text.as_bytes()), &Map::new())
}

#[test]
fn what_would_never_end_is_stopped() {
    for (text, expected) in [
        (
            "{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}",
            "exceeded maximum template depth (100000)",
        ),
        ("{{ range 100000000 }}{{ end }}", "more than 20000000 steps"),
        ("{{ repeat 1000000000 \"x\" }}", "more than 67108864 bytes of output"),
        ("{{ until 1000000000 }}", "more than 67108864 bytes of output"),
        ("{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ mustToJson $d }}", "encountered a cycle"),
    ] {
        let printed = one_template(text);
        assert!(printed.contains(expected), "{text}: {}", printed.chars().take(500).collect::<String>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(pieces in prop::collection::vec(piece(), 0..12)) {
        let printed = one_template(&pieces.concat());
        prop_assert!(!printed.contains("panicked"), "{printed}");
    }
}

fn piece() -> impl Strategy<Value = String> {
    let known = [
        "{{",
        "}}",
        "{{-",
        "-}}",
        " ",
        "if ",
        "else ",
        "end ",
        "range ",
        "with ",
        "define ",
        "template ",
        "\"x\"",
        ".Values",
        ".a.b",
        "$",
        "$x",
        ":=",
        "=",
        "|",
        "(",
        ")",
        "1",
        "0x",
        "1.5e",
        "'a'",
        "`",
        "\"",
        "/*",
        "*/",
        ",",
        "upper ",
        "trunc ",
        "-1 ",
        "nil",
        "é",
        "\n",
        "break",
        "block ",
        "include ",
        "list ",
        "printf ",
        "%",
    ];
    prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"]
}
