//! `atelier present`: a trainer's terminal is one of tmux; skipped where it is missing.

use crate::support::{Screen, World, needs};

#[test]
fn a_trainer_types_runs_looks_back_goes_on_and_leaves() {
    if !(needs("tmux") && needs("git") && needs("bash")) {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    let nobody = world.atelier(&["present", "dev2"]);
    assert_eq!(nobody.code(), 2, "{nobody}");
    let screen = Screen::open(&world, 100);
    screen.line(&format!("SHELL=sh '{}' present dev2 --instant", World::PROGRAM));
    screen.until("dev2.clone · Look at what you have");
    screen.until("you would get before you ask for it");
    screen.key("Enter");
    screen.until("dev2 $ git clone --quiet http://forge.atelier.internal:3000/dev2/postcard.git");
    let notes = world.state().join("labs/one/journal/present.json");
    let notes = std::fs::read_to_string(notes).unwrap();
    assert!(notes.contains("Let the room find in the output the two lines"), "{notes}");
    // Enter runs it; the next one types the next line, and `n` leaves that out.
    screen.key("Enter");
    screen.key("Enter");
    screen.until("dev2 $ kubectl kustomize postcard/overlays/preview");
    screen.key("n");
    screen.until("✓ dev2.clone complete");
    screen.key("!");
    screen.until("comes back");
    screen.line("echo \"I am $ATELIER_ACTOR\"");
    screen.until("I am dev2");
    screen.line("exit");
    screen.key("g");
    screen.until("go to step:");
    screen.line("deploy");
    screen.until("✓ ops.onboard_dev2 complete");
    screen.until("dev2.deploy · Push the first version");
    screen.key("b");
    screen.until("dev2.clone · Look at what you have (only shown)");
    screen.key("f");
    screen.until("there is no recording of this step");
    screen.key("q");
    screen.line("stty -a | tr ';' '\\n' | grep -ow -e '-icanon' -e '-echo' || echo as before");
    screen.until("as before");
    let listed = world.atelier(&["list", "dev2"]).ok();
    assert!(listed.stdout().contains("✓ dev2.clone"), "{listed}");
}
