//! `atelier manifest operator`, and the lesson that installs the operator: a lab that begins without it, gets it, loses
//! its cluster, and has none again.

use crate::support::World;

const WORKSHOP: &str = "apiVersion: atelier/v1
kind: Workshop
id: bare
title: Bare
actors:
  ops: { namespace: flux-system, administrator: true }
tracks:
  ops: { title: Ops }
operator: false
";

const OPS: &str = r#"apiVersion: atelier/v1
kind: Scenario
id: ops
title: Ops
steps:
- id: install
  title: Install the operator
  explain: Install it.
  do:
  - install: operator
  verify:
  - k8s:
      apiVersion: apps/v1
      kind: Deployment
      namespace: flux-system
      name: source-controller
      cel: ["object.status.availableReplicas >= 1"]
  hints: [Apply its manifest.]
- id: lose
  title: Lose the cluster
  explain: Lose it.
  do:
  - cluster: recreate
  verify:
  - k8s: { apiVersion: v1, kind: Namespace, name: flux-system, absent: true }
  hints: [Nothing is left.]
"#;

#[test]
fn the_operator_is_installed_once_and_lost_with_the_cluster() {
    let world = World::new();
    world.write("bare/workshop.yaml", WORKSHOP);
    world.write("bare/ops.yaml", OPS);
    world.atelier(&["--scenarios", "bare", "--workshop", "bare", "up"]).ok();
    let printed = world.atelier(&["--workshop", "bare", "manifest", "operator"]).ok();
    assert!(printed.stdout().contains("kind: CustomResourceDefinition"), "{printed}");
    let ran = world.atelier(&["--workshop", "bare", "rehearse", "--all", "--twice"]).ok();
    assert!(ran.raw().contains("nothing to do: it is so already"), "{ran}");
    assert!(ran.raw().contains("every check passed"), "{ran}");
}
