//! Rehearsals: order, played actors, checks before and after, and going on after a cut.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};

use atelier::events::Events;
use atelier::scenario::{RehearseOptions, Report, State};
use futures::FutureExt as _;

use super::world::World;

const BOSS: &str = r#"steps:
- id: open
  title: Open the door
  explain: Open it.
  do:
  - run: echo oak > {{ vars.shared }}/door
  verify:
  - run: { id: door, cmd: "cat {{ vars.shared }}/door", save: { wood: stdout } }
- id: close
  title: Close the door
  explain: Close it.
  do:
  - run: rm {{ vars.shared }}/door
  verify:
  - run: { id: gone, cmd: "! test -e {{ vars.shared }}/door" }
"#;

const DEV: &str = r#"steps:
- id: enter
  title: Enter through {{ vars.shared }}
  needs: [boss.open]
  explain: Go in.
  do:
  - run: { cmd: "echo in >> {{ vars.shared }}/log; echo token-of-dev", show: enter, once: true }
  - run: { cmd: "touch {{ vars.shared }}/again", unless: "test -e {{ vars.shared }}/again" }
  verify:
  - run: { id: inside, cmd: "cat {{ vars.shared }}/log", expect: { stdout: { contains: in } }, save: { log: stdout } }
  - run:
      id: wood
      cmd: echo {{ facts.boss.open.door.wood }} {{ facts.enter.inside.log }}
      expect: { stdout: { matches: ^oak in$ } }
- id: sit
  title: Sit
  explain: Sit.
  do:
  - run: test {{ facts.enter.inside.log }} = in && touch {{ vars.shared }}/chair
  verify:
  - run: { id: chair, cmd: "test -e {{ vars.shared }}/chair" }
cleanup:
- run: rm -f {{ vars.shared }}/chair {{ vars.shared }}/log {{ vars.shared }}/again
"#;

