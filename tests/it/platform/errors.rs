//! What goes wrong between a lab, the engine and k3d, as a person is told of it. A stand-in for the engine says what a
//! real one cannot be brought to say; k3d's words are those that were recorded.

use std::os::unix::fs::PermissionsExt as _;

use atelier::platform::k3d::Pull;
use serde_json::{Value, json};

use super::{settings, site, stand_in, told};
use crate::support::engine::{Answer, EngineStandIn, image};
use crate::support::{Redaction, World};

/// What is asked of the lab's place in the engine.
#[derive(Clone, Copy)]
enum Call {
    Network,
    Forge,
    Cluster,
    Sample,
}

/// An engine's answers, and a k3d's last words.
struct Case {
    name: &'static str,
    call: Call,
    answers: Vec<(&'static str, Answer)>,
    k3d: &'static str,
    configure: fn(&mut atelier::platform::k3d::Settings),
}

fn case(name: &'static str, call: Call, answers: Vec<(&'static str, Answer)>) -> Case {
    Case { name, call, answers, k3d: "", configure: |_| () }
}

/// Plays a case; what a person is told, and what was changed in the engine when the failure came.
async fn play(case: &Case) -> (String, Vec<String>) {
    let (home, engine) = (tempfile::tempdir().unwrap(), EngineStandIn::start());
    let program = home.path().join("k3d");
    std::fs::write(&program, format!("#!/bin/sh\ncat >&2 <<'WORDS'\n{}\nWORDS\nexit 1\n", case.k3d)).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut settings = settings(&engine.address());
    settings.k3d = program;
    // As much of a program for Linux, linked to nothing, as anybody looks at.
    let sample = home.path().join("atelier");
    std::fs::write(&sample, [&b"\x7fELF\x02\x01"[..], &[0; 48], &[56], &[0; 9]].concat()).unwrap();
    (case.configure)(&mut settings);
    let site = site(home.path(), "one", &settings).await;
    if !matches!(case.call, Call::Network) {
        site.ensure_network().await.unwrap();
    }
    let before = engine.changes().len();
    for (request, answer) in &case.answers {
        engine.on(request, answer.clone());
    }
    let error = match case.call {
        Call::Network => site.ensure_network().await.map(drop),
        Call::Forge => site.ensure_forge(&|_| ()).await.map(drop),
        Call::Cluster => site.ensure_cluster("main", &|_| ()).await.map(drop),
        Call::Sample => {
            site.ensure_sample("atelier.invalid/a:1", "postcard", "1", &sample, &|_| ()).await.map(drop)
        }
    };
    let folder = home.path().canonicalize().unwrap().display().to_string();
    let redaction = Redaction::new(vec![(folder, "<home>"), (engine.address(), "<engine>")]);
    (redaction.apply(&told(error.unwrap_err())), engine.changes()[before..].to_vec())
}

