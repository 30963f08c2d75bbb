//! `atelier sample`: what containers of a real cluster run. That it serves is shown by the samples' own tests and by
//! rehearsals: its port is a container's.

use crate::support::World;

#[test]
fn refusals_are_told_in_the_log() {
    let world = World::new();
    insta::assert_snapshot!(world.atelier(&["sample", "probe", "http://127.0.0.1:1/", "--within=0"]), @r#"
    $ atelier sample probe http://127.0.0.1:1/ --within=0
    level=error message="GET http://127.0.0.1:1/: Connection refused (os error 111)"
    --- exit code 1
    "#);
    insta::assert_snapshot!(world.atelier(&["sample", "probe", "jukebox"]), @r"
    $ atelier sample probe jukebox
    --- stderr
    error: `jukebox` is no address such as `http://jukebox/api`
    --- exit code 2
    ");
    let wrong = world.run("env", &["JUKEBOX_REDIS=songs", World::PROGRAM, "sample", "jukebox"]);
    assert_eq!(wrong.code(), 2, "{wrong}");
    let told = "message=\"`JUKEBOX_REDIS` is `songs`, it must be a host and a port, such as `songs:6379`\"";
    assert!(wrong.stdout().contains(told), "{wrong}");
}
