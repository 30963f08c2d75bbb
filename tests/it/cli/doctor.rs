//! `atelier doctor`, and the stage `preflight` that looks at the same.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::platform::stand_in;
use crate::support::World;
use crate::support::engine::{Answer, EngineStandIn, info, version};

fn findings(world: &World) -> (i32, Vec<Value>) {
    let ran = world.atelier(&["doctor", "--platform", "k3d", "--json"]);
    let mut document: Value = serde_json::from_str(ran.stdout()).unwrap();
    (ran.code(), serde_json::from_value(document["findings"].take()).unwrap())
}

fn finding<'a>(findings: &'a [Value], what: &str) -> &'a Value {
    findings.iter().find(|finding| finding["what"] == what).unwrap()
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let world = World::new();
    world.set("ATELIER_TOOLS_K3D", "/nowhere/k3d");
    world.set("DOCKER_HOST", "unix:///nowhere.sock");
    let (code, findings) = findings(&world);
    assert_eq!(code, 4);
    let k3d = finding(&findings, "k3d");
    assert_eq!(k3d["level"], "problem");
    let advice = k3d["advice"].as_str().unwrap();
    // What installs it is this system's.
    let (advice, line) = advice.split_once("; to install it: ").unwrap();
    assert_eq!(advice, "install k3d 5.6.0 or newer from https://k3d.io, or set `tools.k3d`");
    assert!(line.starts_with('`') || line.starts_with("see "), "{line}");
    let engine = finding(&findings, "engine");
    assert_eq!(
        engine["found"],
        "no Docker engine answers; tried unix:///nowhere.sock (Socket not found: /nowhere.sock)"
    );
}

#[test]
fn engines_elsewhere_are_refused() {
    let world = World::new();
    world.set("DOCKER_HOST", "ssh://somewhere");
    let (_, findings) = findings(&world);
    let text = "the Docker engine's address `ssh://somewhere` cannot be used: the engine must be on this machine; \
        use its socket, `unix:///…`";
    assert_eq!(finding(&findings, "engine")["found"], text);
}

#[test]
fn versions_of_a_stand_in_k3d_are_judged() {
    let world = World::new();
    world.set("DOCKER_HOST", "unix:///nowhere.sock");
    for (version, level) in [("v5.8.3", "good"), ("v5-dev", "warning"), ("v5.4.9", "problem")] {
        stand_in(&world, version);
        let (_, findings) = findings(&world);
        assert_eq!(finding(&findings, "k3d")["level"], level, "{version}");
    }
}

