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
    Dev 1, a team that uses Helm     Dev 2, a team that uses Kustomize   Ops, the platform team
    0 of 11                          1 of 10                             2 of 16
      build                          ✓ clone                             ✓ why
      chart                            build                             ✓ bootstrap
      publish                          deploy                              look_around
      release                            waits for ops.onboard_dev2        infrastructure
        waits for ops.onboard_dev1     change                              tenants
      test                             bad_image                           onboard_dev1
      upgrade                          rollback                            onboard_dev2
      values                           scale                               wrong_path
      broken_upgrade                   self_heal                           segregate
      policy_violation                 stay_in_lane                        policy
        waits for ops.policy             waits for ops.policy              quota
      depends                          overlay                             audit
      promote                            waits for ops.promote             promote
        waits for ops.promote                                              patch
                                                                             waits for dev1.release, dev2.deploy
                                                                           incident
                                                                             waits for dev1.release, dev2.deploy
                                                                           disaster
                                                                             waits for dev1.promote, dev2.overlay
    ");
    insta::assert_snapshot!(world.atelier(&["learn"]), @r"
    $ atelier learn
    --- stderr
    1   first_steps steps   First steps, alone                  32 min
    2   one dev1            Dev 1, a team that uses Helm        1 h 37 min   0 of 11 steps
    3   one dev2            Dev 2, a team that uses Kustomize   1 h 16 min   1 of 10 steps
    4   one ops             Ops, the platform team              2 h 14 min   2 of 16 steps
    --- exit code 0
    ");
}
