//! The one list of what every platform must do. `tests/it/platform/cases.rs` runs it on the embedded platform and on
//! the stand-ins, `tests/e2e/k3d.rs` on the real thing.

use rustix::process::Signal;
use serde_json::Value;

use super::ground::{Ground, outcomes};
use super::source::package;
use super::{World, needs};

/// Makes a test of each case, on the ground that an expression gives, or does not give.
macro_rules! platform_cases {
    ($ground:expr $(, #[$attribute:meta])*) => {
        platform_cases! { @each $ground, [$(#[$attribute])*]
            a_second_up_changes_nothing
            actors_are_who_they_are_and_may_what_they_may
            a_push_reaches_the_cluster_by_the_forges_name
            a_stop_and_a_start_keep_everything
            a_lost_cluster_is_made_anew
            a_port_that_another_program_took_is_named
            a_track_is_rehearsed_to_its_end
            a_pod_in_a_namespace_asks_and_goes
            a_killed_up_goes_on
            a_killed_down_leaves_nothing
        }
    };
    (@each $ground:expr, $attributes:tt $($case:ident)+) => {
        $( platform_cases! { @one $ground, $attributes $case } )+
    };
    (@one $ground:expr, [$($attributes:tt)*] $case:ident) => {
        #[test]
        $($attributes)*
        fn $case() {
            if let Some(ground) = $ground {
                $crate::support::platform_cases::$case(&ground);
            }
        }
    };
}
pub(crate) use platform_cases;

fn all_are(up: &Value, wanted: &str) -> bool {
    outcomes(up).values().all(|outcome| outcome == wanted)
}

/// Takes the lab down, twice, and looks for what is left of it.
fn down_leaves_nothing(ground: &Ground, context: &str) {
    for words in [&["down"][..], &["down"][..]] {
        let down = ground.atelier(words);
        assert_eq!(down.code(), 0, "{context}: {down}");
    }
    assert_eq!(ground.held(), "", "{context}");
}

/// Everything is made, made again nothing is, and the status says what runs; then nothing is left.
pub(crate) fn a_second_up_changes_nothing(ground: &Ground) {
    let first = ground.up();
    // Images may be in the engine already.
    let made = outcomes(&first).into_iter().filter(|(stage, _)| !stage.ends_with("images"));
    assert!(made.into_iter().all(|(_, outcome)| outcome == "created"), "{first:#}");
    let again = ground.up();
    assert!(all_are(&again, "unchanged"), "{again:#}");
    assert_eq!(again["endpoints"], first["endpoints"]);

    let status = ground.json(&["status"]);
    assert_eq!(status["state"], "running");
    assert_eq!(status["containers"], ground.has_containers());
    assert_eq!(status["endpoints"], first["endpoints"]);
    // The forge's container and the node's.
    let containers = status["memory"].as_array().map_or(0, Vec::len);
    assert_eq!(containers, if ground.has_containers() { 2 } else { 0 }, "{status:#}");
    let stages = status["stages"].as_array().unwrap();
    assert!(stages.iter().all(|stage| stage["state"] == "ready"), "{status:#}");
    down_leaves_nothing(ground, "after two set-ups");
    assert!(!ground.world().state().exists());
}

/// Ops may everything, Dev 2 nothing yet, and both are known to the forge.
pub(crate) fn actors_are_who_they_are_and_may_what_they_may(ground: &Ground) {
    if !needs("kubectl") {
        return;
    }
    ground.up();
    for (actor, may) in [("ops", "yes"), ("dev2", "no")] {
        let lines = "kubectl auth whoami -o jsonpath='{.status.userInfo.username}'; echo\n\
             kubectl auth can-i create deployments -n dev2 || true\n\
             git ls-remote -q http://forge.atelier.internal:3000/dev2/postcard.git main | cut -f 2\n\
             git config user.name > /dev/null && echo named";
        let ran = ground.world().shell(actor, lines).ok();
        assert_eq!(ran.stdout(), format!("{actor}\n{may}\nrefs/heads/main\nnamed\n"));
    }
    // Nobody else's kubeconfig is needed, and none is written elsewhere.
    assert!(!ground.world().home().join(".kube").exists());
    // Who may nothing cannot read either.
    let refused = ground.world().shell("dev2", "kubectl get secrets -n flux-system");
    let words = "secrets is forbidden: User \"dev2\" cannot list resource \"secrets\"";
    assert!(refused.to_string().contains(words), "{refused}");
    down_leaves_nothing(ground, "after actors");
}

/// A source by the forge's name is found in the cluster; a push is seen at once, with an interval of an hour, and
/// applied; what goes from Git goes from the cluster.
pub(crate) fn a_push_reaches_the_cluster_by_the_forges_name(ground: &Ground) {
    if !needs("kubectl") {
        return;
    }
    ground.up();
    let lines = "\
        git clone -q http://forge.atelier.internal:3000/fleet/fleet.git clone && cd clone\n\
        mkdir -p case && printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: pushed, namespace: default}\\n\
        data: {colour: blue}\\n' > case/pushed.yaml\n\
        git add -A && git commit -q -m one && git push -q\n\
        kubectl apply -f - <<'Y'\n\
        apiVersion: source.toolkit.fluxcd.io/v1\n\
        kind: GitRepository\n\
        metadata: {name: case, namespace: flux-system, labels: {workshop.atelier.internal/webhook: 'true'}}\n\
        spec: {interval: 1h, url: 'http://forge.atelier.internal:3000/fleet/fleet.git', ref: {branch: main}}\n\
        ---\n\
        apiVersion: kustomize.toolkit.fluxcd.io/v1\n\
        kind: Kustomization\n\
        metadata: {name: case, namespace: flux-system}\n\
        spec: {interval: 1h, path: ./case, prune: true, sourceRef: {kind: GitRepository, name: case}}\n\
        Y\n\
        applied() { kubectl -n flux-system wait kustomization/case --timeout=60s \\\n\
        --for=jsonpath='{.status.lastAppliedRevision}'=main@sha1:$(git rev-parse HEAD); }\n\
        applied; kubectl get -n default configmap pushed -o jsonpath='{.data.colour}{\"\\n\"}'\n\
        sed -i s/blue/green/ case/pushed.yaml && git commit -q -a -m two && git push -q\n\
        applied; kubectl get -n default configmap pushed -o jsonpath='{.data.colour}{\"\\n\"}'\n\
        git mv case/pushed.yaml pushed.yaml && mkdir case && touch case/.keep && git add case\n\
        printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: other, namespace: default}\\n' > case/other.yaml\n\
        git add -A && git commit -q -m three && git push -q\n\
        applied; kubectl get -n default configmap pushed --ignore-not-found -o name; kubectl get -n default configmap other -o name";
    let ran = ground.world().shell("ops", lines).ok();
    let kept = ran.stdout().lines().filter(|line| !line.contains("case"));
    assert_eq!(kept.collect::<Vec<_>>(), ["blue", "green", "configmap/other"], "{ran}");
    down_leaves_nothing(ground, "after pushes");
}

/// Objects, commits, addresses and credentials outlive a stop.
pub(crate) fn a_stop_and_a_start_keep_everything(ground: &Ground) {
    if !needs("kubectl") {
        return;
    }
    let first = ground.up();
    let keep = "kubectl create configmap kept --from-literal=colour=blue\n\
         git clone -q http://forge.atelier.internal:3000/fleet/fleet.git one && cd one\n\
         git commit -q --allow-empty -m kept && git push -q && git rev-parse HEAD";
    let kept = ground.world().shell("ops", keep).ok();
    ground.atelier(&["stop"]).ok();
    assert_eq!(ground.json(&["status"])["state"], "stopped");
    // A stop of what is stopped is nothing to do.
    ground.atelier(&["stop"]).ok();
    let started = ground.json(&["start"]);
    assert_eq!(started["endpoints"], first["endpoints"]);
    let look = "kubectl get configmap kept -o jsonpath='{.data.colour}{\"\\n\"}'\n\
         git ls-remote -q http://forge.atelier.internal:3000/fleet/fleet.git main | cut -f 1";
    let found = ground.world().shell("ops", look).ok();
    let head = kept.stdout().lines().last().unwrap();
    assert_eq!(found.stdout(), format!("blue\n{head}\n"));
    let again = ground.up();
    assert!(all_are(&again, "unchanged"), "{again:#}");
    down_leaves_nothing(ground, "after a stop and a start");
}

/// What was in the cluster is gone, what is in the forge is not; addresses and the actors' files are good for both.
pub(crate) fn a_lost_cluster_is_made_anew(ground: &Ground) {
    if !needs("kubectl") {
        return;
    }
    let first = ground.up();
    let keep = "kubectl create configmap lost\n\
         git clone -q http://forge.atelier.internal:3000/fleet/fleet.git one && cd one\n\
         git commit -q --allow-empty -m kept && git push -q && git rev-parse HEAD";
    let kept = ground.world().shell("ops", keep).ok();
    ground.atelier(&["recreate", "cluster", "--yes"]).ok();
    let look = "kubectl get configmap lost --ignore-not-found -o name\n\
         kubectl get deployments -n flux-system -o jsonpath='{.items[*].status.availableReplicas}{\"\\n\"}'\n\
         git ls-remote -q http://forge.atelier.internal:3000/fleet/fleet.git main | cut -f 1";
    let found = ground.world().shell("ops", look).ok();
    let head = kept.stdout().lines().last().unwrap();
    let (available, seen) = found.stdout().split_once('\n').unwrap();
    assert!(!available.is_empty() && available.split(' ').all(|count| count == "1"), "{found}");
    assert_eq!(seen, format!("{head}\n"), "{found}");
    let again = ground.up();
    assert!(all_are(&again, "unchanged"), "{again:#}");
    assert_eq!(again["endpoints"], first["endpoints"]);
    // Killed half-way, it is finished by the next `up`.
    let words = ["recreate", "cluster", "--yes", "--lab", ground.lab()];
    ground.world().signalled(&words, 1, Signal::KILL);
    ground.up();
    ground.world().shell("ops", look).ok();
    down_leaves_nothing(ground, "after a lost cluster");
}

/// Whoever took a port of a lab that was stopped is not called by name, but the port is.
pub(crate) fn a_port_that_another_program_took_is_named(ground: &Ground) {
    let first = ground.up();
    ground.atelier(&["stop"]).ok();
    let address = first["endpoints"]["registry"].as_str().unwrap();
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    // The engine may let go of it a moment later.
    let begin = std::time::Instant::now();
    let other = loop {
        match std::net::TcpListener::bind(("127.0.0.1", port)) {
            Ok(listener) => break listener,
            Err(error) => assert!(begin.elapsed().as_secs() < 10, "{error}"),
        }
        std::thread::yield_now();
    };
    let start = ground.atelier(&["start"]);
    assert_eq!(start.code(), 4, "{start}");
    let words = "of 127.0.0.1, which this lab's forge uses, is taken by another program";
    assert!(start.to_string().contains(words), "{start}");
    drop(other);
    ground.atelier(&["start"]).ok();
    down_leaves_nothing(ground, "after a busy port");
}

/// The material does not see which platform it is on.
pub(crate) fn a_track_is_rehearsed_to_its_end(ground: &Ground) {
    if !needs("kubectl") {
        return;
    }
    ground.up();
    // The steps come with the test, not with the program.
    ground.atelier(&["rehearse", "dev2", "--trust"]).ok();
    let look = "kubectl get deployment postcard -n dev2 -o jsonpath='{.status.readyReplicas}'";
    let found = ground.world().shell("ops", look).ok();
    assert_ne!(found.stdout(), "", "{found}");
    let down = ground.atelier(&["down", "--force"]);
    assert_eq!(down.code(), 0, "{down}");
    assert_eq!(ground.held(), "");
}

/// A check that asks from inside a namespace: a Pod there asks, and goes.
pub(crate) fn a_pod_in_a_namespace_asks_and_goes(ground: &Ground) {
    if !(needs("git") && needs("kubectl")) {
        return;
    }
    let world = ground.world();
    // The stand-ins have brought a copy already.
    if !world.work().join("scenarios").exists() {
        for name in ["scenarios", "templates"] {
            let (from, to) = (package().join(name), world.work().join(name));
            world.run("cp", &["-r", &from.display().to_string(), &to.display().to_string()]).ok();
        }
        world.set("ATELIER_SCENARIOS", &world.work().join("scenarios").display().to_string());
    }
    let path = world.work().join("scenarios/one/dev2.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, after) = text.split_at(text.find("- id: deploy").unwrap());
    let after = after.replacen("      service: ", "      from: dev2\n      service: ", 1);
    std::fs::write(&path, format!("{before}{after}")).unwrap();
    ground.up();
    ground.atelier(&["solve", "dev2", "--to", "deploy", "--trust"]).ok();
    // Events are written while nobody waits for them; who has found his closes no pipe that counts.
    let look = "grep -q probe < <(exec 2>/dev/null; exec timeout 60 kubectl get events -n dev2 --watch --field-selector reason=Started \
         -o custom-columns=NAME:.involvedObject.name) && echo asked\n\
         kubectl get pods -n dev2 -l app.kubernetes.io/name=atelier-probe -o name";
    let found = world.shell("ops", look).ok();
    assert_eq!(found.stdout(), "asked\n");
    ground.atelier(&["down", "--force"]).ok();
    assert_eq!(ground.held(), "");
}

/// Killed after any line that it writes, `up` goes on to a whole lab.
pub(crate) fn a_killed_up_goes_on(ground: &Ground) {
    // Every line is the beginning, the end or a wait of a stage; one lab is killed over and over again.
    let lines: &[usize] =
        if ground.has_containers() { &[2, 5, 8, 11, 14, 17, 20, 24, 28, 32] } else { &[1, 3, 5, 7, 9] };
    for &lines in lines {
        ground.world().signalled(&ground.up_words(), lines, Signal::KILL);
    }
    // And at moments that have nothing to do with what it writes.
    let moments = (0..3).map(|_| rand::random_range(0.0..if ground.has_containers() { 4.0 } else { 0.4 }));
    let moments = moments.map(|seconds| format!("{seconds:.3}")).collect::<Vec<_>>();
    for moment in &moments {
        let words = [&["--signal=KILL", moment, World::PROGRAM], ground.up_words().as_slice()].concat();
        let ran = ground.world().run("timeout", &words);
        assert!([0, 137].contains(&ran.code()), "killed after {moments:?} s: {ran}");
    }
    ground.up();
    let again = ground.up();
    assert!(all_are(&again, "unchanged"), "{again:#}");
    // And from what one kill leaves, nothing is left.
    down_leaves_nothing(ground, "after a whole lab");
    for &lines in lines.iter().step_by(4) {
        ground.world().signalled(&ground.up_words(), lines, Signal::KILL);
        down_leaves_nothing(ground, &format!("killed after {lines} lines of `up`"));
    }
}

/// Killed after any line that it writes, `down` can be called again.
pub(crate) fn a_killed_down_leaves_nothing(ground: &Ground) {
    let words = ["down", "--lab"].into_iter().chain([ground.lab()]).collect::<Vec<_>>();
    ground.up();
    for lines in 0..6 {
        ground.world().signalled(&words, lines, Signal::KILL);
    }
    down_leaves_nothing(ground, "killed over and over again");
    ground.up();
    ground.world().signalled(&words, 1, Signal::KILL);
    // Half of it is gone; it is made again.
    let again = ground.up();
    assert!(!all_are(&again, "unchanged"), "{again:#}");
    down_leaves_nothing(ground, "made again after a killed `down`");
}
