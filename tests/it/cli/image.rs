//! `atelier image`: images that are built without Docker, pushed, and looked at.

use crate::support::World;

const DOCKERFILE: &str = "FROM forge.atelier.internal:3000/fleet/postcard:1.0.0\n\
    COPY static/ /srv/\nWORKDIR /srv\nENV GREETING=\"hello world\" TO=$GREETING\nEXPOSE 8080\nUSER 65534:65534\n\
    LABEL org.opencontainers.image.title=postcard\nENTRYPOINT [\"/bin/site\"]\nCMD [\"--quiet\"]\n";

fn lab() -> World {
    let world = World::new();
    world.atelier(&["up"]).ok();
    world.set("ATELIER_ACTOR", "dev2");
    world
}

#[test]
fn a_dockerfile_becomes_an_image_that_is_pushed_and_told() {
    let world = lab();
    world.write("site/Dockerfile", DOCKERFILE);
    world.write("site/static/index.html", "hello\n");
    let built = world.atelier(&["image", "build", "site", "--tag", "dev2/site:1.0"]).to_string();
    let again = world.atelier(&["image", "build", "site", "--tag", "dev2/site:1.0"]).ok().raw();
    let seen = world.atelier(&["image", "inspect", "dev2/site:1.0"]).to_string();
    let digest = |text: &str| text.split('@').nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let pushed = world.atelier(&["image", "push", "forge.atelier.internal:3000/dev2/site:1.0"]).ok();
    assert_eq!(digest(&again), digest(pushed.stdout()), "the same files are the same image");
    let repeated = world.atelier(&["image", "push", "dev2/site:1.0"]).to_string();
    insta::assert_snapshot!(format!("{built}\n{seen}\n{repeated}"), @"");
    let state = world.atelier(&["image", "inspect", "dev2/site:1.0", "--json"]).ok().json();
    assert_eq!(
        (state["state"].as_str(), state["digest"].as_str()),
        (Some("built and pushed"), Some(digest(&again).as_str()))
    );
}

#[test]
fn an_image_is_made_of_options_and_on_top_of_another() {
    let world = lab();
    world.write("base/Dockerfile", "FROM scratch\nCOPY run /bin/run\nENV A=1\nENTRYPOINT [\"/bin/run\"]\n");
    world.write("base/run", "#!/bin/sh\n");
    let platforms = "linux/amd64,linux/arm64";
    world
        .atelier(&["image", "build", "base", "--tag", "dev2/base:1", "--platform", platforms, "--push"])
        .ok();
    world.write("site/index.html", "hello\n");
    let arguments =
        ["image", "build", "site", "--tag", "dev2/site:1", "--base", "dev2/base:1", "--into", "srv"];
    let more = [
        "--env",
        "B=$A",
        "--label",
        "made.by=dev2",
        "--entrypoint",
        "/bin/run",
        "--entrypoint",
        "-x",
        "--push",
    ];
    world.atelier(&[&arguments[..], &more[..]].concat()).ok();
    let seen = world.atelier(&["image", "inspect", "dev2/site:1", "--json"]).ok().json();
    let manifests = seen["manifests"].as_array().unwrap();
    let platforms = manifests.iter().map(|one| one["platform"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert_eq!(
        manifests[1]["config"]["config"],
        serde_json::json!({"Env": [path, "A=1", "B=$A"], "Entrypoint": ["/bin/run", "-x"], "Labels": {"made.by": "dev2"}})
    );
    assert_eq!(manifests[0]["manifest"]["layers"].as_array().unwrap().len(), 2);
    let only = [
        "image",
        "build",
        "site",
        "--tag",
        "dev2/site:2",
        "--base",
        "dev2/base:1",
        "--platform",
        "linux/arm64",
    ];
    world.atelier(&only).ok();
    let none = [
        "image",
        "build",
        "site",
        "--tag",
        "dev2/site:2",
        "--base",
        "dev2/base:1",
        "--platform",
        "linux/s390x",
    ];
    insta::assert_snapshot!(world.atelier(&none), @"");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let world = lab();
    world.write("run/Dockerfile", "FROM scratch\n# a comment\nRUN make\n");
    world.write("none/Dockerfile", "FROM scratch\nCOPY missing /\n");
    world.write("far/Dockerfile", "FROM docker.io/library/nginx:1\n");
    world.write("unknown/Dockerfile", "FROM fleet/none:1\n");
    world.write("good/Dockerfile", "FROM scratch\nCOPY . /\n");
    let cases: [&[&str]; 10] = [
        &["build", "run", "--tag", "dev2/x:1"],
        &["build", "none", "--tag", "dev2/x:1"],
        &["build", "far", "--tag", "dev2/x:1"],
        &["build", "unknown", "--tag", "dev2/x:1"],
        &["build", "good", "--tag", "dev2/X"],
        &["build", "good", "--tag", "x:1"],
        &["build", "good", "--tag", "dev2/x:1", "--into", "srv"],
        &["build", "nowhere", "--tag", "dev2/x:1"],
        &["push", "dev2/x:1"],
        &["build", "good", "--tag", "ops/x:1", "--push"],
    ];
    let told = cases.map(|words| world.atelier(&[&["image"], words].concat()).to_string());
    insta::assert_snapshot!(told.join("\n"), @"");
    world.set("ATELIER_ACTOR", "");
    let nobody = world.run("env", &["-u", "ATELIER_ACTOR", World::PROGRAM, "image", "push", "dev2/x:1"]);
    assert_eq!(nobody.code(), 2, "{nobody}");
}
