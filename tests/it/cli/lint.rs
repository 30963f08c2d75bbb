//! `atelier lint`: mistakes are told with file, line, column and advice.

use crate::support::World;
use crate::support::source::package;

/// A copy of the shipped material with one line changed.
fn broken(world: &World, file: &str, line: &str, instead: &str) -> String {
    let shipped = package().join("scenarios").display().to_string();
    let copy = world.work().join("scenarios");
    world.run("cp", &["-R", &shipped, &copy.display().to_string()]).ok();
    let text = std::fs::read_to_string(copy.join(file)).unwrap();
    assert!(text.contains(line), "the line is there to be changed");
    std::fs::write(copy.join(file), text.replacen(line, instead, 1)).unwrap();
    "scenarios".to_owned()
}

#[test]
fn the_shipped_material_is_clean() {
    let world = World::new();
    world.atelier(&["lint", &package().join("scenarios").display().to_string()]).ok();
}

#[test]
fn a_misspelt_field_an_unknown_step_and_an_undefined_variable_are_found() {
    let cases = [
        ("one/dev2.yaml", "  estimated: 5m", "  estimatd: 5m", ["estimatd", "estimated"]),
        (
            "one/dev2.yaml",
            "[ops.onboard_dev2]",
            "[ops.onboard_dev22]",
            ["ops.onboard_dev22", "ops.onboard_dev2"],
        ),
        ("one/dev2.yaml", "{{ vars.app }}", "{{ vars.ap }}", ["vars.ap", "app"]),
    ];
    let place = regex::Regex::new(r"one/dev2\.yaml:\d+:\d+").unwrap();
    for (file, line, instead, words) in cases {
        let world = World::new();
        let folder = broken(&world, file, line, instead);
        let ran = world.atelier(&["lint", &folder, "--plain"]);
        assert_eq!(ran.code(), 3, "{ran}");
        let text = ran.to_string();
        assert!(place.is_match(&text), "{text}");
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
}
