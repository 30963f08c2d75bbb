//! `atelier reset`: says what it undoes, asks, and brings the lab back to the state before a step.

use crate::support::{World, needs};

/// What the cluster has in the team's namespace, and what the forge has in the team's repository.
fn state(world: &World) -> String {
    let kubectl = "kubectl -n dev2 get deployments,services,configmaps -o name 2>&1 || true";
    let git = "git ls-remote --heads http://forge.atelier.internal:3000/dev2/postcard.git | wc -l; \
        rm -rf \"$TMPDIR/c\"; git clone -q http://forge.atelier.internal:3000/dev2/postcard.git \"$TMPDIR/c\"; git -C \"$TMPDIR/c\" ls-tree -r HEAD";
    world.shell("ops", &format!("{kubectl}\n{git}")).ok().stdout().to_owned()
}

#[test]
fn the_state_before_a_step_comes_back() {
    if !(needs("git") && needs("bash") && needs("kubectl")) {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    world.atelier(&["solve", "dev2", "--to", "clone"]).ok();
    world.atelier(&["solve", "ops", "--to", "onboard_dev2"]).ok();
    let before = state(&world);
    world.atelier(&["solve", "dev2", "--to", "scale"]).ok();
    assert_ne!(state(&world), before);
    let nobody = world.atelier(&["reset", "dev2", "--to", "deploy"]);
    assert_eq!(nobody.code(), 2, "{nobody}");
    let told = nobody.to_string();
    for words in
        ["the step dev2.scale", "the step dev2.deploy", "branch `main` of `dev2/postcard` gets the files of"]
    {
        assert!(told.contains(words), "no `{words}` in:\n{told}");
    }
    let reset = world.atelier(&["reset", "dev2", "--to", "dev2.deploy", "--yes"]);
    assert_eq!(reset.code(), 0, "{reset}");
    assert_eq!(state(&world), before);
    let again = world.atelier(&["solve", "dev2", "--to", "scale"]).ok();
    assert!(again.raw().contains("✓ dev2.scale complete"), "{again}");
    let nothing = world.atelier(&["reset", "ops", "--to", "onboard_dev2", "--yes", "--json"]).ok();
    let steps: Vec<_> = nothing.json()["plan"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step.as_str().unwrap().to_owned())
        .collect();
    assert!(
        steps.contains(&"dev2.deploy".to_owned()) && steps.contains(&"ops.onboard_dev2".to_owned()),
        "{steps:?}"
    );
    let gone = world.shell("ops", "kubectl get namespace dev2 2>&1 || true").ok();
    assert!(gone.stdout().contains("not found"), "{gone}");
}

/// The files of a branch that takes pull requests only.
fn production(world: &World) -> String {
    let line = "rm -rf \"$TMPDIR/p\"; git clone -q -b production http://forge.atelier.internal:3000/dev2/postcard.git \"$TMPDIR/p\"; \
        git -C \"$TMPDIR/p\" rev-parse HEAD^{tree}";
    world.shell("ops", line).ok().stdout().to_owned()
}

#[test]
fn what_was_merged_into_a_protected_branch_is_taken_back() {
    if !(needs("git") && needs("bash") && needs("kubectl")) {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    world.atelier(&["solve", "ops", "--to", "promote"]).ok();
    let before = production(&world);
    world.atelier(&["solve", "dev2", "--to", "overlay"]).ok();
    assert_ne!(production(&world), before);
    world.atelier(&["reset", "dev2", "--to", "overlay", "--yes"]).ok();
    assert_eq!(production(&world), before);
    // It is as protected as before.
    let line =
        "cd \"$TMPDIR/p\" && git commit -q --allow-empty -m push && git push origin production 2>&1 || true";
    let refused = world.shell("dev2", line).ok();
    assert!(refused.stdout().contains("Not allowed to push to protected branch production"), "{refused}");
}
