//! `atelier graph`: who does what to what, without a lab.

use crate::support::World;

#[test]
fn the_shipped_workshop_is_drawn_without_a_lab() {
    let world = World::new();
    let drawn = world.atelier(&["graph", "dev2"]).ok();
    assert!(drawn.stdout().starts_with("dev2.clone: Look at what you have\ndev2.build: "), "{drawn}");
    assert!(drawn.stdout().contains("dev2.deploy: Push the first version (after ops.onboard_dev2)\n  dev2 ──▶ Forge   commit to dev2/postcard"), "{drawn}");
    let mermaid = world.atelier(&["graph", "--mermaid"]).ok();
    assert!(mermaid.stdout().starts_with("sequenceDiagram\n    actor "), "{mermaid}");
    let unknown = world.atelier(&["graph", "dev9"]);
    assert_eq!(unknown.code(), 2, "{unknown}");
    assert!(!world.state().exists(), "nothing is made");
}
