//! `atelier audit`: what was done in a lab, by whom.

use crate::support::{World, needs};

#[test]
fn a_lab_that_is_not_there_has_none() {
    let world = World::new();
    insta::assert_snapshot!(world.atelier(&["audit"]), @"
    $ atelier audit
    --- stderr
    error: there is no lab `one`
    hint: `atelier up` makes it; `atelier status` lists the labs there are
    --- exit code 2
    ");
}

#[test]
fn what_an_actor_did_is_told_and_nothing_of_the_lab_itself() {
    if !needs("kubectl") {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    world
        .shell(
            "ops",
            "kubectl create namespace team && kubectl create configmap a -n team && kubectl get pods",
        )
        .ok();
    world.shell("dev2", "kubectl delete namespace team || true").ok();
    let columns = |arguments: &[&str]| {
        let shown = world.atelier(&[&["audit"], arguments].concat()).ok();
        let rows = shown.stdout().lines().map(|row| row.split_whitespace().skip(1).collect::<Vec<_>>());
        // The operator's accounts work in the lab as well.
        let people = rows.filter(|row| !row[0].starts_with("system:serviceaccount:"));
        people.map(|row| row.into_iter().take(4).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let all = ["ops create namespaces team", "ops create configmaps a", "dev2 delete namespaces team"]
        .map(str::to_owned);
    assert_eq!(columns(&[]), all);
    assert_eq!(columns(&["--actor", "dev2"]), all[2..]);
    assert_eq!(columns(&["--verb", "create", "--resource", "configmaps"]), all[1..2]);
    assert_eq!(columns(&["--actor", "dev2", "--tail", "1"]), all[2..]);
    let json = world.atelier(&["audit", "--json", "--resource", "configmaps/a"]).ok();
    let event: serde_json::Value = serde_json::from_str(json.stdout()).unwrap();
    assert_eq!((&event["kind"], &event["objectRef"]["name"]), (&"Event".into(), &"a".into()));
    // The log is there when the lab is not running.
    world.atelier(&["stop"]).ok();
    assert_eq!(columns(&["--actor", "ops"]), all[..2]);
}
