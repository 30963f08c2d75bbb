//! Pull requests against a forge that answers in Gitea's shapes: opened once, approved once, merged when the forge is
//! ready for it; and what a check says of each state.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use atelier::events::Outcome;
use atelier::platform::{Actor, Error, Forge, Gitea, Push, Repository};
use atelier::scenario::{Looked, Session};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use futures::stream::{BoxStream, StreamExt as _};
use serde_json::{Value, json};

use super::world::{Nobody, World};

/// What the stand-in knows, and every change that was asked of it.
#[derive(Default)]
struct Known {
    pulls: Vec<Value>,
    reviews: Vec<Value>,
    asked: Vec<String>,
    /// How often a merge is answered with "not yet".
    busy: usize,
}

type Shared = Arc<Mutex<Known>>;

fn router(shared: Shared) -> Router {
    let pulls = "/api/v1/repos/dev/site/pulls";
    Router::new()
        .route("/api/v1/repos/dev/site/branches/{name}", get(branch))
        .route(pulls, get(list).post(open))
        .route(&format!("{pulls}/{{number}}"), patch(edit))
        .route(&format!("{pulls}/{{number}}/reviews"), get(reviews).post(review))
        .route(&format!("{pulls}/{{number}}/merge"), post(merge))
        .with_state(shared)
}

async fn branch(Path(name): Path<String>) -> Json<Value> {
    Json(json!({"name": name, "commit": {"id": format!("head-of-{name}")}}))
}

async fn list(State(shared): State<Shared>) -> Json<Value> {
    Json(Value::Array(shared.lock().unwrap().pulls.clone()))
}

async fn open(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut known = shared.lock().unwrap();
    known.asked.push(format!("open {body}"));
    let number = known.pulls.len() + 1;
    let head = body["head"].as_str().unwrap();
    let pull = json!({"number": number, "title": body["title"], "user": {"login": "dev"}, "state": "open", "merged": false,
        "merged_at": null, "closed_at": null, "head": {"ref": head, "sha": format!("head-of-{head}")},
        "base": {"ref": body["base"], "sha": "base"}});
    known.pulls.push(pull.clone());
    (StatusCode::CREATED, Json(pull)).into_response()
}

async fn edit(
    State(shared): State<Shared>,
    Path(number): Path<usize>,
    Json(body): Json<Value>,
) -> Json<Value> {
    let mut known = shared.lock().unwrap();
    known.asked.push(format!("edit {number} {body}"));
    known.pulls[number - 1]["state"] = body["state"].clone();
    known.pulls[number - 1]["closed_at"] = json!(jiff::Timestamp::now().to_string());
    Json(known.pulls[number - 1].clone())
}

async fn reviews(State(shared): State<Shared>) -> Json<Value> {
    Json(Value::Array(shared.lock().unwrap().reviews.clone()))
}

async fn review(
    State(shared): State<Shared>,
    Path(number): Path<usize>,
    Json(body): Json<Value>,
) -> Json<Value> {
    let mut known = shared.lock().unwrap();
    known.asked.push(format!("review {number} {body}"));
    let review = json!({"user": {"login": "boss"}, "state": body["event"], "dismissed": false});
    known.reviews.push(review.clone());
    Json(review)
}

async fn merge(State(shared): State<Shared>, Path(number): Path<usize>, Json(body): Json<Value>) -> Response {
    let mut known = shared.lock().unwrap();
    known.asked.push(format!("merge {number} {body}"));
    if known.busy > 0 {
        known.busy -= 1;
        let message = json!({"message": "Please try again later"});
        return (StatusCode::METHOD_NOT_ALLOWED, Json(message)).into_response();
    }
    let pull = &mut known.pulls[number - 1];
    pull["state"] = json!("closed");
    pull["merged"] = json!(true);
    pull["merged_at"] = json!(jiff::Timestamp::now().to_string());
    StatusCode::OK.into_response()
}

struct StandIn {
    url: String,
    api: Gitea,
}

#[async_trait]
impl Forge for StandIn {
    fn url(&self) -> String {
        self.url.clone()
    }

    fn api(&self) -> &Gitea {
        &self.api
    }

    async fn ensure_user(&self, _: &Actor, _: Option<&str>) -> Result<(Outcome, String), Error> {
        Ok((Outcome::Unchanged, String::new()))
    }

