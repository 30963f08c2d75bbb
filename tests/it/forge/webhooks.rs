//! Pushes are told to webhooks and to whoever listens.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use futures::StreamExt as _;
use hmac::{Hmac, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::world::{PASSWORD, World};

type Delivery = (HeaderMap, String);

/// Answers 500 to the first delivery.
async fn receiver() -> (String, mpsc::UnboundedReceiver<Delivery>) {
    let (sender, deliveries) = mpsc::unbounded_channel();
    let failed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let handler =
        move |State(sender): State<mpsc::UnboundedSender<Delivery>>, headers: HeaderMap, body: String| {
            let failed = failed.clone();
            async move {
                sender.send((headers, body)).unwrap();
                if failed.swap(true, std::sync::atomic::Ordering::SeqCst) { 200 } else { 500 }
            }
        };
    let handler = move |state, headers, body| {
        let answer = handler(state, headers, body);
        async move { axum::http::StatusCode::from_u16(answer.await).unwrap() }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook/abc", listener.local_addr().unwrap());
    let router = Router::new().route("/hook/abc", post(handler)).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, deliveries)
}

#[tokio::test(flavor = "multi_thread")]
async fn push_is_sent_signed_and_again_after_a_failure() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let (url, mut deliveries) = receiver().await;
    let hook = json!({"type": "gitea", "active": true, "events": ["push"],
        "config": {"url": url, "content_type": "json", "secret": "s3cret"}});
    let made = world.call("dev1", Method::POST, "/repos/dev1/apps/hooks", Some(hook)).await;
    assert_eq!((made.status, made.text.contains("s3cret")), (201, false), "{}", made.text);
    let before = world.git(&work, &["rev-parse", "HEAD"]).await;
    world.commit(&work, &[("b.txt", "b\n")], "two").await;
    world.git(&work, &["push", "-q", "origin", "main"]).await;
    let after = world.git(&work, &["rev-parse", "HEAD"]).await;
    let (first, again) = (deliveries.recv().await.unwrap(), deliveries.recv().await.unwrap());
    assert_eq!((&first.1, first.0.get("x-gitea-delivery")), (&again.1, again.0.get("x-gitea-delivery")));
    let (headers, body) = again;
    let mac = Hmac::<sha2::Sha256>::new_from_slice(b"s3cret").unwrap().chain_update(&body).finalize();
    let signature = format!("{:x}", mac.into_bytes());
    assert_eq!(headers["x-gitea-event"], "push");
    assert_eq!(headers["x-github-event"], "push");
    assert_eq!(headers["x-gitea-signature"], signature.as_str());
    assert_eq!(headers["x-hub-signature-256"], format!("sha256={signature}").as_str());
    let payload: Value = serde_json::from_str(&body).unwrap();
    let told = json!({"ref": payload["ref"], "before": payload["before"], "after": payload["after"],
        "repository": payload["repository"]["full_name"], "pusher": payload["pusher"]["login"],
        "added": payload["commits"][0]["added"], "total": payload["total_commits"]});
    assert_eq!(
        told,
        json!({"ref": "refs/heads/main", "before": before, "after": after,
        "repository": "dev1/apps", "pusher": "dev1", "added": ["b.txt"], "total": 1})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_are_streamed_to_those_who_may_see_them() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    world.seeded("secret").await;
    world.call("dev1", Method::PATCH, "/repos/dev1/secret", Some(json!({"private": true}))).await;
    let address = format!("{}/api/v1/atelier/pushes", world.url);
    assert_eq!(World::answer(world.http().get(&address)).await.status, 401);
    let mut internal = world.forge.pushes();
    let response = world.http().get(&address).basic_auth("dev2", Some(PASSWORD)).send().await.unwrap();
    let mut lines = response.bytes_stream();
    assert_eq!(lines.next().await.unwrap().unwrap().as_ref(), b"{}\n");
    let before = world.git(&work, &["rev-parse", "HEAD"]).await;
    world.commit("secret-work", &[("b", "b")], "unseen").await;
    world.git("secret-work", &["push", "-q", "origin", "main"]).await;
    world.commit(&work, &[("b", "b")], "two").await;
    world.git(&work, &["push", "-q", "origin", "main", ":refs/heads/none"]).await;
    let after = world.git(&work, &["rev-parse", "HEAD"]).await;
    let line: Value = serde_json::from_slice(&lines.next().await.unwrap().unwrap()).unwrap();
    assert_eq!(
        line,
        json!({"repository": "dev1/apps", "reference": "refs/heads/main", "before": before, "after": after})
    );
    assert_eq!(internal.recv().await.unwrap().repository, "dev1/secret");
    assert_eq!(internal.recv().await.unwrap().after, after);
}
