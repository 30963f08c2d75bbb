//! Which lab and which workshop are meant, and what is said when there is no such one.

use crate::support::World;

#[test]
fn a_command_outside_a_lab_says_what_makes_one() {
    let world = World::new();
    for words in
        [&["stop"][..], &["start"], &["env", "dev2"], &["shell", "dev2"], &["learn", "dev2"], &["logs"]]
    {
        let ran = world.atelier(words);
        assert_eq!(ran.code(), 2, "{ran}");
        let text = ran.to_string();
        let (_, said) = text.split_once("--- stderr\n").unwrap();
        assert_eq!(
            said,
            "error: there is no lab `one`\n\
             hint: `atelier up` makes it; `atelier status` lists the labs there are\n\
             --- exit code 2"
        );
    }
    assert!(!world.state().exists(), "nothing is made on the way");
}

#[test]
fn several_labs_need_a_name() {
    let world = World::new();
    for lab in ["a", "b"] {
        std::fs::create_dir_all(world.state().join("labs").join(lab)).unwrap();
    }
    insta::assert_snapshot!(world.atelier(&["stop"]), @"
    $ atelier stop
    --- stderr
    error: there are several labs: a, b
    hint: choose one with `--lab NAME`
    --- exit code 2
    ");
    insta::assert_snapshot!(world.atelier(&["stop", "--lab", "b"]), @"
    $ atelier stop --lab b
    --- stderr
    error: lab `b` is not complete: `<world>/state/labs/b/lab.json` is missing
    hint: `atelier up` goes on with it, `atelier down` removes what is there
    --- exit code 5
    ");
    insta::assert_snapshot!(world.atelier(&["stop", "--lab", "../b"]), @"
    $ atelier stop --lab ../b
    --- stderr
    error: `../b` cannot name a lab: at most 32 lower-case letters, digits and `-` or `_`, a letter first
    --- exit code 2
    ");
}

#[test]
fn words_that_nothing_has_are_answered_with_those_that_there_are() {
    let world = World::new();
    let nowhere = world.home().with_file_name("nowhere").display().to_string();
    insta::assert_snapshot!(world.atelier(&["down", "--workshop", "seven"]), @"
    $ atelier down --workshop seven
    nothing to do: there is no lab seven
    --- exit code 0
    ");
    insta::assert_snapshot!(world.atelier(&["up", "--workshop", "seven"]), @"
    $ atelier up --workshop seven
    --- stderr
    error: there is no workshop `seven`; there is first_steps, one
    --- exit code 2
    ");
    insta::assert_snapshot!(world.atelier(&["up", "--platform", "moon"]), @"
    $ atelier up --platform moon
    --- stderr
    error: invalid value 'moon' for '--platform <PLATFORM>'
      [possible values: embedded, k3d]

    For more information, try '--help'.
    --- exit code 2
    ");
    insta::assert_snapshot!(world.atelier(&["up", "--scenarios", &nowhere]), @"
    $ atelier up --scenarios <world>/nowhere
    --- stderr
    error: `<world>/nowhere` is not a folder
    hint: name a folder of workshops, each with a `workshop.yaml`, after `--scenarios`
    --- exit code 2
    ");
    assert!(!world.state().exists(), "nothing is made on the way");
    world.atelier(&["up"]).ok();
    insta::assert_snapshot!(world.atelier(&["rehearse", "seven"]), @"
    $ atelier rehearse seven
    --- stderr
    error: the workshop `one` has no track `seven`; it has: dev1, dev2, ops
    --- exit code 2
    ");
    insta::assert_snapshot!(world.atelier(&["env", "seven"]), @"
    $ atelier env seven
    --- stderr
    error: lab `one` has no actor `seven`; its actors are `dev1`, `dev2`, `ops`
    --- exit code 2
    ");
    insta::assert_snapshot!(world.atelier(&["open", "seven"]), @"
    $ atelier open seven
    --- stderr
    error: workshop `one` of lab `one` has no application `seven`
    hint: there are `forge`, `app`, `jukebox`, `postcard` and `front-door`
    --- exit code 2
    ");
    insta::assert_snapshot!(world.atelier(&["stop", "--lab", "one", "--workshop", "seven"]), @"
    $ atelier stop --lab one --workshop seven
    --- stderr
    error: lab `one` runs workshop `one`, not `seven`
    hint: choose another lab with `--lab NAME`, or `atelier down` first
    --- exit code 2
    ");
}
