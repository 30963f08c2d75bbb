//! `atelier credentials`: what a person signs in to the forge with.

use regex::Regex;

use crate::support::World;

#[test]
fn a_password_is_made_each_time_and_signs_in() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let shown = world.atelier(&["credentials", "dev2"]).to_string();
    let password = Regex::new(r"(password +)[A-Za-z0-9]{16}\n").unwrap();
    insta::assert_snapshot!(password.replace(&shown, "$1<password>\n"), @"
    $ atelier credentials dev2
    forge      http://127.0.0.1:<port>
    user       dev2
    password   <password>
    --- exit code 0
    ");
    let document = world.atelier(&["credentials", "dev2", "--json"]).ok().json();
    let text = |field: &str| document[field].as_str().unwrap().to_owned();
    assert!(!shown.contains(&text("password")), "a password is shown once");
    let signs_in = |password: &str| {
        let url = format!("{}/api/v1/user", text("url"));
        let login = format!("{}:{password}", text("user"));
        let ran = world.run("curl", &["--silent", "--noproxy", "*", "--user", &login, &url]);
        ran.stdout().contains("\"login\":\"dev2\"")
    };
    assert!(signs_in(&text("password")));
    assert!(!signs_in("another"));
    // Git goes on with the token that it has.
    world.shell("dev2", "git ls-remote http://forge.atelier.internal:3000/dev2/postcard.git").ok();
}

#[test]
fn nobody_is_told_anything_of_a_stranger_or_a_stopped_lab() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let stranger = world.atelier(&["credentials", "eve"]).to_string();
    world.atelier(&["stop"]).ok();
    let stopped = world.atelier(&["credentials", "dev2"]).to_string();
    insta::assert_snapshot!(format!("{stranger}\n{stopped}"), @"
    $ atelier credentials eve
    --- stderr
    error: lab `one` has no actor `eve`; its actors are `dev1`, `dev2`, `ops`
    --- exit code 2
    $ atelier credentials dev2
    --- stderr
    error: lab `one` is stopped
    hint: `atelier start` starts it again, with everything in it
    --- exit code 5
    ");
}
