//! `atelier artifact push`: manifests that an `OCIRepository` reads.

use crate::support::{World, needs};

#[test]
fn manifests_are_pushed_with_where_they_come_from() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    world.set("ATELIER_ACTOR", "ops");
    world.write("apps/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: from-oci}\n");
    let source = ["--source", "http://example.org/apps", "--revision", "main@sha1:1"];
    let words = ["artifact", "push", "apps", "oci://forge.atelier.internal:3000/ops/apps:1.0"];
    let pushed = world.atelier(&[&words[..], &source[..]].concat()).to_string();
    let again = world.atelier(&[&words[..], &source[..]].concat()).to_string();
    let seen = world.atelier(&["image", "inspect", "ops/apps:1.0"]).to_string();
    insta::assert_snapshot!(format!("{pushed}\n{again}\n{seen}"), @r#"
    $ atelier artifact push apps oci://forge.atelier.internal:3000/ops/apps:1.0 --source http://example.org/apps --revision main@sha1:1
    ops/apps:1.0@sha256:<sha256>
    --- exit code 0
    $ atelier artifact push apps oci://forge.atelier.internal:3000/ops/apps:1.0 --source http://example.org/apps --revision main@sha1:1
    ops/apps:1.0@sha256:<sha256>
    --- stderr
    the registry had it already
    --- exit code 0
    $ atelier image inspect ops/apps:1.0
    name         ops/apps:1.0
    digest       sha256:<sha256>
    state        in the registry

    manifest     sha256:<sha256>
    annotation   org.opencontainers.image.revision=main@sha1:1
    annotation   org.opencontainers.image.source=http://example.org/apps
    layer        sha256:<sha256> 135 bytes
    --- exit code 0
    "#);
    if !needs("kubectl") {
        return;
    }
    world.write(
        "source.yaml",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: apps, namespace: flux-system}\n\
         spec: {interval: 1h, insecure: true, url: 'oci://forge.atelier.internal:3000/ops/apps', ref: {tag: '1.0'}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\n\
         spec: {interval: 1h, prune: true, path: ./, sourceRef: {kind: OCIRepository, name: apps}}\n",
    );
    let work = world.work().display().to_string();
    let lines = format!(
        "kubectl apply -f {work}/source.yaml\n\
         kubectl wait -n flux-system --for=condition=Ready --timeout=60s kustomization/apps\n\
         kubectl get namespace from-oci -o name\n\
         kubectl get -n flux-system ocirepository apps -o jsonpath='{{.status.artifact.revision}}'"
    );
    let ran = world.shell("ops", &lines).ok();
    assert!(ran.stdout().contains("namespace/from-oci\n1.0@sha256:"), "{ran}");
}
