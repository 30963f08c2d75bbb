//! `atelier env`: the actors' shells, in which real git and real kubectl do the lessons by hand.

use crate::support::source::package;
use crate::support::{World, needs};

/// What Ops does in the lessons, in one commit.
const OPS: &str = r#"
cd "$ATELIER_WORK"
git clone -q http://forge.atelier.internal:3000/fleet/fleet.git
cd fleet
mkdir -p clusters/workshop/flux-system
cp "$MATERIAL"/ops/bootstrap/gotk-sync.yaml clusters/workshop/flux-system/
cp "$MATERIAL"/ops/onboard_dev2/tenants.yaml clusters/workshop/
cp -R "$MATERIAL"/ops/onboard_dev2/tenants/dev2 tenants/
git add -A
git commit -q -m 'everything at once'
git push -q
kubectl apply -f clusters/workshop/flux-system/gotk-sync.yaml
kubectl -n flux-system wait kustomization/flux-system --for=condition=Ready --timeout=60s
kubectl -n flux-system wait kustomization/tenants --for=condition=Ready --timeout=60s
git log -1 --format='%an <%ae>'
"#;

/// The first version of Dev 2.
const DEPLOY: &str = r#"
cd "$ATELIER_WORK"
git clone -q http://forge.atelier.internal:3000/dev2/postcard.git
cd postcard
cp -R "$MATERIAL"/dev2/deploy overlays/workshop
git add -A
git commit -q -m 'first version'
git push -q
kubectl wait kustomization/postcard --for=condition=Ready --timeout=60s
kubectl get deployment postcard -o jsonpath='{.status.readyReplicas} of {.spec.replicas}{"\n"}'
kubectl get --raw /api/v1/namespaces/dev2/services/postcard:80/proxy/api
"#;

/// What Dev 2 does by hand, and what becomes of it.
const BY_HAND: &str = r"
kubectl scale deployment/postcard --replicas=3
kubectl annotate --overwrite kustomization/postcard reconcile.fluxcd.io/requestedAt=1
kubectl wait deployment/postcard --for=jsonpath='{.spec.replicas}'=1 --timeout=60s
kubectl wait kustomization/postcard --for=jsonpath='{.status.lastHandledReconcileAt}'=1 --timeout=60s
kubectl delete deployment/postcard
kubectl annotate --overwrite kustomization/postcard reconcile.fluxcd.io/requestedAt=2
kubectl wait deployment/postcard --for=create --timeout=60s
kubectl rollout status deployment/postcard --timeout=60s | tail -n 1
kubectl describe deployment/postcard | grep '^Name:'
";

#[test]
fn the_lessons_can_be_done_by_hand() {
    if !needs("git") || !needs("kubectl") {
        return;
    }
    let world = World::new();
    world.set("MATERIAL", &package().join("scenarios/one/files").display().to_string());
    world.atelier(&["up"]).ok();
    assert_eq!(
        world.shell("ops", OPS).ok().stdout(),
        "gitrepository.source.toolkit.fluxcd.io/flux-system created\n\
         kustomization.kustomize.toolkit.fluxcd.io/flux-system created\n\
         kustomization.kustomize.toolkit.fluxcd.io/flux-system condition met\n\
         kustomization.kustomize.toolkit.fluxcd.io/tenants condition met\n\
         Olive Ops <ops@atelier.internal>\n"
    );
    assert_eq!(
        world.shell("dev2", DEPLOY).ok().stdout(),
        "kustomization.kustomize.toolkit.fluxcd.io/postcard condition met\n\
         1 of 1\n\
         {\"version\":\"1.0.0\",\"environment\":\"workshop\",\"message\":\"Hello from Dev 2!\"}"
    );
    assert_eq!(
        world.shell("dev2", BY_HAND).ok().stdout(),
        "deployment.apps/postcard scaled\n\
         kustomization.kustomize.toolkit.fluxcd.io/postcard annotated\n\
         deployment.apps/postcard condition met\n\
         kustomization.kustomize.toolkit.fluxcd.io/postcard condition met\n\
         deployment.apps \"postcard\" deleted\n\
         kustomization.kustomize.toolkit.fluxcd.io/postcard annotated\n\
         deployment.apps/postcard condition met\n\
         deployment \"postcard\" successfully rolled out\n\
         Name:                   postcard\n"
    );
    let outside = world.run("find", &[&world.home().display().to_string(), "-mindepth", "1"]).ok();
    assert_eq!(outside.stdout(), "", "homes and caches of the tools stay inside the lab");
}

#[test]
fn credentials_are_in_private_files_and_in_no_variable() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let loose = world.run("sh", &["-c", "find \"$ATELIER_HOME\" -type f -perm /077 \\( -name '*token*' -o -name '*key*' -o -name 'kubeconfig' -o -name '*credentials*' \\)"]);
    assert_eq!(loose.ok().stdout(), "");
    let secrets =
        world.run("sh", &["-c", "grep -rhoE '://[a-z0-9]+:[^@/ ]{8,}@' \"$ATELIER_HOME\" | sort -u"]).ok();
    assert!(!secrets.stdout().is_empty(), "there is a credential to look for");
    let shown = world.atelier(&["env", "dev2"]).ok();
    let logs = world.atelier(&["logs"]).ok();
    for secret in secrets.stdout().lines().filter_map(|line| line.trim_end_matches('@').rsplit(':').next()) {
        assert!(!shown.stdout().contains(secret), "a secret in the environment");
        assert!(!logs.stdout().contains(secret), "a secret in the log");
    }
}

#[test]
fn an_actor_that_does_not_exist_and_a_lab_that_does_not_are_named() {
    let world = World::new();
    let nowhere = world.atelier(&["env", "dev2"]);
    assert_ne!(nowhere.code(), 0, "{nowhere}");
    world.atelier(&["up"]).ok();
    let unknown = world.atelier(&["env", "dev7"]);
    assert_eq!(unknown.code(), 2, "{unknown}");
    assert!(unknown.to_string().contains("`dev7`"), "{unknown}");
}