async fn told_of(cases: Vec<Case>) -> String {
    let mut text = String::new();
    for case in cases {
        text = format!("{text}# {}\n{}", case.name, play(&case).await.0);
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_the_engine_is_named() {
    let full = |what: &str| Answer::refuses(500, &format!("{what}: no space left on device"));
    let broken = |text: &str| {
        let text = format!("write {text}: no space left on device");
        Answer::Lines(vec![json!({"errorDetail": {"message": text}, "error": text})])
    };
    let none = Answer::refuses(404, "No such image");
    let told = told_of(vec![
        case("a network", Call::Network, vec![("POST /networks/create", full("open /data/network/files"))]),
        case(
            "a pull",
            Call::Forge,
            vec![("GET /images/.*/json", none.clone()), ("POST /images/create", broken("/data/tmp/GetImageBlob7"))],
        ),
        case("a build", Call::Sample, vec![("POST /build", broken("/data/overlay2/x/atelier"))]),
        case("a container", Call::Forge, vec![("POST /containers/create", full("mkdir /data/overlay2/x"))]),
        Case {
            k3d: "ERRO[0001] Failed Cluster Start: docker failed to create container: Error response from daemon: \
                  mkdir /data/overlay2/x: no space left on device\n\
                  FATA[0001] Cluster creation FAILED, all changes have been rolled back!",
            ..case("a cluster", Call::Cluster, vec![])
        },
    ])
    .await;
    insta::assert_snapshot!(told, @"
    # a network
    error: the Docker engine's disk is full: it did not make the network `atelier-one`: open /data/network/files: no space left on device
    hint: `docker system df` shows what takes the space, `docker system prune` removes what is not needed
    exit code 4
    # a pull
    error: the Docker engine's disk is full: it did not pull the image `docker.gitea.com/gitea:1.24.6`: write /data/tmp/GetImageBlob7: no space left on device
    hint: `docker system df` shows what takes the space, `docker system prune` removes what is not needed
    exit code 4
    # a build
    error: the Docker engine's disk is full: it did not build the image `atelier.invalid/a:1`: write /data/overlay2/x/atelier: no space left on device
    hint: `docker system df` shows what takes the space, `docker system prune` removes what is not needed
    exit code 4
    # a container
    error: the Docker engine's disk is full: it did not make the container `atelier-one-forge`: mkdir /data/overlay2/x: no space left on device
    hint: `docker system df` shows what takes the space, `docker system prune` removes what is not needed
    exit code 4
    # a cluster
    error: the Docker engine's disk is full: it did not make a cluster: ERRO[0001] Failed Cluster Start: docker failed to create container: Error response from daemon: mkdir /data/overlay2/x: no space left on device
    hint: `docker system df` shows what takes the space, `docker system prune` removes what is not needed
    exit code 4
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_ends_half_way_is_named() {
    let none = Answer::refuses(404, "No such image");
    let told = told_of(vec![
        case("at a network", Call::Network, vec![("POST /networks/create", Answer::Ends)]),
        case(
            "at a pull",
            Call::Forge,
            vec![("GET /images/.*/json", none), ("POST /images/create", Answer::Ends)],
        ),
        case("at a container", Call::Forge, vec![("POST /containers/create", Answer::Ends)]),
        case("at a look", Call::Cluster, vec![("GET /containers/json", Answer::Ends)]),
    ])
    .await;
    insta::assert_snapshot!(told, @"
    # at a network
    error: the Docker engine went away and did not make the network `atelier-one`: connection closed before message completed
    hint: start Docker again; `atelier doctor` tells more
    exit code 4
    # at a pull
    error: the Docker engine went away and did not pull the image `docker.gitea.com/gitea:1.24.6`: connection closed before message completed
    hint: start Docker again; `atelier doctor` tells more
    exit code 4
    # at a container
    error: the Docker engine went away and did not make the container `atelier-one-forge`: connection closed before message completed
    hint: start Docker again; `atelier doctor` tells more
    exit code 4
    # at a look
    error: the Docker engine went away and did not list its containers: connection closed before message completed
    hint: start Docker again; `atelier doctor` tells more
    exit code 4
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_serve_is_named() {
    let none = Answer::refuses(404, "No such image");
    let told = told_of(vec![
        Case {
            configure: |settings| settings.pull = Pull::Never,
            ..case("missing, and not to be pulled", Call::Forge, vec![("GET /images/.*/json", none)])
        },
        case(
            "of another processor",
            Call::Forge,
            vec![("GET /images/.*/json", Answer::Json(200, image("arm64")))],
        ),
        Case {
            configure: |settings| settings.gitea = format!("a/b@sha256:{}", "2".repeat(64)),
            ..case("of another digest", Call::Forge, vec![])
        },
    ])
    .await;
    insta::assert_snapshot!(told, @"
    # missing, and not to be pulled
    error: image `docker.gitea.com/gitea:1.24.6` cannot be had: it is not in the engine, and `images.pull` is `never`
    hint: `atelier config` shows the images and how to set them
    exit code 4
    # of another processor
    error: image `docker.gitea.com/gitea:1.24.6` is for arm64, and the engine runs amd64
    hint: `atelier config` shows the images and how to set them
    exit code 4
    # of another digest
    error: image `a/b@sha256:<sha256>` has the digest a/b@sha256:<sha256>, not the configured one
    hint: `atelier config` shows the images and how to set them
    exit code 4
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_another_program_has_is_named() {
    let busy = "driver failed programming external connectivity on endpoint x: \
                Error starting userland proxy: listen tcp4 127.0.0.1:39001: bind: address already in use";
    let told = told_of(vec![
        case("the forge's", Call::Forge, vec![("POST /containers/made/start", Answer::refuses(500, busy))]),
        Case {
            k3d: "ERRO[0001] Failed Cluster Start: Failed to start server k3d-atelier-one-server-0: runtime failed to \
                  start node: Error starting userland proxy: listen tcp4 127.0.0.1:39001: bind: address already in use\n\
                  FATA[0001] Cluster creation FAILED, all changes have been rolled back!",
            ..case("the cluster's", Call::Cluster, vec![])
        },
    ])
    .await;
    insta::assert_snapshot!(told, @"
    # the forge's
    error: port <port> of 127.0.0.1, which this lab's forge uses, is taken by another program
      caused by: address in use
    hint: end the other program, or give the lab new ports with `atelier down` and `atelier up`
    exit code 4
    # the cluster's
    error: port <port> of 127.0.0.1, which this lab's Kubernetes API uses, is taken by another program
      caused by: address in use
    hint: end the other program, or give the lab new ports with `atelier down` and `atelier up`
    exit code 4
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn things_of_others_with_our_names_are_named_and_left() {
    let container = |name: &str, labels: Value| {
        json!({"Id": "theirs", "Name": format!("/{name}"), "Names": [format!("/{name}")], "State": {"Running": true},
            "Config": {"Image": "a/b", "Labels": labels}})
    };
    let volume = |name: &str, labels: Value| json!({"Name": name, "Driver": "local", "Mountpoint": "", "Labels": labels, "Scope": "local", "Options": {}});
    let node = json!({"Id": "theirs", "Names": ["/k3d-atelier-one-server-0"], "State": "running",
        "Labels": {"k3d.cluster": "atelier-one", "k3d.role": "server"}});
    let network = json!([{"Id": "theirs", "Name": "atelier-one", "Labels": {}}]);
    let lab = json!({"atelier.lab": "one", "atelier.home": "/elsewhere"});
    let cases = vec![
        case("a network", Call::Network, vec![("GET /networks", Answer::Json(200, network))]),
        case(
            "a container",
            Call::Forge,
            vec![(
                "GET /containers/atelier-one-forge/json",
                Answer::Json(200, container("atelier-one-forge", json!({}))),
            )],
        ),
        case(
            "a volume of another lab's",
            Call::Forge,
            vec![("GET /volumes/atelier-one-forge", Answer::Json(200, volume("atelier-one-forge", lab)))],
        ),
        case("a cluster", Call::Cluster, vec![("GET /containers/json", Answer::Json(200, json!([node])))]),
        case(
            "a volume of images",
            Call::Cluster,
            vec![(
                "GET /volumes/k3d-atelier-one-images",
                Answer::Json(200, volume("k3d-atelier-one-images", json!({}))),
            )],
        ),
    ];
    let mut text = String::new();
    for case in cases {
        let (told, changes) = play(&case).await;
        assert_eq!(changes, [] as [String; 0], "{}", case.name);
        text = format!("{text}# {}\n{told}", case.name);
    }
    insta::assert_snapshot!(text, @"
    # a network
    error: network `atelier-one` exists already and is not of this lab: it belongs to somebody else
    hint: choose another name with `--lab NAME`, or remove that one; `atelier down --all` removes what labs left
    exit code 4
    # a container
    error: container `atelier-one-forge` exists already and is not of this lab: it belongs to somebody else
    hint: choose another name with `--lab NAME`, or remove that one; `atelier down --all` removes what labs left
    exit code 4
    # a volume of another lab's
    error: volume `atelier-one-forge` exists already and is not of this lab: it belongs to lab `one` of `/elsewhere`
    hint: choose another name with `--lab NAME`, or remove that one; `atelier down --all` removes what labs left
    exit code 4
    # a cluster
    error: cluster `atelier-one` exists already and is not of this lab: it belongs to the k3d cluster `atelier-one`
    hint: choose another name with `--lab NAME`, or remove that one; `atelier down --all` removes what labs left
    exit code 4
    # a volume of images
    error: volume `k3d-atelier-one-images` exists already and is not of this lab: it belongs to somebody else
    hint: choose another name with `--lab NAME`, or remove that one; `atelier down --all` removes what labs left
    exit code 4
    ");
}

#[test]
fn a_full_disk_of_the_state_folder_is_named() {
    let world = World::new();
    let folder = world.state().join("labs/one");
    std::fs::create_dir_all(&folder).unwrap();
    // Whatever is written to this device meets a full disk.
    let description = folder.join("lab.json.new");
    std::os::unix::fs::symlink("/dev/full", &description).unwrap();
    insta::assert_snapshot!(world.atelier(&["up"]), @"
    $ atelier up
    --- stderr
    lab one, workshop one, platform embedded (the default; no containers run there; real ones with `--platform k3d`)
    error: stage `folder` of lab `one`
      caused by: cannot write `<world>/state/labs/one/lab.json`
      caused by: No space left on device (os error 28)
    hint: the disk is full: free some space, or set ATELIER_HOME to a folder on another disk
    --- exit code 4
    ");
    std::fs::remove_file(description).unwrap();
    world.atelier(&["up"]).ok();
}

#[test]
fn up_tells_of_an_engine_that_ends_and_goes_on_with_another() {
    let world = World::new();
    stand_in(&world, "v5.8.3");
    let engine = EngineStandIn::start();
    engine.on("POST /networks/create", Answer::Ends);
    world.set("DOCKER_HOST", &engine.address());
    let up = world.atelier(&["up", "--platform", "k3d", "--set", "flux.manifest=missing.yaml"]);
    assert_eq!(up.code(), 4, "{up}");
    // Down cannot look into an engine that has ended, and says so instead of forgetting what is there.
    let down = world.atelier(&["down"]).to_string().replace(&engine.address(), "<engine>");
    insta::assert_snapshot!(down, @"
    $ atelier down
    --- stderr
    error: no Docker engine answers; tried <engine> (Connection refused (os error 111))
    hint: start Docker, or name it with DOCKER_HOST; `atelier doctor` tells more
    --- exit code 4
    ");
    assert!(world.state().join("labs/one/lab.json").exists());
    drop(engine);
    let engine = EngineStandIn::start();
    std::fs::remove_file(world.state().join("labs/one/platform/site.json")).unwrap();
    world.set("DOCKER_HOST", &engine.address());
    world.atelier(&["down"]).ok();
}
