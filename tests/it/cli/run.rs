//! What all commands have in common at their end: the exit code when nobody reads, and plain text without a terminal.

use crate::support::World;

/// The exit code of the built program whose standard output is treated as `script` says; `$0` is the program.
fn code(world: &World, script: &str) -> i32 {
    world.run("bash", &["-o", "pipefail", "-c", script, World::PROGRAM]).code()
}

#[test]
fn a_reader_that_went_away_is_no_failure_and_a_full_disk_is_one() {
    let world = World::new();
    for words in ["status", "status --json", "lint", "lint --json", "--help", "up --help"] {
        assert_eq!(code(&world, &format!("\"$0\" {words} | true")), 0, "{words}");
        assert_eq!(code(&world, &format!("\"$0\" {words} >&-")), 0, "{words}");
    }
    if std::path::Path::new("/dev/full").exists() {
        assert_eq!(code(&world, "\"$0\" status >/dev/full"), 4);
    }
}

#[test]
fn without_a_terminal_there_are_no_colours() {
    let world = World::new();
    for words in [&["lint"][..], &["status"], &["status", "--plain"], &["--help"], &["stop"]] {
        let ran = world.atelier(words);
        assert!(!ran.to_string().contains('\u{1b}'), "{ran}");
    }
}

#[test]
fn a_failure_is_a_document_where_documents_are_asked_for() {
    let world = World::new();
    let ran = world.atelier(&["stop", "--json"]);
    assert_eq!(ran.code(), 2);
    assert_eq!(
        ran.json(),
        serde_json::json!({"error": {"message": "there is no lab `one`", "causes": [], "exit_code": 2,
            "hints": ["`atelier up` makes it; `atelier status` lists the labs there are"]}})
    );
}
