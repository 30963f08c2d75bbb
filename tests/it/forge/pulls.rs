//! Pull requests with real git, webhooks and several people at once.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::world::{Answer, World};

/// A world where `dev2` may write to `dev1/apps`, whose branch `feature/x` has a commit more than `main`.
async fn world() -> (World, String) {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let rights = Some(json!({"permission": "write"}));
    world.call("dev1", Method::PUT, "/repos/dev1/apps/collaborators/dev2", rights).await;
    world.git(&work, &["checkout", "-q", "-b", "feature/x"]).await;
    world.commit(&work, &[("x.txt", "x\n")], "add x").await;
    (world, work)
}

async fn open(world: &World, title: &str) -> Answer {
    let body = json!({"title": title, "head": "feature/x", "base": "main"});
    world.call("dev1", Method::POST, "/repos/dev1/apps/pulls", Some(body)).await
}

async fn merge(world: &World, user: &str, body: Value) -> (u16, Value) {
    let answer = world.call(user, Method::POST, "/repos/dev1/apps/pulls/1/merge", Some(body)).await;
    let message = if answer.text.is_empty() { Value::Null } else { answer.json()["message"].clone() };
    (answer.status, message)
}

#[tokio::test(flavor = "multi_thread")]
async fn git_is_told_of_pull_requests_and_fetches_them() {
    let (world, work) = world().await;
    let pushed = world.try_git(&work, &["push", "-u", "origin", "feature/x"]).await.stderr;
    let address = format!("{}/dev1/apps/pulls", world.url);
    let told = |first: &str, second: &str| {
        format!(
            "remote: \nremote: {first}        \nremote:   {address}/{second}        \nremote: \nremote: . "
        )
    };
    let wanted = told("Create a new pull request for 'feature/x':", "new/feature/x");
    assert!(pushed.contains(&wanted), "{pushed}");
    assert_eq!(open(&world, "X").await.status, 201);
    world.commit(&work, &[("y.txt", "y\n")], "add y").await;
    let pushed = world.try_git(&work, &["push", "origin", "feature/x"]).await.stderr;
    assert!(pushed.contains(&told("Visit the existing pull request:", "1")), "{pushed}");
    let tip = world.git(&work, &["rev-parse", "HEAD"]).await;
    world.git(&work, &["fetch", "-q", "origin", "refs/pull/1/head"]).await;
    assert_eq!(world.git(&work, &["rev-parse", "FETCH_HEAD"]).await, tip);
    let refused =
        world.try_git(&work, &["push", "origin", "HEAD:refs/pull/1/head", ":refs/pull/1/head"]).await;
    assert_ne!(refused.code, 0);
    let refused = world.try_git(&work, &["push", "origin", "main:refs/pull/7/head"]).await.stderr;
    assert!(refused.contains("remote: error: hook declined to update refs/pull/7/head"), "{refused}");
    assert!(refused.contains("! [remote rejected] main -> refs/pull/7/head (hook declined)"), "{refused}");
    // Without its branch it is closed, and its commits stay.
    world.git(&work, &["push", "-q", "origin", ":feature/x"]).await;
    let pull = world.call("", Method::GET, "/repos/dev1/apps/pulls/1", None).await.json();
    assert_eq!(
        (&pull["state"], &pull["head"]["ref"], &pull["head"]["sha"]),
        (&json!("closed"), &json!("refs/pull/1/head"), &json!(tip))
    );
    let listed = world.git(&work, &["ls-remote", "origin", "refs/pull/*"]).await;
    assert_eq!(listed, format!("{tip}\trefs/pull/1/head"));
    world.fsck(&[&work]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_conflict_is_not_merged_and_nothing_moves() {
    let (world, work) = world().await;
    world.git(&work, &["push", "-q", "origin", "feature/x"]).await;
    assert_eq!(open(&world, "X").await.json()["mergeable"], true);
    world.git(&work, &["checkout", "-q", "main"]).await;
    world.commit(&work, &[("x.txt", "other\n")], "the other x").await;
    world.git(&work, &["push", "-q", "origin", "main"]).await;
    let before = world.git(&work, &["ls-remote", "origin"]).await;
    let pull = world.call("", Method::GET, "/repos/dev1/apps/pulls/1", None).await.json();
    assert_eq!(pull["mergeable"], false);
    for style in ["merge", "squash", "rebase", "rebase-merge", "fast-forward-only"] {
        let refused = merge(&world, "dev1", json!({"Do": style})).await;
        assert_eq!(refused, (405, json!("Please try again later")), "{style}");
    }
    let update = world.call("dev1", Method::POST, "/repos/dev1/apps/pulls/1/update?style=rebase", None).await;
    assert_eq!((update.status, &update.json()["message"]), (409, &json!("merge failed because of conflict")));
    assert_eq!(world.git(&work, &["ls-remote", "origin"]).await, before);
    world.fsck(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_nothing_in_common_is_not_merged() {
    let (world, work) = world().await;
    world.git(&work, &["checkout", "-q", "--orphan", "feature/x2"]).await;
    world.commit(&work, &[("z.txt", "z\n")], "from nowhere").await;
    world.git(&work, &["push", "-q", "origin", "feature/x2:feature/x"]).await;
    assert_eq!(open(&world, "X").await.status, 201);
    let wish = json!({"Do": "merge"});
    let refused = world.call("dev1", Method::POST, "/repos/dev1/apps/pulls/1/merge", Some(wish)).await;
    assert_eq!(
        (refused.status, refused.json()),
        (
            409,
            json!({"Style": "merge", "StdOut": "", "StdErr": "fatal: refusing to merge unrelated histories\n",
                "Err": {"Stderr": null}})
        )
    );
    world.fsck(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_merges_at_once_one_wins() {
    let (world, work) = world().await;
    world.git(&work, &["push", "-q", "origin", "feature/x"]).await;
    open(&world, "X").await;
    let rule = json!({"rule_name": "main", "enable_push": false});
    world.call("dev1", Method::POST, "/repos/dev1/apps/branch_protections", Some(rule)).await;
    let wish = || json!({"Do": "merge", "delete_branch_after_merge": true});
    let both =
        futures::future::join_all(["dev1", "dev2", "dev1"].map(|user| merge(&world, user, wish()))).await;
    let mut statuses: Vec<u16> = both.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 405, 405], "{both:?}");
    let world = world.reopen().await;
    let pull = world.call("", Method::GET, "/repos/dev1/apps/pulls/1", None).await.json();
    assert_eq!((&pull["merged"], &pull["state"]), (&json!(true), &json!("closed")));
    world
        .git(&work, &["fetch", "-q", "--prune", &world.remote("", "dev1/apps"), "+refs/heads/*:refs/seen/*"])
        .await;
    let seen = world.git(&work, &["for-each-ref", "--format=%(refname)", "refs/seen"]).await;
    assert_eq!(seen, "refs/seen/main");
    let log = world.git(&work, &["log", "--topo-order", "--format=%s", "refs/seen/main"]).await;
    assert_eq!(log, "Merge pull request 'X' (#1) from feature/x into main\nadd x\none");
    world.fsck(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_end_with_new_commits_where_the_branch_asks_for_it() {
    let (world, work) = world().await;
    world.git(&work, &["push", "-q", "origin", "feature/x"]).await;
    let rule = json!({"rule_name": "main", "required_approvals": 1, "dismiss_stale_approvals": true});
    world.call("dev1", Method::POST, "/repos/dev1/apps/branch_protections", Some(rule)).await;
    open(&world, "X").await;
    let reviews = "/repos/dev1/apps/pulls/1/reviews";
    let approve = || world.call("dev2", Method::POST, reviews, Some(json!({"event": "APPROVED"})));
    assert_eq!(approve().await.status, 200);
    world.commit(&work, &[("y.txt", "y\n")], "add y").await;
    world.git(&work, &["push", "-q", "origin", "feature/x"]).await;
    let told = world.call("", Method::GET, reviews, None).await.json();
    assert_eq!((&told[0]["stale"], &told[0]["dismissed"]), (&json!(true), &json!(true)));
    let refused = merge(&world, "dev2", json!({"Do": "squash"})).await;
    assert_eq!(refused, (405, json!("Does not have enough approvals")));
    approve().await;
    assert_eq!(merge(&world, "dev2", json!({"Do": "squash"})).await, (200, Value::Null));
    world.git(&work, &["fetch", "-q", "origin", "main"]).await;
    let told = world.git(&work, &["log", "-1", "--format=%an|%cn|%B", "FETCH_HEAD"]).await;
    let people = "Co-authored-by: dev1 <dev1@example.com>\nCo-committed-by: dev1 <dev1@example.com>";
    assert_eq!(told, format!("dev1|dev2|X (#1)\n\n{people}"));
}

type Told = (String, String, Value);

async fn receiver() -> (String, mpsc::UnboundedReceiver<Told>) {
    let (sender, told) = mpsc::unbounded_channel();
    let handler =
        async |State(sender): State<mpsc::UnboundedSender<Told>>, headers: HeaderMap, body: String| {
            let header = |name: &str| headers[name].to_str().unwrap().to_owned();
            let told =
                (header("x-gitea-event"), header("x-gitea-event-type"), serde_json::from_str(&body).unwrap());
            sender.send(told).unwrap();
        };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(handler)).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, told)
}

/// The events, their kinds, actions and payloads' fields are those that a real Gitea sent for the same calls.
#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_told_what_happens_to_a_pull_request() {
    let (world, work) = world().await;
    let (url, mut deliveries) = receiver().await;
    let hook = json!({"type": "gitea", "active": true, "config": {"url": url, "content_type": "json"},
        "events": ["push", "pull_request", "create", "delete", "status"]});
    world.call("dev1", Method::POST, "/repos/dev1/apps/hooks", Some(hook)).await;
    let (pulls, issue) = ("/repos/dev1/apps/pulls", "/repos/dev1/apps/issues/1");
    let post =
        async |user: &str, path: &str, body: Value| world.call(user, Method::POST, path, Some(body)).await;
    let mut told = async |count: usize| {
        let mut lines = Vec::new();
        for _ in 0..count {
            let (event, kind, body) = deliveries.recv().await.unwrap();
            let mut fields: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
            fields.sort_unstable();
            let what = body["action"].as_str().or(body["ref"].as_str()).or(body["state"].as_str());
            lines.push(format!("{event} {kind} {}: {}", what.unwrap(), fields.join(" ")));
        }
        // Deliveries are made side by side.
        lines.sort();
        lines
    };
    let usual = "action commit_id number pull_request repository requested_reviewer review sender";
    world.git(&work, &["push", "-q", "origin", "feature/x"]).await;
    let push = "after before commits compare_url head_commit pusher ref repository sender total_commits";
    assert_eq!(
        told(2).await,
        [
            "create create feature/x: ref ref_type repository sender sha".to_owned(),
            format!("push push refs/heads/feature/x: {push}")
        ]
    );
    open(&world, "X").await;
    assert_eq!(told(1).await, [format!("pull_request pull_request opened: {usual}")]);
    let review = json!({"event": "APPROVED", "body": "fine"});
    world.call("dev2", Method::POST, &format!("{pulls}/1/reviews"), Some(review)).await;
    assert_eq!(
        told(1).await,
        [format!("pull_request_approved pull_request_review_approved reviewed: {usual}")]
    );
    post("dev2", &format!("{issue}/comments"), json!({"body": "hello"})).await;
    let fields = "action comment is_pull issue pull_request repository sender";
    assert_eq!(told(1).await, [format!("issue_comment pull_request_comment created: {fields}")]);
    let edit = json!({"title": "Y"});
    world.call("dev1", Method::PATCH, &format!("{pulls}/1"), Some(edit)).await;
    let edited = usual.replace("action ", "action changes ");
    assert_eq!(told(1).await, [format!("pull_request pull_request edited: {edited}")]);
    world.commit(&work, &[("y.txt", "y\n")], "add y").await;
    world.git(&work, &["push", "-q", "origin", "feature/x"]).await;
    assert_eq!(
        told(2).await,
        [
            format!("pull_request pull_request_sync synchronized: {usual}"),
            format!("push push refs/heads/feature/x: {push}")
        ]
    );
    let tip = world.git(&work, &["rev-parse", "HEAD"]).await;
    post("dev2", &format!("/repos/dev1/apps/statuses/{tip}"), json!({"state": "success", "context": "ci"}))
        .await;
    let fields = "commit context created_at description id repository sender sha state target_url updated_at";
    assert_eq!(told(1).await, [format!("status status success: {fields}")]);
    merge(&world, "dev1", json!({"Do": "merge", "delete_branch_after_merge": true})).await;
    assert_eq!(
        told(3).await,
        [
            "delete delete feature/x: pusher_type ref ref_type repository sender".to_owned(),
            format!("pull_request pull_request closed: {usual}"),
            format!("push push refs/heads/main: {push}")
        ]
    );
}