async fn rehearse(world: &World, tracks: &[&str], cleanup: bool) -> Result<Report, String> {
    let tracks: Vec<_> = tracks.iter().map(|&track| track.to_owned()).collect();
    let options = RehearseOptions { cleanup, ..RehearseOptions::default() };
    world.session().rehearse(&tracks, &options).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn plays_the_other_tracks_up_to_what_is_needed() {
    let world = World::new(BOSS, DEV);
    let report = rehearse(&world, &["dev"], false).await.unwrap();
    let steps: Vec<_> =
        report.steps.iter().map(|step| (step.step.as_str(), step.played_as.as_deref())).collect();
    assert_eq!(steps, [("boss.open", Some("boss")), ("dev.enter", None), ("dev.sit", None)]);
    insta::assert_snapshot!(world.story(), @r#"
    # boss.open: Open the door (played: boss)
    boss$ echo oak > <world>/shared/door
    done
    door passed
    finished boss.open
    # dev.enter: Enter through <world>/shared
    dev$ enter
    | ***
    done
    dev$ touch <world>/shared/again
    done
    inside passed
    wood passed
    finished dev.enter
    # dev.sit: Sit
    dev$ test in = in && touch <world>/shared/chair
    done
    chair passed
    finished dev.sit
    "#);
}

#[tokio::test]
async fn a_second_rehearsal_finds_everything_complete() {
    let world = World::new(BOSS, DEV);
    rehearse(&world, &["dev"], false).await.unwrap();
    world.story();
    let report = rehearse(&world, &["dev"], false).await.unwrap();
    assert!(report.steps.iter().all(|step| step.resumed));
    assert_eq!(
        world.story(),
        "finished boss.open, from before\nfinished dev.enter, from before\nfinished dev.sit, from before"
    );
}

#[tokio::test]
async fn after_cleanup_nothing_counts_any_more() {
    let world = World::new(BOSS, DEV);
    rehearse(&world, &["dev"], true).await.unwrap();
    let states = world.session().progress("dev").unwrap();
    assert!(states.iter().all(|step| step.state == State::Pending), "{states:?}");
    assert!(!world.path("shared/chair").exists());
}

#[tokio::test]
async fn a_step_that_is_complete_before_shows_nothing() {
    let world = World::new(BOSS, DEV);
    std::fs::write(world.path("shared/door"), "elm").unwrap();
    let error = rehearse(&world, &["boss"], false).await.unwrap_err();
    assert_eq!(error, "`boss.open` is complete before anything was done: its checks show nothing");
}

#[tokio::test]
async fn a_check_that_does_not_pass_is_told_with_what_was_seen() {
    let world = World::new(BOSS, DEV);
    let steps = "steps:
- id: wait
  title: Wait
  explain: Wait.
  verify:
  - run: { id: never, cmd: \"echo no >&2; exit 3\", within: 100ms, every: 50ms, message: It does not come. }
";
    world.write_track("boss", steps);
    world.write_track("dev", "steps: []\n");
    let error = rehearse(&world, &["boss"], false).await.unwrap_err();
    let (start, end) = error.split_once(" after ").unwrap();
    assert_eq!(start, "`boss.wait` is not done");
    let end = end.split_once(": ").unwrap().1;
    assert_eq!(
        end,
        "`echo no >&2; exit 3` ends with exit code 0; last seen: It does not come. (exit code 3\n  | no)"
    );
}

#[tokio::test]
async fn what_must_not_be_repeated_is_not_repeated_after_a_cut() {
    let world = World::new(BOSS, DEV);
    rehearse(&world, &["dev"], false).await.unwrap();
    let journal = world.path("journal/dev.ndjson");
    let text = std::fs::read_to_string(&journal).unwrap();
    for lines in 0..=text.lines().count() {
        // The lab is as after the whole run, and the journal knows only its beginning.
        let cut: String = text.lines().take(lines).flat_map(|line| [line, "\n"]).collect();
        std::fs::write(&journal, cut + "{\"time\":\"20").unwrap();
        let result = rehearse(&world, &["dev"], false).await;
        let log = std::fs::read_to_string(world.path("shared/log")).unwrap();
        assert_eq!(log, "in\n", "with {lines} lines");
        let begun = text.lines().take(lines).any(|line| line.contains("\"began\""));
        let sat = text.lines().take(lines).any(|line| line.contains("\"sit\""));
        // A step that the journal has never heard of and that is complete all the same is a mistake of the material.
        assert_eq!(result.is_ok(), begun && sat, "with {lines} lines: {result:?}");
    }
}

/// The driver dies at an event, before anything else can happen, and another one goes on.
#[tokio::test]
async fn a_driver_that_dies_anywhere_is_followed_by_one_that_loses_and_repeats_nothing() {
    let count = {
        let world = World::new(BOSS, DEV);
        rehearse(&world, &["dev", "boss"], false).await.unwrap();
        world.events.lock().unwrap().len()
    };
    assert!(count > 20, "{count} events");
    for last in 0..count {
        let world = World::new(BOSS, DEV);
        let mut session = world.session();
        let (told, seen) = (session.events.clone(), AtomicUsize::new(0));
        session.events = Events::to(move |event| {
            told.send(event);
            if seen.fetch_add(1, Ordering::Relaxed) == last {
                std::panic::resume_unwind(Box::new("killed"));
            }
        });
        let tracks = ["dev".to_owned(), "boss".to_owned()];
        let options = RehearseOptions::default();
        let died = AssertUnwindSafe(session.rehearse(&tracks, &options)).catch_unwind().await;
        assert!(died.is_err(), "at event {last}");
        let before = world.story();
        let report = rehearse(&world, &["dev", "boss"], false).await;
        let report = report.unwrap_or_else(|error| panic!("at event {last}: {error}\n{before}"));
        let after = world.story();
        assert_eq!(std::fs::read_to_string(world.path("shared/log")).unwrap(), "in\n", "at event {last}");
        let complete = |name: &str| before.contains(&format!("finished {name}"));
        for step in report.steps {
            // What was done, and not written down, is found by looking.
            assert!(step.resumed || !complete(&step.step), "at event {last}: {}", step.step);
            let again = after.contains(&format!("# {}:", step.step));
            assert!(!(step.resumed && again), "at event {last}: {} is done a second time", step.step);
        }
        let facts = std::fs::read_to_string(world.path("journal/dev.ndjson")).unwrap();
        assert!(facts.contains(r#""inside":{"log":"in"}"#), "at event {last}: {facts}");
    }
}

#[tokio::test]
async fn a_failing_action_is_named_and_secrets_are_not() {
    let steps = r#"steps:
- id: fail
  title: Fail
  explain: Fail.
  do:
  - run: { cmd: "echo token-of-dev >&2; exit 4", show: fail }
  verify:
  - run: { id: never, cmd: "false" }
"#;
    let world = World::new("steps: []\n", steps);
    let error = world.session().rehearse(&["dev".to_owned()], &RehearseOptions::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "`dev.fail` stopped at `fail`");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "expected exit code 0, got exit code 4\n  | ***");
    let journal = std::fs::read_to_string(world.path("journal/dev.ndjson")).unwrap();
    assert!(journal.contains("got exit code 4") && !journal.contains("token-of-dev"), "{journal}");
}

#[tokio::test]
async fn chance_chooses_the_track_and_the_same_seed_chooses_the_same_way() {
    let mut orders = std::collections::BTreeSet::new();
    for seed in [1, 1, 2, 3, 4, 5] {
        let world = World::new(
            BOSS,
            &DEV.replace("  needs: [boss.open]\n", "").replace("{{ facts.boss.open.door.wood }}", "oak"),
        );
        let options = RehearseOptions { seed: Some(seed), ..RehearseOptions::default() };
        let tracks = ["boss".to_owned(), "dev".to_owned()];
        let report = world.session().rehearse(&tracks, &options).await.unwrap();
        let steps: Vec<_> = report.steps.into_iter().map(|step| step.step).collect();
        for track in ["boss.open boss.close", "dev.enter dev.sit"] {
            let (first, second) = track.split_once(' ').unwrap();
            let place = |name: &str| steps.iter().position(|step| step == name).unwrap();
            assert!(place(first) < place(second), "{steps:?}");
        }
        orders.insert((seed, steps));
    }
    assert_eq!(orders.len(), 5, "one seed, one order");
    let different: std::collections::BTreeSet<_> = orders.into_iter().map(|(_, steps)| steps).collect();
    assert!(different.len() > 1, "chance makes a difference");
}

#[tokio::test]
async fn an_unknown_track_is_named() {
    let world = World::new(BOSS, DEV);
    let error = rehearse(&world, &["devv"], false).await.unwrap_err();
    assert_eq!(error, "the workshop `small` has no track `devv`; it has: boss, dev");
}