/// Programs of these names that only know what they are called.
fn programs(world: &World, lines: &[(&str, &str)]) {
    for (name, line) in lines {
        let path = world.write(&format!("programs/{name}"), &format!("#!/bin/sh\necho '{line}'\n"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    world.set("PATH", &world.work().join("programs").display().to_string());
}

/// What `doctor` says, without what it says of the machine that the test runs on.
fn said(world: &World, engine: &EngineStandIn) -> String {
    world.set("DOCKER_HOST", &engine.address());
    let ran =
        world.atelier(&["doctor", "--platform", "k3d"]).to_string().replace(&engine.address(), "<engine>");
    let own = regex::Regex::new(r"(?m)^\S+ +(inotify|state|WSL) .*\n").unwrap();
    let blanks = regex::Regex::new(" {2,}").unwrap();
    blanks.replace_all(&own.replace_all(&ran, ""), "  ").into_owned()
}

#[test]
fn a_stand_in_for_a_machine_is_told_about_as_a_whole() {
    let (engine, world) = (EngineStandIn::start(), World::new());
    stand_in(&world, "v5.8.3");
    programs(
        &world,
        &[
            ("git", "git version 2.47.3"),
            ("kubectl", "Client Version: v1.34.1"),
            ("flux", "flux version 2.9.0"),
        ],
    );
    let good = said(&world, &engine);
    // Everything that an engine can be short of.
    let none = Answer::refuses(404, "No such image");
    engine.on("GET /images/.*/json", none).on("GET /info", Answer::Json(200, info(1_500_000_000, "1")));
    engine.on("GET /version", Answer::Json(200, version("19.03.8", "1.40")));
    world.set("HTTPS_PROXY", "http://ann:secret@proxy.example:3128");
    programs(&world, &[("flux", "flux version 2.9.0"), ("git", "git version 2.20.1")]);
    std::fs::remove_file(world.work().join("programs/kubectl")).unwrap();
    stand_in(&world, "v5.4.9");
    let bad = said(&world, &engine);
    assert!(!bad.contains("secret"), "{bad}");
    insta::assert_snapshot!(format!("{good}\n\n{bad}"), @"
    $ atelier doctor --platform k3d
    good  git  git version 2.47.3
    good  kubectl  Client Version: v1.34.1
    good  flux  flux version 2.9.0
    good  helm  not here; lessons that use it say how else
    good  k3d  v5.8.3
    good  engine  Docker 27.3.1 at <engine> (API 1.47, amd64, Stand-in Linux)
    good  memory  8.0 GB
    good  cgroup  version 2
    good  images  the nodes' and the forge's are in the engine
    good  ports  free ones of 127.0.0.1 can be had; a lab keeps those it gets
    --- exit code 0

    $ atelier doctor --platform k3d
    warning  git  `git` >=2.30 is needed, and there is 2.20.1  see https://git-scm.com/downloads
    warning  kubectl  `kubectl` was not found on PATH  the lessons use it: see https://kubernetes.io/docs/tasks/tools/
    good  flux  flux version 2.9.0
    good  helm  not here; lessons that use it say how else
    problem  k3d  `k3d` is version v5.4.9; at least 5.6.0 is needed  install k3d 5.6.0 or newer from https://k3d.io, or set `tools.k3d`; to install it: see https://k3d.io
    warning  engine  Docker 19.03.8 at <engine> (API 1.40, amd64, Stand-in Linux)  API 1.41 (Docker 20.10) is the oldest that was tried: update Docker
    problem  memory  1.5 GB  give the engine more memory (Docker Desktop: Settings, Resources), at least 4 GB
    warning  cgroup  version 1  Kubernetes 1.35 and newer need version 2; keep the default k3s image
    warning  images  to be pulled: rancher/k3s:v1.34.1-k3s1, docker.gitea.com/gitea:1.24.6  Docker Hub allows 100 pulls in 6 hours to everybody behind one address; in a room, log in with `docker login` or set `images.mirrors`
    good  ports  free ones of 127.0.0.1 can be had; a lab keeps those it gets
    warning  proxy  HTTPS_PROXY set  the lab's own traffic goes around it; the engine needs it in its own configuration to pull images
    --- exit code 4
    ");
}

#[test]
fn a_context_that_docker_does_not_know_is_named() {
    let world = World::new();
    stand_in(&world, "v5.8.3");
    world.set("DOCKER_CONTEXT", "laptop");
    let (code, findings) = findings(&world);
    assert_eq!(code, 4);
    let engine = finding(&findings, "engine");
    let folder = world.home().join(".docker").display().to_string();
    assert_eq!(engine["found"], format!("there is no Docker context `laptop` in `{folder}`"));
    assert_eq!(engine["advice"], "choose another one with `docker context use NAME`, or with DOCKER_CONTEXT");
}

#[test]
fn up_makes_nothing_on_a_machine_that_lacks_something() {
    let world = World::new();
    stand_in(&world, "v5.4.9");
    world.set("DOCKER_HOST", "unix:///nowhere.sock");
    let up = world.atelier(&["up", "--platform", "k3d"]).to_string();
    // What goes before depends on the machine.
    let (_, refusal) = up.split_once("error: ").unwrap();
    insta::assert_snapshot!(refusal, @r"
    stage `preflight` of lab `one`
      caused by: this machine is not ready for a lab: `k3d` is version v5.4.9; at least 5.6.0 is needed; no Docker engine answers; tried unix:///nowhere.sock (Socket not found: /nowhere.sock)
    hint: install k3d 5.6.0 or newer from https://k3d.io, or set `tools.k3d`
    hint: start Docker (or Podman's socket), or name it with DOCKER_HOST; on Linux your user must be allowed to use the socket (group `docker`)
    hint: what stands is kept: `atelier up` goes on from here, `atelier down` removes it
    --- exit code 4
    ");
    assert_eq!(world.atelier(&["down"]).ok().code(), 0);
}
