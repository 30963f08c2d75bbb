//! The work environment: what its image is made of, from a stand-in for the places where tools are published, and a
//! shell in it, by a real engine where there is one.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::support::ground::Ground;
use crate::support::{Ran, Screen, World, needs, stand_ins};

/// What stands for the place of every project, each path with what is there.
type Places = BTreeMap<String, Vec<u8>>;

/// A program, in an archive where its project makes one.
fn published(world: &World, name: &str, member: Option<&str>) -> Vec<u8> {
    let text = format!("#!/bin/sh\necho {name}\n");
    let Some(member) = member else { return text.into_bytes() };
    let path = world.write(&format!("archive/{name}/{member}"), &text);
    let folder = path.ancestors().nth(member.split('/').count()).unwrap().display().to_string();
    let to = world.work().join(format!("{name}.tar.gz")).display().to_string();
    world.run("tar", &["-czf", &to, "-C", &folder, member]).ok();
    std::fs::read(to).unwrap()
}

/// Every tool as it is published for `arm64`, with checksums in each project's own form.
fn places(world: &World) -> Places {
    let mut places = Places::new();
    let mut put = |path: &str, bytes: Vec<u8>, sums: &str, line: fn(&str, &str) -> String| {
        let name = path.rsplit('/').next().unwrap();
        let sum = format!("{:x}", Sha256::digest(&bytes));
        places.insert(sums.to_owned(), line(&sum, name).into_bytes());
        places.insert(path.to_owned(), bytes);
    };
    let listed = |sum: &str, name: &str| format!("{}  another-{name}\n{sum}  {name}\n", "0".repeat(64));
    let at = "/dl.k8s.io/release/v1.0.0/bin/linux/arm64/kubectl";
    put(at, published(world, "kubectl", None), &format!("{at}.sha256"), |sum, _| sum.to_owned());
    let at = "/get.helm.sh/helm-v3.0.0-linux-arm64.tar.gz";
    let sums = format!("{at}.sha256sum");
    put(at, published(world, "helm", Some("linux-arm64/helm")), &sums, listed);
    let at = "/github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv5.0.0";
    let archive = format!("{at}/kustomize_v5.0.0_linux_arm64.tar.gz");
    put(&archive, published(world, "kustomize", Some("kustomize")), &format!("{at}/checksums.txt"), listed);
    let at = "/github.com/fluxcd/flux2/releases/download/v2.0.0";
    let archive = format!("{at}/flux_2.0.0_linux_arm64.tar.gz");
    let sums = format!("{at}/flux_2.0.0_checksums.txt");
    put(&archive, published(world, "flux", Some("flux")), &sums, listed);
    let at = "/github.com/k3d-io/k3d/releases/download/v5.0.0";
    let sums = format!("{at}/checksums.txt");
    let under = |sum: &str, name: &str| format!("{sum}  _dist/{name}\n");
    put(&format!("{at}/k3d-linux-arm64"), published(world, "k3d", None), &sums, under);
    places
}

/// Serves the places on a thread of its own, as long as the process lives; its address.
fn serve(places: Places) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = move |uri: axum::http::Uri| async move {
                places.get(uri.path()).cloned().ok_or(axum::http::StatusCode::NOT_FOUND)
            };
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap();
        });
    });
    format!("http://{address}")
}

/// Puts the tools of an image together, beside which these programs lie.
fn install(world: &World, folder: &str, beside: &[&str], places: Places) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docker/workspace/install");
    let text = std::fs::read_to_string(script).unwrap();
    let script = world.write(&format!("{folder}/install"), &text).display().to_string();
    for name in beside {
        world.write(&format!("{folder}/{name}"), &format!("#!/bin/sh\necho {name} of ours\n"));
    }
    let variables = [
        ("TARGETARCH", "arm64"),
        ("KUBECTL_VERSION", "v1.0.0"),
        ("HELM_VERSION", "v3.0.0"),
        ("KUSTOMIZE_VERSION", "v5.0.0"),
        ("FLUX_VERSION", "v2.0.0"),
        ("K3D_VERSION", "v5.0.0"),
    ];
    for (name, value) in variables {
        world.set(name, value);
    }
    world.set("MIRROR", &serve(places));
    world.run("sh", &[&script, "tools", &world.work().join(folder).join("out").display().to_string()])
}

