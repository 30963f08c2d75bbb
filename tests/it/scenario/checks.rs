//! Checks against a real API server and a real forge, both of this process: what they see, what wakes them, what they
//! say of things that are nearly right. Whoever changes the lab does so when a check waits, as a learner would.

use std::sync::Mutex;

use serde_json::json;
use tokio::sync::mpsc;

use super::lab::{Lab, push, push_by};

/// Runs `work` until it ends, and `answer` at every wait of a check.
async fn with_answers<T>(
    work: impl Future<Output = T>,
    waits: &mut mpsc::UnboundedReceiver<(String, String)>,
    mut answer: impl AsyncFnMut(&str, &str),
) -> (T, Vec<(String, String)>) {
    tokio::pin!(work);
    let seen = Mutex::new(Vec::new());
    let listen = async {
        while let Some((check, observed)) = waits.recv().await {
            seen.lock().unwrap().push((check.clone(), observed.clone()));
            answer(&check, &observed).await;
        }
        std::future::pending::<()>().await;
    };
    let result = tokio::select! { result = &mut work => result, () = listen => unreachable!() };
    (result, seen.into_inner().unwrap())
}

const CONFIG: &str = r#"steps:
- id: settings
  title: Settings
  explain: Settings.
  verify:
  - k8s:
      id: there
      apiVersion: v1
      kind: ConfigMap
      name: settings
      match: { data: { colour: red } }
      cel: ["object.metadata.namespace == actor.namespace"]
      save: { uid: object.metadata.uid }
  - k8s: { id: pair, apiVersion: v1, kind: ConfigMap, labels: { app: site }, count: 2 }
  - k8s:
      id: gone
      apiVersion: v1
      kind: ConfigMap
      name: settings
      absent: true
      message: The settings are still there.
"#;

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_watched_and_near_misses_named() {
    let mut lab = Lab::new(CONFIG).await;
    lab.create("v1", "Namespace", "", json!({"metadata": {"name": "other"}})).await;
    let config = |name: &str, colour: &str| json!({"metadata": {"name": name, "labels": {"app": "site"}}, "data": {"colour": colour}});
    lab.create("v1", "ConfigMap", "other", config("settings", "red")).await;
    let mut waits = std::mem::replace(&mut lab.waits, mpsc::unbounded_channel().1);
    let answer = async |check: &str, observed: &str| match (check, observed) {
        ("there", observed) if observed.contains("`other`") => {
            lab.create("v1", "ConfigMap", "dev", config("settings", "blue")).await;
        }
        ("there", _) => lab.merge("v1", "ConfigMap", "settings", json!({"data": {"colour": "red"}})).await,
        ("pair", _) => lab.create("v1", "ConfigMap", "dev", config("second", "red")).await,
        _ => {
            let api = lab.api("v1", "ConfigMap", "dev");
            api.delete("settings", &kube::api::DeleteParams::default()).await.unwrap();
        }
    };
    let (result, seen) = with_answers(lab.rehearse(), &mut waits, answer).await;
    result.unwrap();
    let seen: Vec<_> = seen.iter().map(|(check, observed)| format!("{check}: {observed}")).collect();
    assert_eq!(
        seen,
        [
            "there: there is no ConfigMap `settings` in `dev`, but there is one in `other`",
            "there: `data.colour` is \"blue\", not \"red\"",
            "pair: there is one ConfigMap",
            "gone: The settings are still there. (ConfigMap `settings` is there)",
        ]
    );
}

