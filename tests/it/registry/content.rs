//! Content in and out: at once, in chunks, in part, mounted, deleted.

use reqwest::Method;
use serde_json::{Value, json};

use super::world::{World, digest};

#[tokio::test(flavor = "multi_thread")]
async fn blob_goes_in_by_chunks_and_comes_out_in_part() {
    let world = World::open().await;
    let start = world.call("dev1", Method::POST, "/v2/dev1/app/blobs/uploads/").await;
    assert_eq!((start.status, start.header("range")), (202, "0-0"));
    let place = start.header("location").to_owned();
    let chunk = |range: &str, content: &'static str| {
        let request = world.request("dev1", Method::PATCH, &place).header("content-range", range);
        world.send(request.body(content))
    };
    let first = chunk("0-4", "hello").await;
    assert_eq!((first.status, first.header("range")), (202, "0-4"));
    let again = chunk("0-4", "hello").await;
    assert_eq!((again.status, again.header("range")), (416, "0-4"));
    assert_eq!(world.call("dev1", Method::GET, &place).await.header("range"), "0-4");
    assert_eq!(chunk("5-10", " world").await.status, 202);
    let whole = digest(b"hello world!");
    let request = world.request("dev1", Method::PUT, &format!("{place}?digest={whole}")).body("!");
    assert_eq!(world.send(request).await.status, 201);
    let path = format!("/v2/dev1/app/blobs/{whole}");
    let head = world.call("dev2", Method::HEAD, &path).await;
    assert_eq!((head.status, head.header("content-length")), (200, "12"));
    assert_eq!(world.call("dev2", Method::GET, &path).await.text(), "hello world!");
    let part = world.send(world.request("dev2", Method::GET, &path).header("range", "bytes=6-")).await;
    assert_eq!((part.status, part.text(), part.header("content-range")), (206, "world!", "bytes 6-11/12"));
    let beyond = world.send(world.request("dev2", Method::GET, &path).header("range", "bytes=12-")).await;
    assert_eq!(beyond.status, 416);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_digest_is_refused_and_nothing_is_kept() {
    let world = World::open().await;
    let wrong = digest(b"other");
    let request = world.request("dev1", Method::POST, &format!("/v2/dev1/app/blobs/uploads/?digest={wrong}"));
    let answer = world.send(request.body("content")).await;
    assert_eq!((answer.status, answer.text().contains("DIGEST_INVALID")), (400, true), "{}", answer.text());
    assert_eq!(world.call("dev1", Method::HEAD, &format!("/v2/dev1/app/blobs/{wrong}")).await.status, 404);
    let manifest = world.push_manifest("dev1/app", &digest(b"x"), r#"{"schemaVersion":2}"#).await;
    assert_eq!(manifest.status, 400);
    for bad in ["", "[]", "{}", r#"{"schemaVersion":1}"#] {
        assert_eq!(world.push_manifest("dev1/app", "1.0", bad).await.status, 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blob_is_seen_only_where_it_was_pushed_or_mounted() {
    let world = World::open().await;
    let blob = world.push_blob("dev1/one", b"content").await;
    assert_eq!(world.call("dev1", Method::HEAD, &format!("/v2/dev1/two/blobs/{blob}")).await.status, 404);
    let mount = format!("/v2/dev1/two/blobs/uploads/?mount={blob}&from=dev1/one");
    assert_eq!(world.call("dev1", Method::POST, &mount).await.status, 201);
    assert_eq!(world.call("dev1", Method::DELETE, &format!("/v2/dev1/one/blobs/{blob}")).await.status, 202);
    assert_eq!(world.call("dev1", Method::HEAD, &format!("/v2/dev1/one/blobs/{blob}")).await.status, 404);
    assert_eq!(
        world.call("dev1", Method::GET, &format!("/v2/dev1/two/blobs/{blob}")).await.text(),
        "content"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_paged_moved_and_deleted_and_survive_a_restart() {
    let world = World::open().await;
    for tag in ["1.0", "1.1", "2.0"] {
        world.push_image("dev1/app", tag).await;
    }
    let page = world.call("dev1", Method::GET, "/v2/dev1/app/tags/list?n=2").await;
    assert_eq!(page.text(), r#"{"name":"dev1/app","tags":["1.0","1.1"]}"#);
    assert_eq!(page.header("link"), r#"</v2/dev1/app/tags/list?n=2&last=1.1>; rel="next""#);
    let rest = world.call("dev1", Method::GET, "/v2/dev1/app/tags/list?n=2&last=1.1").await;
    assert_eq!((rest.text(), rest.header("link")), (r#"{"name":"dev1/app","tags":["2.0"]}"#, ""));
    assert_eq!(world.call("dev1", Method::DELETE, "/v2/dev1/app/manifests/1.1").await.status, 202);
    let world = world.reopen().await;
    let digest = world.call("dev1", Method::HEAD, "/v2/dev1/app/manifests/2.0").await;
    let digest = digest.header("docker-content-digest").to_owned();
    assert_eq!(
        world.call("dev1", Method::DELETE, &format!("/v2/dev1/app/manifests/{digest}")).await.status,
        202
    );
    let tags = world.call("dev1", Method::GET, "/v2/dev1/app/tags/list").await;
    assert_eq!(tags.text(), r#"{"name":"dev1/app","tags":[]}"#);
    assert_eq!(world.call("dev1", Method::GET, "/v2/dev1/app/manifests/2.0").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_refers_to_a_manifest_is_listed() {
    let world = World::open().await;
    let subject = world.push_image("dev1/app", "1.0").await;
    let config = world.push_blob("dev1/app", b"{}").await;
    let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "text/sbom", "config": {"digest": config, "size": 2}, "layers": [],
        "subject": {"digest": subject, "size": 1}});
    let pushed = world.push_manifest("dev1/app", "sbom", &manifest.to_string()).await;
    assert_eq!((pushed.status, pushed.header("oci-subject")), (201, subject.as_str()));
    let listed = async |query: &str| {
        let path = format!("/v2/dev1/app/referrers/{subject}{query}");
        world.call("dev1", Method::GET, &path).await
    };
    let found: Value = serde_json::from_slice(&listed("").await.body).unwrap();
    assert_eq!(found["manifests"][0]["digest"], digest(manifest.to_string().as_bytes()));
    assert_eq!(found["manifests"][0]["artifactType"], "text/sbom");
    let other: Value = serde_json::from_slice(&listed("?artifactType=text/other").await.body).unwrap();
    assert_eq!(other["manifests"], json!([]));
}
