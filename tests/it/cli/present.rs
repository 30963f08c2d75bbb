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
    screen.until("dev2.build · An image of your own (only shown)");
    screen.key("f");
    screen.until("there is no recording of this step");
    screen.key("q");
    screen.line("stty -a | tr ';' '\\n' | grep -ow -e '-icanon' -e '-echo' || echo as before");
    screen.until("as before");
    let listed = world.atelier(&["list", "dev2"]).ok();
    assert!(listed.stdout().contains("✓ dev2.clone"), "{listed}");
}

#[test]
fn notes_lines_that_are_changed_and_a_recording_for_when_nothing_works() {
    if !(needs("tmux") && needs("git") && needs("bash")) {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    let cast = "{\"version\":2,\"width\":100,\"height\":30}\n[0.1,\"o\",\"dev2 $ git clone\\r\\n\"]\n[0.2,\"o\",\"done\\r\\n\"]\n";
    world.write("casts/dev2.clone.cast", cast);
    let screen = Screen::open(&world, 100);
    screen.line(&format!("'{}' present dev2 --instant --fallback casts", World::PROGRAM));
    screen.until("you would get before you ask for it");
    let notes = Screen::open(&world, 80);
    notes.line(&format!("'{}' present --notes", World::PROGRAM));
    notes.until("dev2.clone · Look at what you have (step 1 of 10;");
    notes.until("Let the room find in the output the two lines");
    // A line is typed, changed, changed again, and runs; the terminal is narrower meanwhile.
    screen.key("Enter");
    screen.until("dev2 $ git clone --quiet");
    screen.key("e");
    screen.letters(" x; echo one");
    screen.key("Enter");
    screen.key("e");
    screen.resize(60);
    for _ in 0..3 {
        screen.key("BSpace");
    }
    screen.letters("two > \"$ATELIER_WORK/told\"");
    screen.key("Enter");
    screen.key("Enter");
    let told = world.state().join("labs/one/actors/dev2/work/told");
    let wait = |path: &std::path::Path| {
        let begin = std::time::Instant::now();
        while !path.exists() {
            assert!(begin.elapsed() < std::time::Duration::from_secs(60), "{}", screen.text());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    wait(&told);
    // One that does not end is broken off, with all that it has started, and nothing else ends.
    screen.key("e");
    screen.key("Home");
    screen.letters("touch \"$ATELIER_WORK/runs\"; sleep 600; ");
    screen.key("Enter");
    screen.key("Enter");
    wait(&told.with_file_name("runs"));
    screen.key("C-c");
    screen.until("broken off");
    // The connection is lost, and the next one finds the track free.
    screen.hang_up();
    let screen = Screen::open(&world, 100);
    screen.line(&format!("'{}' present dev2 --instant --fallback casts", World::PROGRAM));
    screen.until("you would get before you ask for it");
    screen.key("f");
    screen.until("(recording)");
    screen.until("▷ dev2 $ git clone");
    screen.until("▷ done");
    screen.key("C-c");
    screen.line("stty -a | tr ';' '\\n' | grep -ow -e '-icanon' -e '-echo' || echo as before");
    screen.until("as before");
    notes.key("C-c");
    let all = screen.text() + &notes.text();
    let token = world
        .shell("dev2", "cat \"$GIT_CONFIG_GLOBAL\" | sed -n 's#.*//dev2:\\([^@]*\\)@.*#\\1#p' | head -n 1")
        .ok();
    let token = token.stdout().trim().to_owned();
    assert!(token.is_empty() || !all.contains(&token), "a token is on a screen");
}
