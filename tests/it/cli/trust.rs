//! `--trust`, and the question before the first command of a workshop from elsewhere.

use crate::support::{Screen, World, needs};

const WORKSHOP: &str = "apiVersion: atelier/v1\nkind: Workshop\nid: w\ntitle: W\nactors: { dev: {} }\ntracks: { dev: { title: Dev } }\noperator: false\n";
const TRACK: &str = "apiVersion: atelier/v1\nkind: Scenario\nid: dev\ntitle: Dev\nsteps:\n- id: one\n  title: One\n  explain: One.\n  do:\n  - run: touch one\n  verify:\n  - run: { cmd: test -e one, every: 50ms }\ncleanup:\n- run: rm one\n";

#[test]
fn a_person_is_shown_what_would_run_and_asked_and_asked_again_when_it_changes() {
    if !(needs("tmux") && needs("bash")) {
        return;
    }
    let world = World::new();
    world.write("w/workshop.yaml", WORKSHOP);
    world.write("w/dev.yaml", TRACK);
    world.atelier(&["--scenarios", "w", "--workshop", "w", "up"]).ok();
    let screen = Screen::open(&world, 100);
    let rehearse = format!("'{}' --workshop w rehearse --all", World::PROGRAM);
    screen.line(&rehearse);
    let shown = screen.until("Do you trust it? [y/N]");
    let shown = shown.split_once("The workshop").unwrap().1;
    insta::assert_snapshot!(shown, @r"
     W did not come with this program. Its commands run on this machine, as you, in
    folders of the lab:

    - dev.one: touch one
    - dev.one: test -e one
    - dev.cleanup: rm one
    Do you trust it? [y/N]
    ");
    screen.line("");
    screen.until("is not trusted");
    assert!(!world.state().join("labs/w/actors/dev/work/one").exists(), "nothing has run");
    screen.line(&rehearse);
    screen.until("Do you trust it? [y/N]");
    screen.line("y");
    screen.until("every check passed");
    // It is remembered, and not for something else.
    world.atelier(&["--workshop", "w", "list"]).ok();
    world.write("w/dev.yaml", &TRACK.replace("rm one", "rm -rf one"));
    let ran = world.atelier(&["--workshop", "w", "list"]);
    assert_eq!(ran.code(), 8, "{ran}");
    world.atelier(&["--workshop", "w", "list", "--trust"]).ok();
}
