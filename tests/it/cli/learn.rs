//! `atelier learn`: shows a step, and sees what the learner has done in a shell of his own.

use crate::support::World;

#[test]
fn a_track_that_does_not_exist_is_named() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let ran = world.atelier(&["learn", "dev7"]);
    assert_eq!(ran.code(), 2, "{ran}");
    assert!(ran.to_string().contains("`dev7`"), "{ran}");
}
