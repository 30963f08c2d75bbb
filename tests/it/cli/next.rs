//! `atelier next` and those beside it: `check`, `hint`, `why`, `solve`, `skip`, `list`. A track without the interactive
//! screen, by single commands in the actor's own shell.

use crate::support::{World, needs};

#[test]
fn a_track_is_done_by_single_commands_in_the_actors_shell() {
    if !(needs("git") && needs("bash")) {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    let which = world.atelier(&["next"]);
    assert_eq!(which.code(), 2, "{which}");
    assert!(which.to_string().contains("which track is meant? There are `dev1`, `dev2`, `ops`"), "{which}");
    let program = World::PROGRAM;
    let shown = world.shell("dev2", &format!("'{program}' next")).ok();
    assert!(shown.raw().contains("dev2.clone · Look at what you have"), "{shown}");
    let early = world.shell("dev2", &format!("'{program}' check || echo code $?")).ok();
    assert!(early.raw().contains("dev2.clone is not done yet") && early.raw().contains("code 1"), "{early}");
    let hint = world.shell("dev2", &format!("'{program}' hint")).ok();
    assert!(hint.raw().contains("Go to your working folder first"), "{hint}");
    world
        .shell(
            "dev2",
            "cd \"$ATELIER_WORK\"; git clone --quiet http://forge.atelier.internal:3000/dev2/postcard.git",
        )
        .ok();
    let done = world.shell("dev2", &format!("'{program}' check")).ok();
    assert!(done.raw().contains("✓ dev2.clone complete"), "{done}");
    world.atelier(&["solve", "dev2", "--to", "build"]).ok();
    let gated = world.shell("dev2", &format!("'{program}' check || echo code $?")).ok();
    assert!(gated.raw().contains("`dev2.deploy` waits for ops.onboard_dev2"), "{gated}");
    let solved = world.atelier(&["solve", "dev2", "--json"]).ok();
    let steps: Vec<_> = solved.json()["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        steps,
        [
            "ops.why",
            "ops.bootstrap",
            "ops.look_around",
            "ops.infrastructure",
            "ops.tenants",
            "ops.onboard_dev1",
            "ops.onboard_dev2",
            "dev2.deploy"
        ]
    );
    let why = world.atelier(&["why", "dev2"]).ok();
    assert!(
        why.raw().contains("→ pushed: waits until branch main")
            || why.raw().contains("→ pushed: waits until branch `main`"),
        "{why}"
    );
    world.atelier(&["skip", "dev2"]).ok();
    insta::assert_snapshot!(world.atelier(&["list", "dev2"]).ok().stdout(), @r"
    ✓ dev2.clone          Look at what you have                               5 min    complete
    ✓ dev2.build          An image of your own                                6 min    complete
    ✓ dev2.deploy         Push the first version                              8 min    complete
    - dev2.change         Change the message                                  6 min    left out
      dev2.bad_image      A version that does not exist                       8 min
      dev2.rollback       The way back is a commit                            5 min
      dev2.scale          Four copies, whoever says otherwise                 8 min
      dev2.self_heal      Break it                                            8 min
      dev2.stay_in_lane   Try to reach further than you may                   10 min
      dev2.overlay        To production, by a change that somebody has read   12 min
    ");
}
