//! Other people's programs at the lab's registry, where they are on this machine.

use crate::support::{World, needs};

fn lab() -> World {
    let world = World::new();
    world.atelier(&["up"]).ok();
    world.write("image/Dockerfile", "FROM scratch\nCOPY hello /hello\nLABEL a=b\n");
    world.write("image/hello", "hello\n");
    world.write(
        "demo/Chart.yaml",
        "apiVersion: v2\nname: demo\nversion: 0.1.0\nicon: https://example.org/i.png\n",
    );
    world.write("demo/values.yaml", "# how many\ncount: 1\n");
    world.write("demo/templates/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  count: {{ .Values.count | quote }}\n");
    world
}

/// The lines with the registry's address at hand, in the folder of the test.
fn shell(world: &World, lines: &str) -> String {
    let head = format!(
        "R=${{ATELIER_FORGE#http://}}; PATH=$(dirname '{}'):$PATH; cd '{}'\n",
        World::PROGRAM,
        world.work().display()
    );
    world.shell("dev2", &(head + lines)).ok().stdout().to_owned()
}

#[test]
fn skopeo_copies_inspects_lists_and_deletes() {
    if !needs("skopeo") {
        return;
    }
    let ran = shell(
        &lab(),
        "P='skopeo --insecure-policy'
        atelier image build image --tag dev2/app:1 --platform linux/amd64,linux/arm64 --push >&2
        $P copy --quiet --all --src-tls-verify=false --dest-tls-verify=false docker://$R/dev2/app:1 docker://$R/dev2/copy:1
        $P copy --quiet --src-tls-verify=false docker://$R/dev2/copy:1 dir:copied
        $P copy --quiet --dest-tls-verify=false dir:copied docker://$R/dev2/copy:2
        $P list-tags --tls-verify=false docker://$R/dev2/copy | tr -d ' \\n'
        echo
        $P inspect --tls-verify=false --format '{{.Architecture}} {{.Labels}}' docker://$R/dev2/copy:2
        $P delete --tls-verify=false docker://$R/dev2/copy:2
        $P list-tags --tls-verify=false docker://$R/dev2/copy | tr -d ' \\n'",
    );
    let lines = ran.lines().collect::<Vec<_>>();
    assert!(lines[0].ends_with(r#""Tags":["1","2"]}"#), "{ran}");
    assert!(lines[1].ends_with("map[a:b]"), "{ran}");
    assert!(lines[2].ends_with(r#""Tags":["1"]}"#), "{ran}");
}

#[test]
fn helm_pushes_pulls_and_says_what_we_say() {
    if !needs("helm") {
        return;
    }
    let ran = shell(
        &lab(),
        "helm lint demo > theirs; atelier chart lint demo > ours; diff theirs ours
        helm template x demo --set count=2 > theirs; atelier chart template x demo --set count=2 > ours; diff theirs ours
        atelier chart push demo dev2/charts >&2
        helm pull --plain-http oci://$R/dev2/charts/demo --version 0.1.0 >&2
        helm lint demo-0.1.0.tgz >&2
        helm package demo --version 0.2.0 >&2
        helm push --plain-http demo-0.2.0.tgz oci://$R/dev2/charts >&2
        helm show values --plain-http oci://$R/dev2/charts/demo --version 0.2.0
        atelier image inspect dev2/charts/demo:0.2.0 | grep image.version",
    );
    assert!(ran.contains("\n# how many\ncount: 1\n"), "{ran}");
    assert!(ran.ends_with("image.version=0.2.0\n"), "{ran}");
}

#[test]
fn podman_pushes_and_pulls() {
    if !needs("podman") {
        return;
    }
    let ran = shell(
        &lab(),
        "P=\"podman --root $PWD/podman --runroot $PWD/run\"
        $P build --tag $R/dev2/app:1 image >&2
        $P push --tls-verify=false $R/dev2/app:1 >&2
        $P rmi $R/dev2/app:1 >&2
        $P pull --tls-verify=false $R/dev2/app:1 >&2
        $P inspect --format '{{.Labels.a}}' $R/dev2/app:1
        $P rmi --all >&2",
    );
    assert_eq!(ran, "b\n");
}

#[test]
fn oras_pushes_pulls_and_attaches() {
    if !needs("oras") {
        return;
    }
    let ran = shell(
        &lab(),
        "oras push --plain-http $R/dev2/files:1 image/hello:text/plain >&2
        oras attach --plain-http --artifact-type text/sbom $R/dev2/files:1 demo/values.yaml:text/plain >&2
        oras discover --plain-http --format json $R/dev2/files:1 | grep -o text/sbom | head -n 1
        mkdir pulled && oras pull --plain-http -o pulled $R/dev2/files:1 >&2
        cat pulled/image/hello",
    );
    assert_eq!(ran, "text/sbom\nhello\n");
}
