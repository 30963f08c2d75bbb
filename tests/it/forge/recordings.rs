//! The REST API's answers, compared with recordings of a real Gitea 1.24, replayed in the order they were made.

use regex::Regex;
use reqwest::Method;
use serde_json::Value;

use super::world::World;

/// In this order: later calls see what earlier ones made.
const CALLS: &[&str] = &[
    "org-create",
    "org-create-again",
    "user-create",
    "user-create-again",
    "repo-create",
    "repo-create-again",
    "repo-get",
    "repo-missing",
    "repo-user-create",
    "token-create",
    "contents-create",
    "contents-get",
    "branches-list",
    "branch-create",
    "contents-create-feature",
    "commits-list",
    "hook-create",
    "branch-protect",
    "collaborator-add",
];

struct Recording {
    method: Method,
    path: String,
    body: Option<Value>,
    answer: String,
    status: u16,
    content_type: String,
}

impl Recording {
    fn read(name: &str) -> Self {
        let path = format!("{}/tests/fixtures/forge/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let (mut method, mut path, mut body, mut status, mut content_type) = Default::default();
        let mut answer = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# body: ") {
                body = Some(serde_json::from_str(rest).unwrap());
            } else if let Some(rest) = line.strip_prefix("# status: ") {
                let (code, kind) = rest.split_once(" content-type:").unwrap();
                (status, content_type) = (code.parse().unwrap(), kind.trim().to_owned());
            } else if let Some((verb, rest)) = line.strip_prefix("# ").and_then(|rest| rest.split_once(' ')) {
                (method, path) = (verb.parse().unwrap(), rest.to_owned());
            } else {
                answer.push_str(line);
            }
        }
        Self { method, path, body, answer, status, content_type }
    }
}

/// The one redaction: what differs from run to run, and what is ours on purpose (addresses of pictures, which Gitea
/// makes from another hash; the size on disk; no address for SSH, which is not served).
fn redact(text: &str, url: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = text.replace(url, "http://127.0.0.1:3000");
    let rules = [
        (r"avatars/[0-9a-f]{32}", "avatars/<hash>"),
        (r"\b[0-9a-f]{40}\b", "<sha1>"),
        (r#""sha1": ?"<(sha1|token)>""#, r#""sha1":"<token>""#),
        (r#""token_last_eight":"[0-9a-f]{8}""#, r#""token_last_eight":"<token>""#),
        (r#""\d{4}-\d\d-\d\dT[0-9:]{8}(Z|[+-][0-9:]{5})""#, r#""<time>""#),
        (r#""mirror":false,"size":\d+"#, r#""mirror":false,"size":0"#),
        (r#""ssh_url":"[^"]*""#, r#""ssh_url":"""#),
    ];
    let text = rules
        .iter()
        .fold(text, |text, (pattern, with)| Regex::new(pattern).unwrap().replace_all(&text, *with).into());
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    serde_json::to_string_pretty(&value).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_those_of_the_recordings() {
    let world = World::open().await;
    for name in CALLS {
        let recording = Recording::read(name);
        let answer = world.request("atelier", recording.method, &recording.path, recording.body).await;
        assert_eq!(redact(&answer.text, &world.url), redact(&recording.answer, &world.url), "{name}");
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (recording.status, recording.content_type.as_str()),
            "{name}"
        );
    }
}

/// Our version says that it is ours; its form is the recording's.
#[tokio::test(flavor = "multi_thread")]
async fn version_is_told_to_anybody() {
    let world = World::open().await;
    let recording = Recording::read("version");
    let answer = world.request("", recording.method, &recording.path, None).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (recording.status, recording.content_type.as_str())
    );
    assert!(answer.json()["version"].as_str().unwrap().starts_with("1.24."), "{}", answer.text);
    assert_eq!(answer.json().as_object().unwrap().len(), 1);
}

/// Status, headers that clients act on, and the body.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_those_of_the_recordings() {
    let world = World::open().await;
    for (name, path) in [
        ("unauthorized", "/api/v1/user"),
        ("git-private-unauthorized", "/fleet/fleet-infra.git/info/refs?service=git-upload-pack"),
    ] {
        let path_of = format!("{}/tests/fixtures/forge/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path_of).unwrap().replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap();
        let answer = world.request("", Method::GET, path, None).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {} ", answer.status)), "{name}: {}", answer.status);
        assert_eq!(answer.text.trim().replace(&world.url, "http://127.0.0.1:3000"), body.trim(), "{name}");
        for header in ["Content-Type", "Www-Authenticate"] {
            let recorded =
                head.lines().find_map(|line| line.strip_prefix(&format!("{header}: "))).unwrap_or_default();
            assert_eq!(answer.header(header), recorded, "{name}: {header}");
        }
    }
}
