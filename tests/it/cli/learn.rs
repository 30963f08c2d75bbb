//! `atelier learn`: shows a step, and sees what the learner has done in a shell of his own. A person's terminal is
//! one of tmux; these tests are skipped where it is missing.

use crate::support::{Screen, World, needs};

/// What a learner has on PATH besides the program, and its lab.
fn lab() -> Option<World> {
    if !(needs("tmux") && needs("git") && needs("bash")) {
        return None;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    Some(world)
}

const CLONE: &str =
    "cd \"$ATELIER_WORK\"; git clone --quiet http://forge.atelier.internal:3000/dev2/postcard.git";

/// A shell beside the screen, in the clone.
fn git(world: &World, lines: &str) {
    world.shell("dev2", &format!("cd \"$ATELIER_WORK/postcard\"\n{lines}")).ok();
}

fn learn(screen: &Screen<'_>, words: &str) {
    screen.line(&format!("'{}' learn dev2{words}", env!("CARGO_BIN_EXE_atelier")));
}

#[test]
fn a_track_that_does_not_exist_is_named() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let ran = world.atelier(&["learn", "dev7"]);
    assert_eq!(ran.code(), 2, "{ran}");
    assert!(ran.to_string().contains("`dev7`"), "{ran}");
}

/// Wrong ways of the first steps, each followed by what the tool says to it, and by the right one.
#[test]
fn somebody_goes_wrong_and_is_told_where() {
    let Some(world) = lab() else { return };
    let screen = Screen::open(&world, 100);
    learn(&screen, "");
    let first = screen.until("now:");
    insta::assert_snapshot!(first.split_once("Dev 2,").unwrap().1, @r#"
     a team that uses Kustomize: 10 steps, about 1 h 16 min

    Work in a second terminal, and keep this one in sight:

        eval "$(atelier env dev2)" && cd "$ATELIER_WORK"

    Keys, in this window: h hint · ? what marked words mean · w what is missing · c check now · s do
    it for me · k skip · l list · b read back · r begin a step again · p play the others · a answer
    · q quit

    dev2.clone · Look at what you have
      step 1 of 10 · about 5 min, 1 h 16 min to the end

      Your team's repository describes a small site, postcard. It holds no program, only files that
      say how the site is to run:

      - base is what is the same everywhere: a Deployment (which program, how many copies) and a
        Service (its address)
      - overlays/preview, an overlay, is what differs in one environment: version, message, number
        of copies

      Kustomize, which is a part of kubectl, puts the two together. Clone the repository into your
      working folder, $ATELIER_WORK, and look at the result. It needs no cluster, and it changes
      nothing: you can always see what you would get before you ask for it.

        $ git clone --quiet http://forge.atelier.internal:3000/dev2/postcard.git
        $ kubectl kustomize postcard/overlays/preview

        [cloned …]
        … cloned: waits until your clone of the repository is in $ATELIER_WORK/postcard
          now: it is not there yet
    "#);
    screen.key("?");
    screen.until_words("overlay: A folder that takes a base and says only what differs");
    world.shell("dev2", CLONE).ok();
    screen.until("✓ dev2.clone complete");
    screen.until("[pushed …]");
    screen.key("s");
    screen.until("✓ dev2.build complete");
    screen.until("dev2.deploy waits for ops.onboard_dev2");
    screen.until("they are at: [pushed …]");
    screen.key("h");
    screen.until("this step is for others to do");
    screen.key("p");
    screen.until("✓ ops.onboard_dev2 complete");
    screen.until("[pushed …] → applied → ready → answers");

    git(&world, "cp -r overlays/preview overlays/Workshop\ngit add .\ngit commit -qm one\ngit push -q");
    screen.until("capitals and small letters are not the same");
    git(
        &world,
        "git checkout -qb next\ngit mv overlays/Workshop overlays/workshop\ngit commit -qm two\ngit push -q origin next",
    );
    git(&world, "git checkout -q main\ngit rm -qr overlays/Workshop\ngit commit -qm three\ngit push -q");
    screen.until("but it is on branch next");
    // Both sides have moved the folder: what the branch has is taken.
    git(
        &world,
        "git merge -q -X theirs -m four next || { git add -A overlays/workshop; git commit -qm four; }\ngit push -q",
    );
    screen.until("pushed ✓ → applied ✓ → ready ✓ → [answers …]");
    screen.until("environment is \"preview\", not \"workshop\"");
    screen.key("h");
    screen.until("still says preview");
    screen.key("w");
    screen.until("→ answers: waits until the site answers, and names workshop");

    // A commit that is amended and forced up is a fact like any other.
    let edit = "sed -i.bak s/preview/workshop/ overlays/workshop/postcard.yaml\nrm overlays/workshop/*.bak";
    git(&world, &format!("{edit}\ngit commit -q --amend --no-edit -a\ngit push -q --force"));
    screen.until("✓ dev2.deploy complete");
    let told = screen.until("[pushed …]");
    assert!(told.contains("# change overlays/workshop/postcard.yaml"), "{told}");
    screen.until("the newest commit of main is");
    git(&world, "git checkout -q -b other\ngit commit -q --allow-empty -m x\ngit push -q origin other");
    git(&world, "git checkout -q main\ngit tag v1\ngit push -q --tags");
    screen.key("c");
    screen.until("branch other has a commit");

    screen.key("q");
    screen.until("Left at dev2.change.");
    screen.line("stty -a | tr ';' '\\n' | grep -ow -e '-icanon' -e '-echo' || echo as before");
    screen.until("as before");
    learn(&screen, "");
    screen.until("dev2.clone was complete before");
    screen.until("[pushed …] → words → applied → rolled_out → answers");
    screen.key("C-c");
    screen.until("Left at dev2.change.");
    screen.line("stty -a | tr ';' '\\n' | grep -ow -e '-icanon' -e '-echo' || echo still as before");
    screen.until("still as before");
}

#[test]
fn the_whole_track_fits_sixty_columns_and_leaves_the_terminal_as_it_was() {
    let Some(world) = lab() else { return };
    let screen = Screen::open(&world, 100);
    screen.resize(60);
    screen.line("clear");
    learn(&screen, " --play others");
    for step in ["clone", "build", "deploy", "change"] {
        screen.until(if step == "clone" { "[cloned …]" } else { "…]" });
        screen.key("s");
        screen.until(&format!("✓ dev2.{step} complete"));
    }
    // What goes on from a step that is left out is left out with it.
    for (step, with_it) in
        [("bad_image", "rollback"), ("scale", "self_heal"), ("stay_in_lane", ""), ("overlay", "")]
    {
        screen.until(&format!("dev2.{step} ·"));
        screen.until("…]");
        screen.key("k");
        if !with_it.is_empty() {
            screen.until(&format!("dev2.{with_it} is left out: it goes on from what"));
        }
    }
    screen.until("That was the whole track");
    screen.until("atelier down");
    screen.line("stty -a | tr ';' '\\n' | grep -ow -e '-icanon' -e '-echo' || echo as before");
    screen.until("as before");
    // Commands, files and differences are shown as they are; everything else is made to fit.
    let text = screen.text();
    let ours = |line: &&str| {
        !line.contains(" $ ") && !line.starts_with('>') && !line.contains("  | ") && !line.starts_with("    ")
    };
    let wide: Vec<_> = text.lines().filter(ours).filter(|line| line.chars().count() > 60).collect();
    assert_eq!(wide, Vec::<&str>::new());
}

#[test]
fn two_at_once_are_told_of_each_other_and_a_pipe_is_no_terminal() {
    let Some(world) = lab() else { return };
    let screen = Screen::open(&world, 100);
    learn(&screen, " 2>&1 | tee told.txt");
    screen.until("[cloned …]");
    let second = world.atelier(&["learn", "dev2"]);
    assert_eq!(second.code(), 6, "{second}");
    world.shell("dev2", CLONE).ok();
    screen.until("[pushed …]");
    screen.key("C-c");
    world.atelier(&["solve", "dev2", "--to", "build"]).ok();
    learn(&screen, " 2>&1 | tee -a told.txt");
    screen.until("`--play others` lets atelier play it for you");
    screen.key("C-c");
    let told = std::fs::read_to_string(world.work().join("told.txt")).unwrap();
    assert!(told.contains("`overlays/preview`") && !told.contains('\u{1b}'), "{told}");
    assert!(!told.contains("Keys, in this window"), "{told}");
}

#[test]
fn somebody_chooses_looks_around_begins_again_and_loses_the_connection() {
    let Some(world) = lab() else { return };
    let screen = Screen::open(&world, 100);
    screen.line(&format!("'{}'", World::PROGRAM));
    let offered = screen.until("Which one? Its number, or Enter to leave:");
    let number = offered.lines().find(|line| line.contains(" one dev2 ")).unwrap();
    screen.line(number.split_whitespace().next().unwrap());
    screen.until("[cloned …]");
    screen.key("s");
    screen.until("✓ dev2.clone complete");
    screen.until("[pushed …]");
    screen.key("l");
    screen.until("✓ dev2.clone: Look at what you have");
    screen.until("· dev2.self_heal: Break it");
    screen.key("b");
    screen.until("dev2.clone · Look at what you have (only shown)");
    screen.key("Left");
    screen.until("this was the first step");
    screen.key("r");
    screen.until("Which step is to begin again? Its name, or Enter for build:");
    screen.line("cloan");
    screen.until("there is no step `dev2.cloan`; the track has: clone, build, deploy, change");
    screen.until("[pushed …]");
    screen.key("r");
    screen.until("Which step is to begin again?");
    screen.line("dev2.clone");
    screen.until("- the step dev2.clone");
    screen.until("Go back? [y/N]");
    screen.line("y");
    screen.until("Back at the beginning of dev2.clone.");
    // The step has undone what it says, and is done anew.
    screen.until("now: it is not there yet");
    screen.key("s");
    screen.until("✓ dev2.clone complete");
    screen.until("[pushed …]");
    screen.hang_up();
    // Who has lost the connection holds nothing, as soon as the system has told.
    let begin = std::time::Instant::now();
    loop {
        let ran = world.atelier(&["why", "dev2"]);
        if ran.code() != 6 {
            break;
        }
        assert!(begin.elapsed() < std::time::Duration::from_secs(60), "{ran}");
    }
    let screen = Screen::open(&world, 100);
    learn(&screen, "");
    screen.until("dev2.clone was complete before");
    screen.until("[pushed …]");
    screen.key("q");
    screen.until("Left at dev2.build.");
}
