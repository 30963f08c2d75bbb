//! `atelier explain`, and the formats of `atelier lint` that name its codes.

use serde_json::Value;

use crate::support::World;

#[test]
fn every_code_is_listed_and_each_is_explained() {
    let world = World::new();
    let listed = world.atelier(&["explain"]).ok();
    let codes: Vec<_> =
        listed.stdout().lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect();
    assert!(codes.len() > 25 && codes.is_sorted(), "{codes:?}");
    insta::assert_snapshot!(world.atelier(&["explain", "w202"]).to_string(), @r"
    $ atelier explain w202
    W202: a name is not defined

    Known are `vars`, `actor`, `git`, `forge`, `registry`, `work`, `cluster` and
    `facts`; in hints and messages also the checks of the step by their ids.
    --- exit code 0
    ");
    insta::assert_snapshot!(world.atelier(&["explain", "W999"]).to_string(), @r"
    $ atelier explain W999
    --- stderr
    error: there is no code `W999`
    hint: `atelier explain` lists all codes
    --- exit code 2
    ");
}

#[test]
fn findings_are_written_for_machines() {
    let world = World::new();
    world.write("w/workshop.yaml", "apiVersion: atelier/v1\nkind: Workshop\nid: w\ntitle: W\nactors: { dev: {} }\ntracks: { dev: { title: Dev } }\n");
    world.write("w/dev.yaml", "apiVersion: atelier/v1\nkind: Scenario\nid: dev\ntitle: Dev\nsteps:\n- id: a-b\n  title: A\n  explain: 100% {{ vars.x }}\n  verify: [ { run: 'true' } ]\n");
    world.write("w/dev.yaml", "apiVersion: atelier/v1\nkind: Scenario\nid: dev\ntitle: Dev\nsteps:\n- id: a-b\n  title: A\n  explain: 100% {{ vars.x }}\n  verify: [ { run: { cmd: 'true' } } ]\n  hints: [h]\n");
    let github = world.atelier(&["lint", "w", "--format", "github"]);
    insta::assert_snapshot!(github.stdout(), @r"
    ::error file=w/dev.yaml,line=6,col=7,title=W102::`a-b` is not an id%0Awrite small letters, digits and `_`, a letter first: templates read `-` as minus
    ::error file=w/dev.yaml,line=8,col=25,title=W202::`vars.x` is not defined%0Adefined here: nothing
    ");
    let sarif: Value = world.atelier(&["lint", "w", "--format", "sarif"]).json();
    let run = &sarif["runs"][0];
    assert_eq!(run["results"][0]["ruleId"], "W102");
    assert_eq!(
        run["results"][1]["locations"][0]["physicalLocation"]["region"],
        serde_json::json!({"startLine": 8, "startColumn": 25})
    );
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["id"] == "W102"), "{rules:?}");
}
