//! Words and marks that no tracked file may hold: work left undone, traces of debugging, paths of somebody's machine.

use regex::Regex;

use crate::support::source::package;
use crate::support::{World, needs};

/// What must not stand anywhere. Written so that this file does not hold it either.
fn forbidden() -> Vec<(Regex, &'static str)> {
    let words = [
        (concat!(r"\b(TO", r"DO|FIX", r"ME|XX", r"X)\b"), "work left undone; finish it, or open an issue"),
        (concat!(r"\b(to", r"do|unimple", r"mented)!"), "work left undone; finish it, or open an issue"),
        (concat!(r"\bdb", r"g!"), "a trace of debugging"),
        (r"(^|[^A-Za-z0-9_.])/(work|home|root|Users)/[A-Za-z0-9]", "a path of somebody's machine"),
        (r"^(<{7}|>{7}) ", "a merge that was not finished"),
    ];
    words.map(|(pattern, reason)| (Regex::new(pattern).unwrap(), reason)).into()
}

fn findings(path: &str, text: &str) -> Vec<String> {
    let forbidden = forbidden();
    let lines = text.lines().enumerate();
    let hits = lines.flat_map(|(index, line)| {
        let hit = forbidden.iter().filter(move |(word, _)| word.is_match(line));
        hit.map(move |(_, reason)| format!("{path}:{}: {reason}: {}", index + 1, line.trim()))
    });
    hits.collect()
}

#[test]
fn no_tracked_file_holds_a_forbidden_word() {
    if !needs("git") {
        return;
    }
    let folder = package().display().to_string();
    let listed = World::new().run("git", &["-c", "safe.directory=*", "-C", &folder, "ls-files", "-z"]).ok();
    let paths = listed.stdout().split_terminator('\0').filter(|path| *path != "Cargo.lock");
    // What cannot be read as text (an image, a file that is deleted but still listed) holds no words.
    let read = |path: &str| std::fs::read_to_string(package().join(path)).unwrap_or_default();
    let wrong = paths.flat_map(|path| findings(path, &read(path))).collect::<Vec<_>>();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn words_are_found_with_file_and_line() {
    let text = format!(
        "fine\n// {}: later\n{}!(x)\nsee /home/{}/x\nhttp://a.b/work/x, a todo list",
        concat!("TO", "DO"),
        concat!("db", "g"),
        "me"
    );
    let found = findings("a.rs", &text);
    let reasons = found.iter().map(|line| line.splitn(3, ": ").take(2).collect::<Vec<_>>().join(": "));
    assert_eq!(
        reasons.collect::<Vec<_>>(),
        [
            "a.rs:2: work left undone; finish it, or open an issue",
            "a.rs:3: a trace of debugging",
            "a.rs:4: a path of somebody's machine"
        ]
    );
}