    async fn ensure_repository(&self, _: &Repository) -> Result<Outcome, Error> {
        Ok(Outcome::Unchanged)
    }

    async fn ensure_webhook(&self, _: &str, _: &str, _: &str, _: &str) -> Result<Outcome, Error> {
        Ok(Outcome::Unchanged)
    }

    async fn pushes(&self) -> Result<BoxStream<'static, Push>, Error> {
        Ok(futures::stream::pending().boxed())
    }
}

const STEPS: &str = r"steps:
- id: propose
  title: Propose
  explain: Propose.
  do:
  - pull_request: { repo: site, head: next, title: The next version, body: Please. }
  verify:
  - pull_request: { id: pull, repo: site, head: next, author: dev, state: open, save: { number: pull.number } }
- id: promote
  title: Promote
  explain: Promote.
  do:
  - pull_request: { repo: site, head: next, act: approve, as: boss }
  - pull_request: { repo: site, head: next, act: merge, style: squash, as: boss }
  verify:
  - pull_request: { id: merged, repo: site, head: next, approved: true }
- id: drop
  title: Drop
  explain: Drop.
  do:
  - pull_request: { repo: site, head: other }
  - pull_request: { repo: site, head: other, act: close }
  verify:
  - pull_request: { repo: site, head: other, state: closed }
";

async fn lab() -> (World, Session, Shared) {
    let world = World::new("steps: []\n", STEPS);
    let shared = Shared::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = router(shared.clone());
    tokio::spawn(async move { axum::serve(listener, served).await });
    let forge = StandIn { api: Gitea::with_token(&url, "token"), url };
    let session = world.session_on(Box::new(Nobody), Box::new(forge));
    (world, session, shared)
}

async fn observed(session: &Session) -> String {
    match session.check("dev", None).await.unwrap() {
        Looked::NotDone { observed, .. } => observed,
        other => format!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_done_once_and_told_in_words() {
    let (world, session, shared) = lab().await;
    assert_eq!(observed(&session).await, "there is no pull request");
    session.solve("dev", None).await.unwrap();
    // A second time there is nothing to do.
    session.perform("dev", 0, &[0]).await.unwrap();
    assert_eq!(observed(&session).await, "pull request 1 \"The next version\" is still open");
    session.perform("dev", 1, &[0, 0]).await.unwrap();
    shared.lock().unwrap().busy = 2;
    session.solve("dev", None).await.unwrap();
    session.perform("dev", 1, &[0, 1]).await.unwrap();
    assert_eq!(observed(&session).await, "the newest pull request is from `next`, by dev");
    session.solve("dev", None).await.unwrap();
    let asked = shared.lock().unwrap().asked.clone();
    assert_eq!(
        asked,
        [
            r#"open {"head":"next","base":"main","title":"The next version","body":"Please."}"#,
            r#"review 1 {"event":"APPROVED","body":""}"#,
            r#"merge 1 {"Do":"squash"}"#,
            r#"merge 1 {"Do":"squash"}"#,
            r#"merge 1 {"Do":"squash"}"#,
            r#"open {"head":"other","base":"main","title":"other","body":""}"#,
            r#"edit 2 {"state":"closed"}"#,
        ]
    );
    let story = world.story();
    assert!(story.contains("open a pull request \"The next version\": http://127.0.0.1:"), "{story}");
    assert!(story.contains("| pull request 1 merged"), "{story}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_merged_before_the_step_began_does_not_count() {
    let (_world, session, shared) = lab().await;
    session.solve("dev", None).await.unwrap();
    let mut old = shared.lock().unwrap().pulls[0].clone();
    for (field, value) in
        [("state", json!("closed")), ("merged", json!(true)), ("merged_at", json!("2020-01-01T00:00:00Z"))]
    {
        old[field] = value;
    }
    shared.lock().unwrap().pulls[0] = old;
    assert_eq!(
        observed(&session).await,
        "pull request 1 \"The next version\" was closed before this step began; open another"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_not_there_cannot_be_merged() {
    let (_world, session, _) = lab().await;
    let error = session.perform("dev", 1, &[1]).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "`dev/site` has no open pull request from `next` into `main`");
}
