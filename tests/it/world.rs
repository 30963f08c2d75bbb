//! The world that tests run the program in: separate, bounded, and whole in what it shows.

use crate::support::World;

#[test]
fn a_command_sees_only_the_world_and_is_shown_whole() {
    let world = World::new();
    world.set("GREETING", "hello");
    world.write("folder/note.txt", "noted\n");
    let ran =
        world.run("sh", &["-c", "echo $GREETING from $HOME; cat folder/note.txt; echo 'no way' >&2; exit 3"]);
    insta::assert_snapshot!(ran, @r"
    $ sh -c 'echo $GREETING from $HOME; cat folder/note.txt; echo '\''no way'\'' >&2; exit 3'
    hello from <world>/home
    noted
    --- stderr
    no way
    --- exit code 3
    ");
    let inherited = world.run("sh", &["-c", "echo ${CARGO_MANIFEST_DIR-nothing}"]).ok();
    assert_eq!(inherited.stdout(), "nothing\n", "the environment of the test does not reach the command");
    assert!(world.home().is_dir(), "a home is there");
    assert!(!world.state().exists(), "the state folder is the program's to make");
}

#[test]
fn the_program_runs_in_it_and_a_shell_stops_at_the_first_failure() {
    let world = World::new();
    assert_eq!(world.atelier(&["down"]).code(), 0, "there is nothing to take down, which is as wanted");
    let ran = world.shell("dev2", "false\necho not reached");
    assert_ne!(ran.code(), 0);
    assert_eq!(ran.stdout(), "");
}
