//! Answers compared with recordings of Gitea's registry. On purpose ours differ where Gitea refuses a name and a
//! password at `/v2/` (some clients never ask for a token) and where it gives a `Link` to a page that is empty.

use reqwest::Method;

use super::world::World;

/// Status, the headers that clients act on, and the whole body.
async fn compare(world: &World, name: &str, user: &str, method: Method, path: &str) {
    let file = format!("{}/tests/fixtures/registry/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).unwrap().replace("\r\n", "\n");
    let (_command, text) = text.split_once('\n').unwrap();
    let (head, body) = text.split_once("\n\n").unwrap();
    let answer = world.call(user, method, path).await;
    assert!(head.starts_with(&format!("HTTP/1.1 {} ", answer.status)), "{name}: {}", answer.status);
    assert_eq!(answer.text().trim_end(), body.trim_end(), "{name}");
    let host = world.url.trim_start_matches("http://");
    for header in ["Content-Type", "Docker-Distribution-Api-Version", "Www-Authenticate"] {
        let recorded =
            head.lines().find_map(|line| line.strip_prefix(&format!("{header}: "))).unwrap_or_default();
        // Ours tells its version with every answer.
        if recorded.is_empty() && header.starts_with("Docker") {
            continue;
        }
        let ours = answer.header(header).replace(host, "<host>").replace("; charset", ";charset");
        assert_eq!(ours, recorded.replace("; charset", ";charset"), "{name}: {header}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_those_of_the_recordings() {
    let world = World::open().await;
    world.push_image("dev1/pause", "1.0").await;
    let zeros = format!("/v2/dev1/pause/blobs/sha256:{}", "0".repeat(64));
    compare(&world, "v2-anonymous", "", Method::GET, "/v2/").await;
    compare(&world, "blob-missing", "dev1", Method::GET, &zeros).await;
    compare(&world, "manifest-missing", "dev1", Method::GET, "/v2/dev1/pause/manifests/9.9").await;
    compare(&world, "tags", "dev1", Method::GET, "/v2/dev1/pause/tags/list").await;
    compare(&world, "tags-missing", "dev1", Method::GET, "/v2/dev1/nope/tags/list").await;
    compare(&world, "catalog", "dev1", Method::GET, "/v2/_catalog").await;
    compare(&world, "upload-foreign", "dev1", Method::POST, "/v2/ghost/x/blobs/uploads/").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pushed_manifest_comes_back_as_recorded() {
    let world = World::open().await;
    let file = format!("{}/tests/fixtures/registry/manifest.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).unwrap().replace("\r\n", "\n");
    let (head, manifest) = text.split_once("\n\n").unwrap();
    let refused = world.push_manifest("dev1/pause", "1.0", manifest).await;
    assert_eq!(
        (refused.status, refused.text().contains("MANIFEST_BLOB_UNKNOWN")),
        (404, true),
        "{}",
        refused.text()
    );
    // The recorded layers themselves are not at hand: others stand for them.
    let config = world.push_blob("dev1/pause", b"{}").await;
    let recorded: serde_json::Value = serde_json::from_str(manifest).unwrap();
    let parts = [&recorded["config"], &recorded["layers"][0], &recorded["layers"][1]];
    let ours = parts
        .iter()
        .fold(manifest.to_owned(), |text, part| text.replace(part["digest"].as_str().unwrap(), &config));
    assert_eq!(world.push_manifest("dev1/pause", "1.0", &ours).await.status, 201);
    let answer = world.call("dev2", Method::GET, "/v2/dev1/pause/manifests/1.0").await;
    let digest = super::world::digest(ours.as_bytes());
    assert_eq!((answer.status, answer.text()), (200, ours.as_str()));
    for line in head.lines().filter(|line| line.contains(": ") && !line.starts_with('$')) {
        let (name, value) = line.split_once(": ").unwrap();
        let expected = match name {
            "Docker-Content-Digest" => digest.clone(),
            "Etag" => format!("\"{digest}\""),
            "Content-Length" => ours.len().to_string(),
            _ => value.to_owned(),
        };
        assert_eq!(answer.header(name), expected, "{name}");
    }
}
