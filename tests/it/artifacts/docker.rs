//! Docker as a client of the lab's registry; and what it builds of a `Dockerfile`, compared with what we do.

use crate::support::{World, needs, skipped};

const DOCKERFILE: &str = "FROM REGISTRY/dev2/base:1\nCOPY run.sh site/*.html /srv/deep/\nCOPY site /var/www\n\
    WORKDIR /srv/deep\nENV GREETING=\"hello $A\" EMPTY=\nEXPOSE 8080 53/udp\nUSER 65534:65534\n\
    LABEL made.by=\"dev $A\" other=x\nENTRYPOINT [\"/srv/deep/run.sh\"]\nCMD [\"--port\", \"8080\"]\n";
const BASE: &str = "FROM scratch\nCOPY etc /etc\nENV A=1\nCMD [\"gone\"]\n";

/// A lab whose registry an engine can be told of; nothing where there is none.
fn lab() -> Option<World> {
    if !needs("docker") {
        return None;
    }
    let world = World::new();
    if let Ok(host) = std::env::var("DOCKER_HOST") {
        world.set("DOCKER_HOST", &host);
    }
    if world.run("docker", &["version"]).code() != 0 {
        skipped("no Docker engine answers");
        return None;
    }
    world.atelier(&["up"]).ok();
    world.write("base/Dockerfile", BASE);
    world.write("base/etc/motd", "welcome\n");
    world.write("image/run.sh", "#!/bin/sh\n");
    world.write("image/site/index.html", "hello\n");
    world.write("image/site/empty/.keep", "");
    world.write("image/site/private/key", "secret\n");
    world.write("image/.dockerignore", "**/private\n");
    world.run("chmod", &["-R", "a+rX", "."]).ok();
    world.run("chmod", &["755", "image/run.sh"]).ok();
    Some(world)
}

/// The lines with the registry's address at hand, in the folder of the test.
fn shell(world: &World, lines: &str) -> String {
    let head = format!(
        "R=${{ATELIER_FORGE#http://}}; PATH=$(dirname '{}'):$PATH; cd '{}'\n\
         trap 'docker rmi --force $(docker images --quiet --filter \"reference=$R/*/*\") >&2 || true' EXIT\n",
        World::PROGRAM,
        world.work().display()
    );
    world.shell("dev2", &(head + lines)).ok().stdout().to_owned()
}

#[test]
fn docker_builds_the_same_image_of_the_same_dockerfile() {
    let Some(world) = lab() else { return };
    world.write("image/Dockerfile", DOCKERFILE);
    let ran = shell(
        &world,
        "sed -i.old \"s/REGISTRY/$R/\" image/Dockerfile && rm image/Dockerfile.old
        atelier image build base --tag dev2/base:1 --push >&2
        atelier image build image --tag dev2/ours:1 --push >&2
        docker pull -q $R/dev2/ours:1 >&2
        docker build -q -t $R/dev2/theirs:1 image >&2
        for name in ours theirs; do
          docker inspect --format '{{json .Config.Env}} {{json .Config.Entrypoint}} {{json .Config.Cmd}} {{json .Config.WorkingDir}} {{json .Config.User}} {{json .Config.ExposedPorts}} {{json .Config.Labels}}' $R/dev2/$name:1 > $name.config
          container=$(docker create $R/dev2/$name:1)
          mkdir $name && docker export $container | tar x -C $name srv var etc/motd
          docker rm $container >&2
          (cd $name && find . | sort | xargs ls -ld | awk '{print $1, $NF}') > $name.files
        done
        diff ours.config theirs.config && diff ours.files theirs.files && diff -r ours theirs && cat ours.config",
    );
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let expected = format!(
        r#"["{path}","A=1","GREETING=hello 1","EMPTY="] ["/srv/deep/run.sh"] ["--port","8080"] "/srv/deep" "65534:65534" {{"53/udp":{{}},"8080/tcp":{{}}}} {{"made.by":"dev 1","other":"x"}}"#
    );
    assert_eq!(ran.trim(), expected);
}

#[test]
fn docker_pushes_and_pulls() {
    let Some(world) = lab() else { return };
    let ran = shell(
        &world,
        "docker build -q -t $R/dev2/app:1 base >&2
        docker push -q $R/dev2/app:1 >&2
        docker rmi $R/dev2/app:1 >&2
        docker pull -q $R/dev2/app:1 >&2
        docker inspect --format '{{json .Config.Cmd}}' $R/dev2/app:1
        docker tag $R/dev2/app:1 $R/ops/app:1
        docker push -q $R/ops/app:1 2>&1 | tail -n 1 || true
        atelier image inspect dev2/app:1 | grep arguments",
    );
    let lines = ran.lines().collect::<Vec<_>>();
    assert_eq!((lines[0], lines[2]), (r#"["gone"]"#, "arguments   gone"), "{ran}");
    assert!(lines[1].starts_with("denied"), "{ran}");
}
