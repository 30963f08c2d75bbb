//! `atelier team` and `atelier tracks`: who is where, and what there is to choose from.

use crate::support::{World, needs};

#[test]
fn tracks_stand_side_by_side_and_tell_for_whom_they_wait() {
    if !needs("git") {
        return;
    }
    let world = World::new();
    let tracks = world.atelier(&["tracks"]).ok();
    insta::assert_snapshot!(tracks.stdout(), @r"
    first_steps steps   First steps, alone                  32 min
    one dev1            Dev 1, a team that uses Helm        1 h 37 min
    one dev2            Dev 2, a team that uses Kustomize   1 h 16 min
    one ops             Ops, the platform team              2 h 14 min
    ");
    world.atelier(&["up"]).ok();
    world.atelier(&["solve", "dev2", "--to", "clone"]).ok();
    world.atelier(&["solve", "ops", "--to", "bootstrap"]).ok();
    insta::assert_snapshot!(world.atelier(&["team"]).ok().stdout(), @r"
    Dev 2, a team that uses Kustomize   Ops, the platform team
    1 of 10                             2 of 15
    ✓ clone                             ✓ why
      build                             ✓ bootstrap
      deploy                              look_around
        waits for ops.onboard_dev2        infrastructure
      change                              tenants
      bad_image                           onboard_dev2
      rollback                            wrong_path
      scale                               segregate
      self_heal                           policy
      stay_in_lane                        quota
        waits for ops.policy              audit
      overlay                             promote
        waits for ops.promote             patch
                                            waits for dev2.deploy
                                          incident
                                            waits for dev2.deploy
                                          disaster
                                            waits for dev2.self_heal
    ");
    insta::assert_snapshot!(world.atelier(&["learn"]), @r"
    $ atelier learn
    --- stderr
    1   first_steps steps   First steps, alone                  32 min
    2   one dev2            Dev 2, a team that uses Kustomize   1 h 16 min   1 of 10 steps
    3   one ops             Ops, the platform team              2 h 4 min    2 of 15 steps
    --- exit code 0
    ");
}
