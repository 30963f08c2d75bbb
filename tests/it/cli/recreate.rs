//! `atelier recreate cluster`: an empty cluster, the same forge, and kubeconfigs that still are good.

use crate::support::{Screen, World, needs};

#[test]
fn the_cluster_is_lost_and_git_brings_everything_back() {
    if !(needs("git") && needs("bash") && needs("kubectl")) {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    world.atelier(&["solve", "dev2", "--to", "deploy"]).ok();
    let ask = world.atelier(&["recreate", "cluster"]);
    assert_eq!(ask.code(), 2, "{ask}");
    world.atelier(&["recreate", "cluster", "--yes"]).ok();
    let gone = world.shell("ops", "kubectl get namespace dev2 2>&1 || true").ok();
    assert!(gone.stdout().contains("not found"), "{gone}");
    // One object by hand, as at the very beginning, and everything else comes from Git.
    let sync = "clusters/workshop/flux-system/gotk-sync.yaml";
    world.shell("ops", &format!("kubectl apply -f \"$ATELIER_WORK/fleet/{sync}\"")).ok();
    let wait = "kubectl -n dev2 wait --for=condition=Available deployment/postcard --timeout=60s";
    let back = format!(
        "for i in $(seq 200); do kubectl -n dev2 get deployment postcard >/dev/null 2>&1 && break; sleep 0.2; done\n{wait}"
    );
    world.shell("ops", &back).ok();
    let check = world.atelier(&["status"]).ok();
    assert!(!check.raw().is_empty());
}

#[test]
fn who_waits_for_a_fact_in_the_cluster_waits_for_it_in_the_next_one() {
    if !(needs("git") && needs("bash") && needs("kubectl") && needs("tmux")) {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    world.atelier(&["solve", "dev2", "--to", "deploy"]).ok();
    let screen = Screen::open(&world, 100);
    screen.line(&format!("'{}' learn dev2", World::PROGRAM));
    screen.until("dev2.change ·");
    world.shell("ops", "kubectl -n flux-system scale deployment/kustomize-controller --replicas=0").ok();
    let change = "cd \"$ATELIER_WORK\"/postcard && git pull -q
        sed -i.bak 's/Hello.*/Other words/' overlays/workshop/postcard.yaml; rm overlays/workshop/*.bak
        git commit -qam 'other words'; git push -q origin HEAD:main";
    world.shell("dev2", change).ok();
    screen.until("… applied: waits until");
    world.atelier(&["recreate", "cluster", "--yes"]).ok();
    let sync = "clusters/workshop/flux-system/gotk-sync.yaml";
    world.shell("ops", &format!("kubectl apply -f \"$ATELIER_WORK/fleet/{sync}\"")).ok();
    screen.until("✓ dev2.change complete");
    screen.key("q");
}
