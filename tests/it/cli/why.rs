//! `atelier why`: what it says to people who got something wrong. Each case is what somebody does in Dev 1's clone, on
//! top of the case before.

use std::time::{Duration, Instant};

use crate::support::source::package;
use crate::support::{World, needs};

/// Nothing here takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What somebody does, and what is said of it.
type Case = (&'static str, &'static str);

/// Pushes what is in the clone.
const PUSH: &str =
    "push() { git add -A && git commit -qm wrong && git push -q origin HEAD:${1:-main} 2>/dev/null; }";

const RELEASE: [Case; 7] = [
    (
        "mkdir -p deploy/workshp; cp $FILES/release/release.yaml deploy/workshp; push",
        "`deploy/workshop/release.yaml` is not on `main`; there is `deploy/workshp/release.yaml`",
    ),
    (
        "git mv deploy/workshp deploy/workshop; push try",
        "`deploy/workshop/release.yaml` is not on `main`, but it is on branch `try`: merge that into `main`",
    ),
    (
        "sed -i 's/name: charts/name: chart/' deploy/workshop/release.yaml; push",
        "failed to get source: helmrepositories.source.toolkit.fluxcd.io \"chart\" not found",
    ),
    (
        "sed -i 's/name: chart$/name: charts/; s/^    message:.*/    replicas: many/' deploy/workshop/release.yaml; push",
        "- at '/replicas': got string, want integer",
    ),
    (
        "sed -i 's/: many/: 1/; s/serviceAccountName: team/serviceAccountName: other/' deploy/workshop/release.yaml; push",
        "User \"system:serviceaccount:dev1:other\" cannot list resource \"secrets\"",
    ),
    (
        "sed -i 's/serviceAccountName: other/serviceAccountName: team/; s/^spec:/ spec:/' deploy/workshop/release.yaml; push",
        "BuildFailed: failed to decode Kubernetes YAML",
    ),
    (
        "sed -i 's/^ spec:/spec:/' deploy/workshop/release.yaml; push",
        "✓ answers: the API answers, and says that it is version 0.1.0",
    ),
];

const VALUES: [Case; 3] = [
    (
        "cp $FILES/values/*.yaml deploy/workshop; sed -i 's/ values.yaml:/ values:/' deploy/workshop/values.yaml; push",
        "ValuesError: could not resolve ConfigMap chart values reference 'dev1/jukebox-values' with key 'values.yaml': \
         missing key 'values.yaml'",
    ),
    (
        "sed -i 's/ values:/ values.yaml:/' deploy/workshop/values.yaml; \
         sed -i '/optional: true/d' deploy/workshop/release.yaml; push",
        "with key 'message': secrets \"jukebox-secret\" not found",
    ),
    (
        "kubectl create secret generic jukebox-secret --from-literal=message='Our song.'; \
         sed -i 's/^  values:/  values:\\n    message: Play it again./' deploy/workshop/release.yaml; push",
        "now: `response.json.message` is Play it again.",
    ),
];

#[test]
fn mistakes_of_dev1_are_told_from_each_other() {
    if !(needs("git") && needs("kubectl") && needs("bash")) {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    world.atelier(&["solve", "dev1", "--to", "publish"]).ok();
    world.atelier(&["solve", "ops", "--to", "onboard_dev1"]).ok();
    for case in RELEASE {
        world.makes_mistake(case);
    }
    world.atelier(&["check", "dev1"]).ok();
    world.atelier(&["solve", "dev1", "--to", "upgrade"]).ok();
    world.shell("dev1", "cd \"$ATELIER_WORK/jukebox\" && git pull -q").ok();
    for case in VALUES {
        world.makes_mistake(case);
    }
    world.atelier(&["down", "--force"]).ok();
}

impl World {
    fn makes_mistake(&self, (does, says): Case) {
        let files = package().join("scenarios/one/files/dev1");
        let script = format!("FILES={}; {PUSH}; cd \"$ATELIER_WORK/jukebox\"; {does}", files.display());
        self.shell("dev1", &script).ok();
        let began = Instant::now();
        loop {
            let told = self.atelier(&["why", "dev1"]).ok();
            let text = told.raw().split_whitespace().collect::<Vec<_>>().join(" ");
            if text.contains(says) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "after `{does}`, `{says}` is not in\n{told}");
        }
    }
}