#[test]
fn tools_come_from_where_they_are_published_and_are_checked() {
    if !(needs("curl") && needs("sha256sum") && needs("tar") && needs("awk")) {
        return;
    }
    let world = World::new();
    install(&world, "whole", &["atelier", "flux"], places(&world)).ok();
    let said = world.run("sh", &["-c", "for tool in whole/out/*; do \"$tool\"; done"]).ok();
    let expected = "atelier of ours\nflux of ours\nhelm\nk3d\nkubectl\nkustomize\n";
    assert_eq!(said.stdout(), expected);

    let helm = "/get.helm.sh/helm-v3.0.0-linux-arm64.tar.gz";
    let altered = places(&world).into_iter().map(|(path, mut bytes)| {
        if path == helm {
            bytes.push(0);
        }
        (path, bytes)
    });
    let refused = install(&world, "altered", &["atelier"], altered.collect()).raw();
    assert!(
        refused.contains("install: https://get.helm.sh/helm-v3.0.0-linux-arm64.tar.gz has the SHA-256 "),
        "{refused}"
    );
    assert!(!world.work().join("altered/out/helm").exists());

    let without = |gone: &str| places(&world).into_iter().filter(|(path, _)| !path.contains(gone)).collect();
    let missing = install(&world, "missing", &["atelier"], without("k3d-linux-arm64")).raw();
    assert!(
        missing
            .contains("/github.com/k3d-io/k3d/releases/download/v5.0.0/k3d-linux-arm64 cannot be downloaded"),
        "{missing}"
    );
    let bare = install(&world, "bare", &[], places(&world)).raw();
    assert!(bare.contains("install: tools/atelier is missing: `make workspace` puts it there"), "{bare}");
}

/// An image that has a shell and no more, in place of the work environment's.
fn furnish(world: &World, lab: &str) {
    let name = format!("atelier-stand-in/workspace:{lab}");
    let base = world.environment_of("ATELIER_IMAGES_K3D_TOOLS");
    let line =
        format!("printf 'FROM {base}\\nENTRYPOINT []\\nCMD [\"sh\"]\\n' | docker build -q -t {name} -");
    world.set("DOCKER_BUILDKIT", "0");
    world.run("sh", &["-c", &line]).ok();
    world.set("ATELIER_IMAGES_WORKSPACE", &name);
}

/// What the shell in the container is to know; it has no program but itself.
const ASKS: &str = "pwd; echo \"$ATELIER_ACTOR at $ATELIER_FORGE\"; [ -r \"$KUBECONFIG\" ] && [ -w . ] && echo own; \
    while read -r line; do case $line in *server:*|*tls-server-name:*) echo \"$line\";; esac; done < \"$KUBECONFIG\"; \
    echo trouble >&2; exit 3";

#[test]
fn a_shell_in_a_container_is_on_the_labs_network_and_leaves_nothing() {
    let Some(ground) = Ground::stand_ins() else { return };
    furnish(ground.world(), ground.lab());
    ground.up();
    let words = ["shell", "dev1", "--container", "--", "sh", "-c", ASKS];
    let ran = ground.world().atelier(&[&["--lab", ground.lab()], words.as_slice()].concat());
    let work = ground.world().state().join(format!("labs/{}/actors/dev1/work", ground.lab()));
    let node = format!("k3d-{}-server-0", ground.cluster());
    let expected = format!(
        "{}\ndev1 at http://forge.atelier.internal:3000\nown\nserver: https://{node}:6443\n\
         tls-server-name: \"127.0.0.1\"\n",
        work.display()
    );
    assert_eq!((ran.stdout(), ran.code()), (expected.as_str(), 3), "{ran}");
    assert!(ran.stderr().contains("trouble"), "{ran}");
    let left = ground.world().run("docker", &["ps", "-aq", "--filter", "label=atelier.part=shell"]).ok();
    assert_eq!(left.stdout(), "");
    // One that is left open does not outlive the lab.
    let down = ground.atelier(&["down"]);
    assert_eq!(down.code(), 0, "{down}");
    assert_eq!(ground.held(), "");
}

