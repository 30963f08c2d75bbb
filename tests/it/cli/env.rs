//! `atelier env`: the actors' shells, in which real git and real kubectl do the lessons by hand.

use std::collections::BTreeMap;

use crate::support::redact::without_namespace;
use crate::support::source::package;
use crate::support::{World, needs};

/// What Ops does in the lessons, in one commit.
const OPS: &str = r#"
cd "$ATELIER_WORK"
git clone -q http://forge.atelier.internal:3000/fleet/fleet.git
cd fleet
mkdir -p clusters/workshop/flux-system
cp "$MATERIAL"/ops/bootstrap/gotk-sync.yaml clusters/workshop/flux-system/
cp "$MATERIAL"/ops/infrastructure/infrastructure.yaml "$MATERIAL"/ops/tenants/tenants.yaml clusters/workshop/
mkdir infrastructure
cp -R "$MATERIAL"/ops/infrastructure/front-door infrastructure/
cp -R "$MATERIAL"/ops/tenants/base "$MATERIAL"/ops/tenants/workshop tenants/
cp -R "$MATERIAL"/ops/onboard_dev2/dev2 tenants/workshop/
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
        without_namespace(world.shell("dev2", BY_HAND).ok().stdout()),
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

/// The secrets of a lab: passwords, tokens and keys, as they stand in its files.
fn secrets(world: &World) -> Vec<String> {
    let lab = world.state().join("labs/one");
    let text = |path: &str| std::fs::read_to_string(lab.join(path)).unwrap();
    let platform: BTreeMap<String, String> = serde_json::from_str(&text("platform/secrets.json")).unwrap();
    let mut secrets = platform.into_values().collect::<Vec<_>>();
    secrets.push(text("platform/pki/ca-key.pem").lines().nth(1).unwrap().to_owned());
    for actor in ["dev2", "ops"] {
        let credentials = text(&format!("actors/{actor}/git-credentials"));
        let (login, _) = credentials.rsplit_once('@').unwrap();
        secrets.push(login.rsplit_once(':').unwrap().1.to_owned());
        let kubeconfig: serde_json::Value =
            serde_saphyr::from_str(&text(&format!("actors/{actor}/kubeconfig"))).unwrap();
        let key = kubeconfig["users"][0]["user"]["client-key-data"].as_str().unwrap();
        secrets.push(key.chars().filter(|letter| !letter.is_whitespace()).collect());
    }
    assert!(secrets.iter().all(|secret| secret.len() >= 24), "they are what they are taken for");
    secrets
}

#[test]
fn credentials_are_in_private_files_and_nowhere_else() {
    if !needs("git") {
        return;
    }
    let world = World::new();
    // What a curious person may switch on must not show them either.
    world.set("ATELIER_LOG", "debug");
    let mut shown = world.atelier(&["up"]).ok().stdout().to_owned();
    for words in [
        &["rehearse", "dev2"][..],
        &["rehearse", "dev2", "--json"],
        &["up", "--json"],
        &["status", "--json"],
        &["env", "dev2"],
        &["env", "ops", "--shell", "fish"],
        &["env", "ops", "--json"],
        &["logs", "--tail", "100000"],
    ] {
        let ran = world.atelier(words).ok();
        shown += &ran.raw();
    }
    shown += world.run("ps", &["axeww"]).stdout();
    let secrets = secrets(&world);
    for secret in &secrets {
        assert!(!shown.contains(secret.as_str()), "a secret is shown");
        let found = world.run("grep", &["-rlF", "-e", secret, &world.state().display().to_string()]);
        let files = found.stdout().lines().map(|path| path.rsplit('/').next().unwrap().to_owned());
        let kept = ["secrets.json", "ca-key.pem", "git-credentials", "kubeconfig"];
        let other = files.filter(|name| !kept.contains(&name.as_str())).collect::<Vec<_>>();
        assert!(other.is_empty(), "a secret is in {other:?}");
    }
    let open = world.run("sh", &["-c", "find \"$ATELIER_HOME\" -perm /077 -not -path '*/cache/*'"]).ok();
    assert_eq!(open.stdout(), "");
}

#[test]
fn bash_zsh_and_fish_understand_it_in_whatever_folder_it_is() {
    if !needs("git") {
        return;
    }
    let world = World::new();
    let strange = world.work().join("it's \"my\" $lab \\ here").display().to_string();
    world.set("ATELIER_HOME", &strange);
    world.atelier(&["up"]).ok();
    let clone = "cd \"$ATELIER_WORK\"; git clone -q http://forge.atelier.internal:3000/dev2/postcard.git";
    for shell in ["bash", "zsh", "fish"] {
        if !needs(shell) {
            continue;
        }
        let program = World::PROGRAM;
        let evaluate = match shell {
            "fish" => format!("{program} env dev2 --shell fish | source"),
            _ => format!("eval \"$({program} env dev2 --shell {shell})\""),
        };

        let script = format!("{evaluate}; {clone} {shell}; git config user.name; echo \"$ATELIER_HOME\"");
        let ran = world.run(shell, &["-c", &script]).ok();
        assert_eq!(ran.stdout(), format!("Dana Dev\n{strange}\n"));
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
