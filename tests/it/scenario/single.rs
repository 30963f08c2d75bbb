//! One thing at a time: the same steps as on the interactive screen, by single commands, each in a process of its own.

use atelier::scenario::{Looked, State};

use super::world::World;

const BOSS: &str = r#"steps:
- id: open
  title: Open the door
  explain: Open it.
  do:
  - run: touch {{ vars.shared }}/door
  verify:
  - run: { id: door, cmd: "test -e {{ vars.shared }}/door" }
"#;

const DEV: &str = r#"steps:
- id: clean
  title: Clean up
  explain: Take the dust away.
  do:
  - run: rm -f {{ vars.shared }}/dust
  verify:
  - run: { id: clean, cmd: "test ! -e {{ vars.shared }}/dust || { echo dusty; exit 1; }" }
  hints:
  - Is there a broom?
  - { when: "clean.exit == 1", text: "It is {{ clean.stdout }}." }
- id: enter
  title: Enter
  needs: [boss.open]
  while_waiting: Knock.
  explain: Go in.
  do:
  - run: touch {{ vars.shared }}/in
  verify:
  - run: { id: inside, cmd: "test -e {{ vars.shared }}/in" }
- id: name
  title: Name it
  style: challenge
  explain: Say it.
  verify:
  - answer: { id: word, ask: Which wood?, accept: ["(?i)^oak$"], given: oak }
- id: leave
  title: Leave
  explain: Go.
  verify:
  - run: { id: never, cmd: "false" }
"#;

#[tokio::test]
async fn a_track_can_be_done_by_single_commands() {
    let world = World::new(BOSS, DEV);
    std::fs::write(world.path("shared/dust"), "").unwrap();
    assert!(world.session().show_next("dev").await.unwrap());
    for _ in 0..2 {
        assert!(world.session().hint("dev").await.unwrap());
    }
    assert!(!world.session().hint("dev").await.unwrap(), "every hint is given once, over all commands");
    let looked = world.session().check("dev", None).await.unwrap();
    let Looked::NotDone { step, check, observed, .. } = looked else { panic!("{looked:?}") };
    assert_eq!(
        (step.as_str(), check.as_str(), observed.as_str()),
        ("dev.clean", "clean", "exit code 1\n  | dusty")
    );
    std::fs::remove_file(world.path("shared/dust")).unwrap();
    assert_eq!(
        world.session().check("dev", None).await.unwrap(),
        Looked::Complete { step: "dev.clean".to_owned() }
    );
    insta::assert_snapshot!(world.story(), @r#"
    # dev.clean: Clean up
    type ["rm -f <world>/shared/dust"]
    hint: It is dusty.
    hint: Is there a broom?
    finished dev.clean
    "#);
    let error = world.session().check("dev", None).await.unwrap_err();
    assert_eq!(error.to_string(), "`dev.enter` waits for boss.open");
    assert!(world.session().why("dev").await.unwrap());
    assert_eq!(world.session().solve("dev", None).await.unwrap(), ["boss.open", "dev.enter"]);
    let wrong = world.session().check("dev", Some("elm")).await.unwrap();
    assert!(matches!(wrong, Looked::NotDone { ref observed, .. } if observed == "not \"elm\""), "{wrong:?}");
    assert!(matches!(world.session().check("dev", Some("Oak")).await.unwrap(), Looked::Complete { .. }));
    assert_eq!(world.session().skip("dev").await.unwrap().as_deref(), Some("dev.leave"));
    assert_eq!(world.session().check("dev", None).await.unwrap(), Looked::Finished);
    assert!(!world.session().show_next("dev").await.unwrap());
    insta::assert_snapshot!(world.story(), @r#"
    dev.enter waits for ["boss.open"] Some("Knock.")
    finished dev.clean, from before
    # boss.open: Open the door (played: boss)
    boss$ touch <world>/shared/door
    done
    door passed
    finished boss.open
    # dev.enter: Enter
    dev$ touch <world>/shared/in
    done
    inside passed
    finished dev.enter
    finished dev.name
    skipped dev.leave
    "#);
    let states: Vec<_> =
        world.session().progress("dev").unwrap().into_iter().map(|step| step.state).collect();
    assert_eq!(states, [State::Complete, State::Complete, State::Complete, State::Skipped]);
}

#[tokio::test]
async fn somebody_late_is_brought_to_a_step() {
    let world = World::new(BOSS, DEV);
    std::fs::write(world.path("shared/dust"), "").unwrap();
    assert_eq!(
        world.session().solve("dev", Some("enter")).await.unwrap(),
        ["dev.clean", "boss.open", "dev.enter"]
    );
    let error = world.session().solve("dev", Some("entry")).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no step `dev.entry`; the track has: clean, enter, name, leave");
}

#[tokio::test]
async fn what_cannot_be_done_here_is_left_out_with_the_reason() {
    let dev = r#"steps:
- id: real
  title: Real
  requires: { platforms: [k3d] }
  explain: Real.
  verify:
  - run: { cmd: "false" }
- id: tool
  title: Tool
  requires: { tools: { no-such-tool: ">=1" } }
  explain: Tool.
  verify:
  - run: { cmd: "false" }
- id: old
  title: Old
  requires: { tools: { git: ">=99" } }
  explain: Old.
  verify:
  - run: { cmd: "false" }
- id: fine
  title: Fine
  requires: { platforms: [k3d, embedded], tools: { git: ">=1" } }
  explain: Fine.
  do: [ { run: "touch {{ vars.shared }}/fine" } ]
  verify:
  - run: { cmd: "test -e {{ vars.shared }}/fine" }
"#;
    let boss = r#"steps:
- id: after
  title: After
  needs: [dev.real]
  explain: After.
  verify:
  - run: { cmd: "false" }
"#;
    let world = World::new(boss, dev);
    let mut reasons = Vec::new();
    let options = atelier::scenario::RehearseOptions::default();
    let report = world.session().rehearse(&["dev".to_owned(), "boss".to_owned()], &options).await.unwrap();
    let version = regex::Regex::new(r"there is \d+\.\d+(\.\d+)?").unwrap();
    for step in report.steps {
        let reason = step.skipped.unwrap_or_default();
        let reason = version.replace(&reason, "there is <version>");
        reasons.push(format!("{}: {reason}", step.step));
    }
    assert_eq!(
        reasons,
        [
            "dev.real: it needs the platform `k3d`, and this lab is on `embedded`",
            "dev.tool: `no-such-tool` >=1 is needed, and it was not found on PATH",
            "dev.old: `git` >=99 is needed, and there is <version>",
            "dev.fine: ",
            "boss.after: it needs dev.real, which is left out: it needs the platform `k3d`, and this lab is on `embedded`",
        ]
    );
    world.write_track("boss", &format!("requires: {{ tools: {{ no-such-tool: '>=1' }} }}\n{boss}"));
    let error = world.session().rehearse(&["boss".to_owned()], &options).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the track `boss` cannot be done here: `no-such-tool` >=1 is needed, and it was not found on PATH"
    );
}
