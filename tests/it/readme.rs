//! What the README says about the program and the material is so.

use std::collections::BTreeSet;

use atelier::scenario::Library;
use regex::Regex;

use crate::support::World;
use crate::support::source::package;

fn read(path: &str) -> String {
    std::fs::read_to_string(package().join(path)).unwrap()
}

/// The rows of tables whose first cell is a number: exit codes and their meaning.
fn codes(text: &str) -> Vec<String> {
    let row = Regex::new(r"\| \d+ \| [^|]+ \|").unwrap();
    row.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

#[test]
fn exit_codes_are_those_of_the_program() {
    let documented = codes(&read("src/error.rs"));
    assert!(documented.len() > 5, "there is a table");
    assert_eq!(codes(&read("README.md")), documented);
}

#[test]
fn every_command_in_it_exists_and_every_command_is_in_it() {
    let help = World::new().atelier(&["--help"]).ok();
    let listed = help.stdout().split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    // A longer description goes on below itself, further in.
    let names =
        listed.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let commands = names.filter_map(|line| line.split_whitespace().next()).collect::<BTreeSet<_>>();
    assert!(commands.contains("up"), "{help}");
    let readme = read("README.md");
    let mention = Regex::new(r"(?:`|    |\()atelier (?:--[a-z]+ [A-Z]+ )?([a-z]+)").unwrap();
    let told =
        mention.captures_iter(&readme).map(|found| found.get(1).unwrap().as_str()).collect::<BTreeSet<_>>();
    // `make bench` calls it; nobody else needs to.
    let quiet = BTreeSet::from(["bench"]);
    assert_eq!(told, &commands - &quiet);
}

#[test]
fn tracks_and_steps_are_those_of_the_workshop() {
    let workshop = Library::directory(&package().join("scenarios")).workshop("one").unwrap();
    let readme = read("README.md");
    for (track, scenario) in &workshop.scenarios {
        let steps = scenario.steps.iter().map(|step| step.id.value.as_str()).collect::<Vec<_>>().join(", ");
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{track}` |")));
        assert!(
            row.is_some_and(|row| row.ends_with(&format!("| {steps} |"))),
            "{track}: {steps}, not {row:?}"
        );
    }
}
