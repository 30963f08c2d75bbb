//! Clients that go away in the middle, and disks that lose what they had.

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::world::{World, digest};

#[tokio::test(flavor = "multi_thread")]
async fn upload_whose_client_went_away_goes_on() {
    let world = World::open().await;
    let start = world.call("dev1", Method::POST, "/v2/dev1/app/blobs/uploads/").await;
    let place = start.header("location").to_owned();
    let host = world.url.trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
    let head = format!(
        "PATCH {place} HTTP/1.1\r\nhost: {host}\r\nauthorization: Basic ZGV2MTpMYWItcGFzcy0xMg==\r\ncontent-length: 11\r\n\r\nhello"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    // The server's answer, or the end of the connection, says that it is done with the request.
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    // The request may have been dropped before it had read anything: what counts is what the registry says.
    let mut status = world.call("dev1", Method::GET, &place).await;
    while status.status == 404 {
        tokio::task::yield_now().await;
        status = world.call("dev1", Method::GET, &place).await;
    }
    assert_eq!(status.status, 204);
    let has = if status.header("range") == "0-4" { 5 } else { 0 };
    let rest = &"hello world"[has..];
    let path = format!("{place}?digest={}", digest(b"hello world"));
    let done = world.send(world.request("dev1", Method::PUT, &path).body(rest)).await;
    assert_eq!(done.status, 201, "{}", done.text());
    let path = format!("/v2/dev1/app/blobs/{}", digest(b"hello world"));
    assert_eq!(world.call("dev1", Method::GET, &path).await.text(), "hello world");
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_the_disk_has_altered_is_not_given_out() {
    let world = World::open().await;
    let image = world.push_image("dev1/app", "1.0").await;
    let blob = world.push_blob("dev1/app", b"content").await;
    let file = |digest: &str| world.data().join("blobs").join(digest.trim_start_matches("sha256:"));
    for digest in [&image, &blob] {
        let mut bytes = std::fs::read(file(digest)).unwrap();
        bytes[0] ^= 1;
        std::fs::write(file(digest), bytes).unwrap();
    }
    assert_eq!(world.call("dev1", Method::GET, "/v2/dev1/app/manifests/1.0").await.status, 500);
    let request = world.request("dev1", Method::GET, &format!("/v2/dev1/app/blobs/{blob}"));
    let whole = async { request.send().await?.bytes().await };
    assert!(whole.await.is_err(), "it breaks off");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_holds_is_gone_after_a_restart() {
    let world = World::open().await;
    world.push_image("dev1/app", "1.0").await;
    let blob = world.push_blob("dev1/other", b"content").await;
    world.call("dev1", Method::POST, "/v2/dev1/app/blobs/uploads/").await;
    let count = |world: &World, folder: &str| std::fs::read_dir(world.data().join(folder)).unwrap().count();
    assert_eq!((count(&world, "blobs"), count(&world, "uploads")), (4, 1));
    let path = format!("/v2/dev1/other/blobs/{blob}");
    assert_eq!(world.call("dev1", Method::DELETE, &path).await.status, 202);
    let world = world.reopen().await;
    assert_eq!((count(&world, "blobs"), count(&world, "uploads")), (3, 0));
    assert_eq!(world.call("dev1", Method::GET, "/v2/dev1/app/manifests/1.0").await.status, 200);
}
