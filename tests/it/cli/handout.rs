//! `atelier handout`: a workshop on paper, without a lab.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::json;

use crate::support::World;

const WORKSHOP: &str = r#"apiVersion: atelier/v1
kind: Workshop
id: tiny
title: A tiny workshop
summary: Two people, **one** door.
platforms: [embedded]
actors: { boss: { full_name: Bea Boss }, dev: {} }
tracks: { boss: { title: The boss }, dev: { title: The developer } }
repositories: [ { owner: dev, name: site } ]
env: { tools: { git: ">=2.30" } }
glossary:
  door: What one goes through, see [pull request](#pull-request).
  pull request:
    also: [pull requests]
    text: |
      A change that waits
      at the [door](#door).
"#;

const BOSS: &str = r#"apiVersion: atelier/v1
kind: Scenario
id: boss
title: Open
estimated: 5m
steps:
- id: open
  title: Open the door
  estimated: 5m
  explain: |
    Open the [door](#door), at {{ registry.local }}.
  do: [ { run: touch door } ]
  verify:
  - run: { id: there, title: the door is open, cmd: ls door, save: { name: stdout } }
  - answer: { id: colour, ask: Which colour has it?, accept: [red], given: red }
  hints: [ Push. ]
  solution: "`touch door`"
"#;

const DEV: &str = r#"apiVersion: atelier/v1
kind: Scenario
id: dev
title: Walk
estimated: 10m
steps:
- id: walk
  title: Go through & on
  needs: [boss.open]
  explain: Write a page, and open one of the [pull requests](#pull-request).
  do:
  - commit:
      repo: site
      message: "page: {{ facts.boss.open.there.name }}"
      files: [ { path: page.yaml, content: "a: 1 < 2\nb:\n  c: 3\n" } ]
  - pull_request: { repo: site, head: next }
  verify:
  - git: { id: pushed, repo: site, file: page.yaml, save: { commit: commit.sha } }
  - flux: { kustomization: dev/site, revision: "{{ facts.walk.pushed.commit }}" }
  hints: [ "Is it on `main`?", { when: pushed.commit.sha != '', text: "It is {{ pushed.commit.sha }}." } ]
- id: rest
  title: Rest
  style: challenge
  explain: Rest.
  do: [ { run: sleep 1 } ]
  verify: [ { run: { title: "nobody runs from {{ facts.walk.pushed.commit }}", cmd: "true" } } ]
  hints: [ Sit. ]
  notes: Coffee.
"#;

fn tiny() -> World {
    let world = World::new();
    world.write("library/tiny/workshop.yaml", WORKSHOP);
    world.write("library/tiny/boss.yaml", BOSS);
    world.write("library/tiny/dev.yaml", DEV);
    world.set("ATELIER_SCENARIOS", "library");
    world
}

#[test]
fn a_handout_is_whole_and_tells_what_only_a_lab_knows() {
    let world = tiny();
    insta::assert_snapshot!(world.atelier(&["handout", "tiny", "--format", "markdown"]).ok().stdout(), @r#"
    "#);
}

#[test]
fn solutions_are_for_trainers() {
    let world = tiny();
    let page = world.atelier(&["handout", "dev", "--solutions"]).ok();
    insta::assert_snapshot!(page.stdout().split_once("</style>\n</head>\n").unwrap().1, @r##"
    "##);
    let plain = world.atelier(&["handout", "dev"]).ok();
    for secret in ["sleep 1", "Coffee", "For the trainer"] {
        assert!(!plain.stdout().contains(secret), "{secret} in {plain}");
    }
}

#[test]
fn the_shipped_workshops_stand_alone_on_paper() {
    let world = World::new();
    let target = Regex::new(r##"href="([^"]*)""##).unwrap();
    let place = Regex::new(r##" id="([^"]*)""##).unwrap();
    for (name, steps) in [("one", 37), ("first_steps", 7)] {
        let page = world.atelier(&["handout", name, "--solutions"]).ok();
        let html = page.stdout();
        let places: BTreeSet<_> = place.captures_iter(html).map(|found| found[1].to_owned()).collect();
        assert_eq!(places.len(), place.captures_iter(html).count(), "every id is there once");
        let targets: BTreeSet<_> = target.captures_iter(html).map(|found| found[1].to_owned()).collect();
        let nowhere: Vec<_> =
            targets.iter().filter(|target| !places.contains(target.trim_start_matches('#'))).collect();
        assert_eq!(nowhere, Vec::<&String>::new(), "every link leads into the page");
        for outside in ["<script", "<link", "<img", "src=", "@import", "url(http", "{{", "](#"] {
            assert!(!html.contains(outside), "{name}: {outside}");
        }
        assert_eq!(html.matches("<article class=\"step\"").count(), steps, "{name}");
        // A commit's number is told as what is not known, or not at all, and never as a part of those words.
        let cut = Regex::new(r"\(known i(?:[^n]|n [^t])").unwrap();
        assert_eq!(cut.find(html).map(|found| found.as_str()), None, "{name}");
    }
    assert!(!world.state().exists(), "nothing is made");
}

#[test]
fn it_is_written_where_and_how_one_wants() {
    let world = World::new();
    insta::assert_snapshot!(world.atelier(&["handout", "steps", "--output", "steps.md"]), @"
    $ atelier handout steps --output steps.md
    --- stderr
    steps.md: 7 steps of steps
    --- exit code 0
    ");
    let text = std::fs::read_to_string(world.work().join("steps.md")).unwrap();
    assert!(text.starts_with("# First steps with an operator\n"), "{text}");
    let told = world.atelier(&["--json", "handout", "one", "ops", "dev2"]).ok().json();
    assert_eq!(told["tracks"][0]["name"], "ops");
    assert_eq!(told["tracks"][1]["steps"].as_array().unwrap().len(), 10);
    assert_eq!(told["gates"][0], json!({"step": "ops.patch", "needs": "dev1.release"}));
    for (names, said) in [
        (
            vec!["ops", "dev9"],
            "error: `dev9` is neither a workshop nor a track of `one`\nhint: workshops are first_steps, one; tracks of `one` are dev1, dev2, ops",
        ),
        (
            vec!["one", "first_steps"],
            "error: a handout is of one workshop, and these are one, first_steps\nhint: write one handout for each",
        ),
        (
            vec!["--output", "no/where.html"],
            "error: `no/where.html` cannot be written: No such file or directory (os error 2)\nhint: name a file in a folder that is there and that you can write to",
        ),
    ] {
        let ran = world.atelier(&[vec!["handout"], names].concat());
        assert_eq!(ran.stderr().trim_end(), said);
        assert_ne!(ran.code(), 0);
    }
}
