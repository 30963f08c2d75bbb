//! Learning: what is shown, what is watched, and every command of the learner.

use atelier::events::Event;
use atelier::scenario::{Control, LearnOptions, LearnOutcome, State};
use tokio::sync::mpsc;

use super::world::World;

const BOSS: &str = r#"steps:
- id: open
  title: Open the door
  explain: Open it.
  do:
  - run: touch {{ vars.shared }}/door
  verify:
  - run: { id: door, cmd: "test -e {{ vars.shared }}/door", every: 50ms }
"#;

const DEV: &str = r#"steps:
- id: enter
  title: Enter
  needs: [boss.open]
  while_waiting: Knock.
  explain: Go in.
  do:
  - run: touch {{ vars.shared }}/in
  verify:
  - run: { id: inside, cmd: "test -e {{ vars.shared }}/in || { echo out; exit 1; }", every: 50ms }
  hints:
  - Is the door open?
  - { when: "inside.exit == 1", text: "You are {{ inside.stdout }}." }
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

/// An event that a learner reacts to, and how.
type Cue = (fn(&Event) -> bool, Control);

/// Sends a command whenever an event of a kind comes, in this order.
fn script(world: &World, steps: Vec<Cue>) -> (atelier::scenario::Session, mpsc::Receiver<Control>) {
    let (sender, receiver) = mpsc::channel(16);
    let mut session = world.session();
    let told = session.events.clone();
    let steps = std::sync::Mutex::new(std::collections::VecDeque::from(steps));
    session.events = atelier::events::Events::to(move |event| {
        let mut steps = steps.lock().unwrap();
        if steps.front().is_some_and(|(fits, _)| fits(&event)) {
            let (_, control) = steps.pop_front().unwrap();
            sender.try_send(control).unwrap();
        }
        told.send(event);
    });
    (session, receiver)
}

fn waits(event: &Event) -> bool {
    matches!(event, Event::CheckWaiting { .. })
}

fn gated(event: &Event) -> bool {
    matches!(event, Event::StepGated { .. })
}

fn hinted(event: &Event) -> bool {
    matches!(event, Event::Hint { .. })
}

fn explained(event: &Event) -> bool {
    matches!(event, Event::Chain { detailed: true, .. })
}

fn noted(event: &Event) -> bool {
    matches!(event, Event::Note { .. })
}

