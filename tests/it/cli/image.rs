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
    let words = ["image", "build", "site", "--tag", "dev2/site:1.0", "--platform", "linux/amd64"];
    let built = world.atelier(&words).to_string();
    let again = world.atelier(&words).ok().raw();
    let seen = world.atelier(&["image", "inspect", "dev2/site:1.0"]).to_string();
    let digest = |text: &str| text.split('@').nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let pushed = world.atelier(&["image", "push", "forge.atelier.internal:3000/dev2/site:1.0"]).ok();
    assert_eq!(digest(&again), digest(pushed.stdout()), "the same files are the same image");
    let repeated = world.atelier(&["image", "push", "dev2/site:1.0"]).to_string();
    insta::assert_snapshot!(format!("{built}\n{seen}\n{repeated}"), @r#"
    $ atelier image build site --tag dev2/site:1.0 --platform linux/amd64
    dev2/site:1.0@sha256:<sha256>
    --- stderr
    `atelier image push dev2/site:1.0` pushes it
    --- exit code 0
    $ atelier image inspect dev2/site:1.0
    name         dev2/site:1.0
    digest       sha256:<sha256>
    state        built, not pushed

    platform     linux/amd64
    manifest     sha256:<sha256>
    entrypoint   /bin/site
    arguments    --quiet
    folder       /srv
    user         65534:65534
    ports        8080/tcp
    variable     PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    variable     GREETING=hello world
    variable     TO=
    label        org.opencontainers.image.title=postcard
    annotation   org.opencontainers.image.version=1.0
    layer        sha256:<sha256> 114 bytes
    --- exit code 0
    $ atelier image push dev2/site:1.0
    dev2/site:1.0@sha256:<sha256>
    --- stderr
    the registry had it already
    --- exit code 0
    "#);
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
    insta::assert_snapshot!(world.atelier(&none), @r#"
    $ atelier image build site --tag dev2/site:2 --base dev2/base:1 --platform linux/s390x
    --- stderr
    error: image `dev2/base:1` is for no platform `linux/s390x`
    --- exit code 2
    "#);
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
    insta::assert_snapshot!(told.join("\n"), @r#"
    $ atelier image build run --tag dev2/x:1
    --- stderr
    error: `Dockerfile`, line 3: `RUN` is not supported: nothing runs while an image is built here; put what it makes into the folder
    --- exit code 3
    $ atelier image build none --tag dev2/x:1
    --- stderr
    error: `Dockerfile`, line 2: the folder has no `missing`, or `.dockerignore` leaves it out
    --- exit code 3
    $ atelier image build far --tag dev2/x:1
    --- stderr
    error: `docker.io/library/nginx:1` is not in the lab's registry
    hint: a name is `OWNER/NAME:TAG`, also with the lab's registry in front: `atelier status` tells it
    --- exit code 2
    $ atelier image build unknown --tag dev2/x:1
    --- stderr
    error: the registry has no `fleet/none:1`
    hint: push it first, or name another one
    --- exit code 2
    $ atelier image build good --tag dev2/X
    --- stderr
    error: `dev2/X` is no name of an image: a name is small letters and digits, with `.`, `_`, `-` and `/` between them
    --- exit code 2
    $ atelier image build good --tag x:1
    --- stderr
    error: `x:1` is not in the lab's registry
    hint: a name is `OWNER/NAME:TAG`, also with the lab's registry in front: `atelier status` tells it
    --- exit code 2
    $ atelier image build good --tag dev2/x:1 --into srv
    --- stderr
    error: the folder has a `Dockerfile`, which says what `into` says
    --- exit code 2
    $ atelier image build nowhere --tag dev2/x:1
    --- stderr
    error: `nowhere` is not a folder
    hint: name the folder whose files the image is made of
    --- exit code 2
    $ atelier image push dev2/x:1
    --- stderr
    error: no image `dev2/x:1` was built
    hint: `atelier image build FOLDER --tag dev2/x:1` builds it
    --- exit code 2
    $ atelier image build good --tag ops/x:1 --push
    --- stderr
    error: the registry answered 403 to `POST /v2/ops/x/blobs/uploads/`: DENIED
    hint: who owns the repository may push to it: `--as ACTOR`
    --- exit code 2
    "#);
    world.set("ATELIER_ACTOR", "");
    let nobody = world.run("env", &["-u", "ATELIER_ACTOR", World::PROGRAM, "image", "push", "dev2/x:1"]);
    assert_eq!(nobody.code(), 2, "{nobody}");
}