#[test]
fn a_shell_in_a_container_reaches_a_lab_that_runs_in_none() {
    let Some(made) = stand_ins() else { return };
    let world = World::new();
    let lab = format!("w{}", std::process::id());
    made.furnish(&world, &lab);
    furnish(&world, &lab);
    world.atelier(&["up"]).ok();
    let ran = world.atelier(&["shell", "dev2", "--container", "--", "sh", "-c", "echo $ATELIER_FORGE; cat"]);
    let forge = world.atelier(&["--json", "status"]).ok().json()["endpoints"]["forge"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert_eq!((ran.stdout(), ran.code()), (format!("{forge}\n").as_str(), 127), "{ran}");
    world.set("ATELIER_IMAGES_WORKSPACE", "atelier-stand-in/nowhere:1");
    let missing = world.atelier(&["shell", "dev2", "--container"]);
    insta::assert_snapshot!(missing, @r"
    $ atelier shell dev2 --container
    --- stderr
    error: image `atelier-stand-in/nowhere:1` cannot be had: it is not in the engine, and `images.pull` is `never`
    hint: `atelier config` shows the images and how to set them
    hint: `make workspace` builds the work environment; `images.workspace` names another image
    --- exit code 4
    ");
}

/// An image that has bash besides, from this machine, with a start-up file as distributions have one.
fn furnish_bash(world: &World, lab: &str) {
    furnish(world, lab);
    let name = format!("atelier-stand-in/workspace-bash:{lab}");
    let base = world.environment_of("ATELIER_IMAGES_K3D_TOOLS");
    world.write("bash/etc/bash.bashrc", "PS1='of the image> '\n");
    world.write("bash/Dockerfile", &format!("FROM {base}\nCOPY . /\nENTRYPOINT []\nCMD [\"/bin/bash\"]\n"));
    let lines = "cd bash && mkdir bin && cp -L \"$(command -v bash)\" bin/bash && \
        for library in $(ldd bin/bash | grep -o '/[^ ]*'); do cp -L --parents \"$library\" .; done && \
        docker build -q -t ";
    world.run("sh", &["-c", &format!("{lines}{name} .")]).ok();
    world.set("ATELIER_IMAGES_WORKSPACE", &name);
}

#[test]
fn the_prompt_in_a_container_says_whose_shell_it_is() {
    let (true, true, true) = (needs("tmux"), needs("bash"), needs("ldd")) else { return };
    let Some(made) = stand_ins() else { return };
    let world = World::new();
    let lab = format!("p{}", std::process::id());
    made.furnish(&world, &lab);
    furnish_bash(&world, &lab);
    world.atelier(&["up"]).ok();
    let screen = Screen::open(&world, 120);
    screen.line(&format!("'{}' shell dev2 --container", World::PROGRAM));
    screen.until("dev2@one work");
    screen.line("printf '%s-%s\\n' \"$ATELIER_ACTOR\" inside; [ -t 0 ] && printf '%s-%s\\n' a terminal");
    screen.until("dev2-inside");
    screen.until("a-terminal");
    screen.line("exit 4");
    // What is typed before the container has ended is the container's.
    screen.until("exit 4");
    screen.until(">");
    screen.line("echo \"code $?\"");
    screen.until("code 4");
}
