//! `atelier export`: what people take home is whole, and leads nowhere.

use crate::support::{World, needs};

/// A lab in which Dev 2 has pushed a branch and a tag, and has more in the clone than was pushed.
fn world() -> World {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let lines = "cd \"$ATELIER_WORK\"\n\
        git clone -q http://forge.atelier.internal:3000/dev2/postcard.git\n\
        cd postcard && git switch -qc idea && git commit -q --allow-empty -m idea && git tag v1\n\
        git push -q origin idea v1 && git commit -q --allow-empty -m unpushed && echo draft > draft.txt";
    world.shell("dev2", lines).ok();
    world
}

#[test]
fn repositories_clones_and_journals_come_along() {
    if !needs("git") {
        return;
    }
    let world = world();
    let journal = world.state().join("labs/one/journal");
    std::fs::create_dir_all(&journal).unwrap();
    std::fs::write(journal.join("dev2.jsonl"), "{}\n").unwrap();
    let taken = world.atelier(&["export"]).to_string().replace("<world>/work", "<folder>");
    insta::assert_snapshot!(taken, @"
    $ atelier export
    repository   repositories/dev1/jukebox    2 branches
    repository   repositories/dev2/postcard   3 branches
    repository   repositories/fleet/fleet     1 branch
    work         work/dev2                    clones and files as they were
    journal      journal                      what was done, and when
    all of it is in <folder>/atelier-one
    --- exit code 0
    ");
    world.atelier(&["down", "--force"]).ok();
    let log = |folder: &str| {
        let ran = world.run("git", &["-C", folder, "log", "--format=%s %D"]);
        ran.ok().stdout().to_owned()
    };
    let taken = world.run(
        "sh",
        &["-c", "cd atelier-one/repositories/dev2/postcard && git log --all --format='%s %D' && ls"],
    );
    insta::assert_snapshot!(taken, @r"
    $ sh -c 'cd atelier-one/repositories/dev2/postcard && git log --all --format='\''%s %D'\'' && ls'
    idea tag: v1, idea
    chore: start of the workshop HEAD -> main, production
    README.md
    base
    overlays
    --- exit code 0
    ");
    assert!(log("atelier-one/work/dev2/postcard").starts_with("unpushed HEAD -> idea\n"));
    let found = world
        .run("sh", &["-c", "cat atelier-one/work/dev2/postcard/draft.txt atelier-one/journal/dev2.jsonl"]);
    assert_eq!(found.stdout(), "draft\n{}\n");
    let pattern = "git-credentials|kubeconfig|secrets";
    let secrets = world.run("sh", &["-c", &format!("find atelier-one | grep -E '{pattern}'")]);
    assert_eq!(secrets.stdout(), "");
    let remotes = world.run("git", &["-C", "atelier-one/repositories/dev2/postcard", "remote"]).ok();
    assert_eq!(remotes.stdout(), "");
}

#[test]
fn one_actor_takes_what_that_actor_may_read() {
    let world = world();
    let taken = world.atelier(&["export", "mine", "--actor", "dev2", "--json"]).ok().json();
    assert_eq!(taken["work"], serde_json::json!(["dev2"]));
    assert_eq!(taken["folder"], world.work().join("mine").display().to_string());
    let names = taken["repositories"].as_array().unwrap().iter();
    let names = names.map(|one| (one["name"].as_str().unwrap(), one["branches"].as_u64().unwrap()));
    assert!(names.collect::<Vec<_>>().contains(&("dev2/postcard", 3)), "{taken:#}");
    assert!(!world.work().join("mine/work/ops").exists());
    world.atelier(&["down", "--force"]).ok();
}

#[test]
fn what_would_be_lost_or_cannot_be_taken_is_named() {
    let world = world();
    let down = world.atelier(&["down"]).to_string();
    std::fs::create_dir_all(world.work().join("full/of")).unwrap();
    let full = world.atelier(&["export", "full"]).to_string().replace("<world>/work", "<folder>");
    let stranger = world.atelier(&["export", "--actor", "eve"]).to_string();
    world.atelier(&["stop"]).ok();
    let stopped = world.atelier(&["export"]).to_string();
    insta::assert_snapshot!(format!("{down}\n{full}\n{stranger}\n{stopped}"), @"
    $ atelier down
    --- stderr
    error: lab `one` holds commits that were never pushed: `<world>/state/labs/one/actors/dev2/work/postcard` (1)
    hint: push them, or take them home with `atelier export`; `atelier down --force` removes them
    --- exit code 1
    $ atelier export full
    --- stderr
    error: `<folder>/full` is not empty
    hint: name a new folder
    --- exit code 2
    $ atelier export --actor eve
    --- stderr
    error: lab `one` has no actor `eve`; its actors are `dev1`, `dev2`, `ops`
    --- exit code 2
    $ atelier export
    --- stderr
    error: lab `one` is stopped
    hint: `atelier start` starts it again, with everything in it
    --- exit code 5
    ");
    world.atelier(&["down", "--force"]).ok();
}
