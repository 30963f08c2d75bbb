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
    first_steps: First steps with an operator
      on embedded, k3d; needs git >=2.30, kubectl >=1.30

      steps   32 min   First steps, alone
                       Install an operator, show it a repository, and let it work
                       7 steps · easy

    one: Two development teams, one platform team
      on embedded, k3d; needs git >=2.30, kubectl >=1.30

      ops    2 h 14 min   Ops, the platform team
                          Ops puts the cluster under Git, lets teams in, and loses it all once
                          16 steps · medium · needs helm, policies
      dev1   1 h 37 min   Dev 1, a team that uses Helm
                          Dev 1 packs a jukebox, ships it, and learns to fall back
                          11 steps · medium · needs helm
      dev2   1 h 16 min   Dev 2, a team that uses Kustomize
                          Dev 2 ships a postcard, breaks it, and cannot lose it
                          10 steps · easy
    ");
    let told = world.atelier(&["--json", "tracks"]).json();
    assert_eq!(told[1]["track"], "ops");
    assert_eq!(told[1]["needs"], serde_json::json!(["helm", "policies"]));
    assert_eq!(told[1]["estimated"], 8040);
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
    2   one ops             Ops, the platform team              2 h 14 min   2 of 16 steps
    3   one dev1            Dev 1, a team that uses Helm        1 h 37 min   0 of 11 steps
    4   one dev2            Dev 2, a team that uses Kustomize   1 h 16 min   1 of 10 steps
    --- exit code 0
    ");
}

#[test]
fn tracks_tell_how_long_a_rehearsal_took() {
    let world = World::new();
    let step = |id: &str, took: f64| {
        let text = serde_json::json!({"step": format!("steps.{id}"), "took": took, "events": []}).to_string();
        world.write(&format!("took/steps.{id}.json"), &text);
    };
    let tracks = |world: &World| world.atelier(&["tracks", "--rehearsed", "took"]).ok().stdout().to_owned();
    for id in ["install", "key", "source", "add_podinfo", "watch", "comes_back"] {
        step(id, 2.5);
    }
    world.write("took/notes.json", "not a transcript");
    assert!(!tracks(&world).contains("rehearsed in"), "a step is missing");
    step("four", 2.5);
    assert!(tracks(&world).contains("7 steps · easy · rehearsed in 17.5 s\n"), "{}", tracks(&world));
    insta::assert_snapshot!(world.atelier(&["tracks", "--rehearsed", "nowhere"]), @"
    $ atelier tracks --rehearsed nowhere
    --- stderr
    error: `nowhere`: No such file or directory (os error 2)
    hint: name the folder that `atelier rehearse --transcript DIR` wrote
    --- exit code 2
    ");
}