const PUSH: &str = r#"steps:
- id: push
  title: Push
  explain: Push.
  verify:
  - git:
      id: pushed
      repo: site
      file: app/values.yaml
      author: "{{ actor.email }}"
      text: { contains: "copies: 4" }
      save: { commit: commit.sha }
      within: 30s
  - flux:
      id: applied
      kustomization: site
      revision: "{{ facts.push.pushed.commit }}"
      within: 30s
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_followed_to_the_commit_that_flux_has_applied() {
    let mut lab = Lab::new(PUSH).await;
    lab.define("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations").await;
    lab.define("source.toolkit.fluxcd.io", "GitRepository", "gitrepositories").await;
    let (flux, source) = ("kustomize.toolkit.fluxcd.io/v1", "source.toolkit.fluxcd.io/v1");
    let url = "http://forge.atelier.internal:3000/dev/site.git";
    lab.create(source, "GitRepository", "dev", json!({"metadata": {"name": "site"}, "spec": {"url": url}}))
        .await;
    let reference = json!({"sourceRef": {"kind": "GitRepository", "name": "site"}});
    lab.create(flux, "Kustomization", "dev", json!({"metadata": {"name": "site"}, "spec": reference})).await;
    let mut waits = std::mem::replace(&mut lab.waits, mpsc::unbounded_channel().1);
    let ready = |status: &str, reason: &str, message: &str, revision: &str| {
        let condition = json!({"type": "Ready", "status": status, "reason": reason, "message": message});
        json!({"status": {"observedGeneration": 1, "conditions": [condition], "lastAppliedRevision": revision}})
    };
    let head = async |lab: &Lab| {
        let branch = lab.session.platform.forge.api().branch("dev", "site", "main").await.unwrap();
        format!("main@sha1:{}", branch.unwrap().commit)
    };
    let old = Mutex::new(String::new());
    let answer = async |check: &str, observed: &str| match check {
        "pushed" if observed.contains("nothing has been pushed") => {
            push(&lab, "main", "README.md", "site").await;
        }
        "pushed" if observed.ends_with("is not on `main`") => {
            push(&lab, "next", "app/values.yaml", "copies: 4").await;
        }
        // The check looks again at the push to the other branch, too.
        "pushed" if observed.contains("it is on branch `next`") => {
            push(&lab, "main", "App/values.yaml", "copies: 4").await;
        }
        "pushed" if observed.contains("capitals") => {
            push(&lab, "main", "app/values.yaml", "copies: 1").await;
        }
        "pushed" => {
            *old.lock().unwrap() = head(&lab).await;
            push(&lab, "main", "app/values.yaml", "copies: 4").await;
        }
        _ if observed.contains("no Ready condition") => {
            let revision = old.lock().unwrap().clone();
            lab.report("site", ready("True", "ReconciliationSucceeded", "", &revision)).await;
        }
        _ if observed.contains(", not at ") => {
            let failed = ready("False", "HealthCheckFailed", "timeout", &head(&lab).await);
            lab.report("site", failed).await;
        }
        _ => {
            // Somebody else's commit on top is as good.
            push_by(&lab, "boss@example.org", "main", "more.txt", "more").await;
            let done = ready("True", "ReconciliationSucceeded", "", &head(&lab).await);
            lab.report("site", done).await;
        }
    };
    let (result, seen) = with_answers(lab.rehearse(), &mut waits, answer).await;
    result.unwrap();
    let hashes = regex::Regex::new("[0-9a-f]{8,40}").unwrap();
    let seen: Vec<_> = seen
        .iter()
        .map(|(check, observed)| format!("{check}: {}", hashes.replace_all(observed, "<hash>")))
        .collect();
    assert_eq!(
        seen,
        [
            "pushed: there is no branch `main`; nothing has been pushed",
            "pushed: `app/values.yaml` is not on `main`",
            "pushed: `app/values.yaml` is not on `main`, but it is on branch `next`: merge that into `main` and push `main`",
            "pushed: `app/values.yaml` is not on `main`, but `App/values.yaml` is: capitals and small letters are not the same",
            "pushed: there is not `copies: 4` in `app/values.yaml`",
            "applied: it has no Ready condition yet",
            "applied: it is at commit <hash>, not at <hash>",
            "applied: Ready is False: HealthCheckFailed: timeout",
        ]
    );
}

const LATE: &str = r#"steps:
- id: push
  title: Push
  explain: Push.
  verify:
  - git: { id: pushed, repo: dev/site, branch: main, save: { commit: commit.sha } }
  - run: { id: door, cmd: "test -e {{ vars.shared }}/door", every: 50ms }
- id: same
  title: The same commit
  explain: Nothing to do.
  before: pass
  verify:
  - git: { id: newest, repo: dev/site, branch: main, cel: ["commit.sha == facts.push.pushed.commit"], within: 1s }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_of_the_moment_in_which_the_step_is_complete() {
    let mut lab = Lab::new(LATE).await;
    let mut waits = std::mem::replace(&mut lab.waits, mpsc::unbounded_channel().1);
    let answer = async |check: &str, _: &str| {
        if check == "pushed" {
            push(&lab, "main", "README.md", "site").await;
            return;
        }
        lab.silence();
        push(&lab, "main", "README.md", "another").await;
        std::fs::write(lab.world.path("shared/door"), "").unwrap();
    };
    let (result, _) = with_answers(lab.rehearse(), &mut waits, answer).await;
    result.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_does_not_heal_ends_the_wait() {
    let mut lab = Lab::new(PUSH).await;
    lab.define("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations").await;
    let flux = "kustomize.toolkit.fluxcd.io/v1";
    push(&lab, "main", "app/values.yaml", "copies: 4").await;
    let head = lab.session.platform.forge.api().branch("dev", "site", "main").await.unwrap().unwrap().commit;
    let conditions = json!([
        {"type": "Reconciling", "status": "True", "reason": "ProgressingWithRetry",
         "message": format!("Fetching manifests for revision main@sha1:{head} with a timeout of 30s")},
        {"type": "Ready", "status": "False", "reason": "ArtifactFailed", "message": "kustomization path not found"},
    ]);
    lab.create(flux, "Kustomization", "dev", json!({"metadata": {"name": "site"}, "spec": {}})).await;
    lab.report("site", json!({"status": {"conditions": conditions}})).await;
    let mut waits = std::mem::replace(&mut lab.waits, mpsc::unbounded_channel().1);
    let (result, seen) = with_answers(lab.rehearse(), &mut waits, async |_: &str, _: &str| ()).await;
    let error = result.unwrap_err();
    assert!(
        error.ends_with("last seen: Ready is False: ArtifactFailed: kustomization path not found"),
        "{error}"
    );
    assert_eq!(seen, []);
}
