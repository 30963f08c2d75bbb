//! A check that asks from inside a namespace: a Pod there asks, and goes.

use crate::support::source::package;
use crate::support::{World, needs};

#[test]
fn a_pod_in_the_namespace_asks_and_goes() {
    if !(needs("git") && needs("kubectl")) {
        return;
    }
    let world = World::new();
    for name in ["scenarios", "templates"] {
        let (from, to) = (package().join(name), world.work().join(name));
        world.run("cp", &["-r", &from.display().to_string(), &to.display().to_string()]).ok();
    }
    let path = world.work().join("scenarios/one/dev2.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, after) = text.split_at(text.find("- id: deploy").unwrap());
    let after = after.replacen("      service: ", "      from: dev2\n      service: ", 1);
    std::fs::write(&path, format!("{before}{after}")).unwrap();
    world.set("ATELIER_SCENARIOS", &world.work().join("scenarios").display().to_string());
    world.atelier(&["up"]).ok();
    world.atelier(&["solve", "dev2", "--to", "deploy", "--trust"]).ok();
    let look = "kubectl get events -n dev2 -o jsonpath='{range .items[?(@.reason==\"Started\")]}{.message}{\"\\n\"}{end}' | grep -c probe\n\
         kubectl get pods -n dev2 -l app.kubernetes.io/name=atelier-probe -o name";
    let found = world.shell("ops", look).ok();
    assert_eq!(found.stdout(), "1\n");
    world.atelier(&["down", "--force"]).ok();
}