#[tokio::test]
async fn goes_through_a_track_by_commands() {
    let world = World::new(BOSS, DEV);
    let commands: Vec<Cue> = vec![
        (gated, Control::Play),
        (|event| matches!(event, Event::CheckWaiting { check, .. } if check == "inside"), Control::Hint),
        (hinted, Control::Hint),
        (hinted, Control::Hint),
        (noted, Control::Why),
        (explained, Control::Solve),
        (waits, Control::Answer("elm".to_owned())),
        (waits, Control::Answer("Oak".to_owned())),
        (waits, Control::Skip),
    ];
    let (session, control) = script(&world, commands);
    let outcome = session.learn("dev", control, &LearnOptions::default()).await.unwrap();
    assert_eq!(outcome, LearnOutcome::Finished);
    insta::assert_snapshot!(world.story(), @r#"
    dev.enter waits for ["boss.open"] Some("Knock.")
    # boss.open: Open the door (played: boss)
    boss$ touch <world>/shared/door
    done
    door passed
    finished boss.open
    # dev.enter: Enter
    type ["touch <world>/shared/in"]
    chain: [inside]
    inside waits: exit code 1
      | out
    hint: You are out.
    hint: Is the door open?
    note:     there are no more hints; `w` says what is missing, `s` does the step for you
    chain: [inside: `test -e <world>/shared/in || { echo out; exit 1; }` ends with exit code 0: exit code 1
      | out]
    dev$ touch <world>/shared/in
    done
    inside passed
    finished dev.enter
    # dev.name: Name it
    chain: [word]
    word waits: no answer yet
    word waits: not "elm"
    word passed
    finished dev.name
    # dev.leave: Leave
    chain: [never]
    never waits: exit code 1
    skipped dev.leave
    "#);
    let states: Vec<_> =
        world.session().progress("dev").unwrap().into_iter().map(|step| step.state).collect();
    assert_eq!(states, [State::Complete, State::Complete, State::Skipped]);
}

#[tokio::test]
async fn looking_around_changes_nothing_and_a_step_can_begin_again() {
    let world = World::new(BOSS, DEV);
    let options = LearnOptions { play: vec!["others".to_owned()] };
    let commands: Vec<Cue> = vec![
        (|event| matches!(event, Event::CheckWaiting { check, .. } if check == "inside"), Control::Solve),
        (|event| matches!(event, Event::CheckWaiting { check, .. } if check == "word"), Control::List),
        (noted, Control::Back),
        (|event| matches!(event, Event::StepRecalled { .. }), Control::Back),
        (noted, Control::Reset),
    ];
    let (session, control) = script(&world, commands);
    let outcome = session.learn("dev", control, &options).await.unwrap();
    assert_eq!(outcome, LearnOutcome::Reset { step: "dev.name".to_owned() });
    let story = world.story();
    insta::assert_snapshot!(story.split_once("# dev.name").unwrap().1, @r"
    : Name it
    chain: [word]
    word waits: no answer yet
    note:     ✓ dev.enter: Enter
    note:     … dev.name: Name it
    note:     · dev.leave: Leave
    again dev.enter: Enter: Go in.
    note:     this was the first step
    ");
    // The learner's reset of the step, and the same session goes on.
    let plan = session.plan_reset("dev", "name").await.unwrap();
    assert_eq!(plan.steps, ["dev.name"]);
    session.reset(&plan).await.unwrap();
    let (session, control) = script(&world, vec![(waits, Control::Quit)]);
    let outcome = session.learn("dev", control, &options).await.unwrap();
    assert_eq!(outcome, LearnOutcome::Left { step: "dev.name".to_owned() });
}

#[tokio::test]
async fn what_is_left_is_taken_up_again() {
    let world = World::new(BOSS, DEV);
    let options = LearnOptions { play: vec!["others".to_owned()] };
    let commands: Vec<Cue> = vec![(
        |event| matches!(event, Event::CheckWaiting { check, .. } if check == "inside"),
        Control::Quit,
    )];
    let (session, control) = script(&world, commands);
    let outcome = session.learn("dev", control, &options).await.unwrap();
    assert_eq!(outcome, LearnOutcome::Left { step: "dev.enter".to_owned() });
    world.story();
    // The learner works on while nobody watches.
    std::fs::write(world.path("shared/in"), "").unwrap();
    let (session, control) = script(&world, vec![(waits, Control::Quit)]);
    let outcome = session.learn("dev", control, &options).await.unwrap();
    assert_eq!(outcome, LearnOutcome::Left { step: "dev.name".to_owned() });
    insta::assert_snapshot!(world.story(), @r#"
    finished dev.enter, from before
    # dev.name: Name it
    chain: [word]
    word waits: no answer yet
    "#);
}

#[tokio::test]
async fn a_gate_opens_when_somebody_else_has_done_it() {
    let world = World::new(BOSS, DEV);
    let door = world.path("shared/door");
    let (session, control) = script(
        &world,
        vec![(
            |event| matches!(event, Event::CheckWaiting { check, .. } if check == "inside"),
            Control::Quit,
        )],
    );
    let options = LearnOptions::default();
    let work = session.learn("dev", control, &options);
    let other = async {
        while !world.events.lock().unwrap().iter().any(gated) {
            tokio::task::yield_now().await;
        }
        std::fs::write(door, "").unwrap();
    };
    let (outcome, ()) = tokio::join!(work, other);
    assert_eq!(outcome.unwrap(), LearnOutcome::Left { step: "dev.enter".to_owned() });
}

#[tokio::test]
async fn a_trainer_goes_on_without_those_who_are_waited_for() {
    let world = World::new(BOSS, DEV);
    let commands: Vec<Cue> = vec![
        (gated, Control::Open),
        (|event| matches!(event, Event::CheckWaiting { check, .. } if check == "inside"), Control::Quit),
    ];
    let (session, control) = script(&world, commands);
    let outcome = session.learn("dev", control, &LearnOptions::default()).await.unwrap();
    assert_eq!(outcome, LearnOutcome::Left { step: "dev.enter".to_owned() });
    let story = world.story();
    assert!(story.contains("note:     boss.open is not waited for\n# dev.enter: Enter"), "{story}");
}

#[tokio::test]
async fn two_at_once_are_told_of_each_other() {
    let world = World::new("steps: []\n", "steps: []\n");
    let (_sender, control) = mpsc::channel(1);
    world.write_track("dev", DEV.replace("  needs: [boss.open]\n", "").as_str());
    let session = world.session();
    let second = world.session();
    let options = LearnOptions::default();
    let first = session.learn("dev", control, &options);
    tokio::pin!(first);
    let started = async {
        while !world.events.lock().unwrap().iter().any(waits) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { result = &mut first => panic!("{result:?}"), () = started => () }
    let (_sender, control) = mpsc::channel(1);
    let error = second.learn("dev", control, &options).await.unwrap_err().to_string();
    assert!(error.starts_with("the track `dev` is held by process "), "{error}");
}
