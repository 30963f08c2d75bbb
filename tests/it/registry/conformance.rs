//! Conformance with the distribution specification, in the style of its own suite: the cases are data, in
//! `tests/fixtures/registry/conformance`, one file for each chapter.
//! <https://github.com/opencontainers/distribution-spec/tree/v1.1.1/conformance>
//!
//! A case begins with `#` and has requests. A request is a line `METHOD path`, indented lines of `header: value`, of
//! `as: user` (`dev1` when nothing is said, `-` is nobody) and of its body (`| text`), and a line `= status`, followed by indented
//! lines of what the answer must have: headers, `code: CODE`, `body: text`, and `header: * -> name` to keep a header's
//! value. `{name}` stands for what was kept, `{sha:text}` for a digest, and documents have names of their own.

use std::collections::BTreeMap;

use regex::{Captures, Regex};
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{Answer, World, digest};
use crate::support::source::package;

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// One request with what must come of it.
#[derive(Default)]
struct Request {
    line: usize,
    first: String,
    fields: Vec<(String, String)>,
    body: Option<String>,
    status: u16,
    expected: Vec<(String, String)>,
}

/// The cases of a file, each with its name.
fn cases(text: &str) -> Vec<(String, Vec<Request>)> {
    let mut cases: Vec<(String, Vec<Request>)> = Vec::new();
    let mut answers = false;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let field =
            || line.trim().split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        if let Some(name) = line.strip_prefix("# ") {
            cases.push((name.to_owned(), Vec::new()));
            continue;
        }
        let requests = &mut cases.last_mut().unwrap().1;
        if let Some(status) = line.strip_prefix("= ") {
            requests.last_mut().unwrap().status = status.parse().unwrap();
            answers = true;
        } else if !line.starts_with(' ') {
            requests.push(Request { line: index + 1, first: line.to_owned(), ..Request::default() });
            answers = false;
        } else if let Some(body) = line.trim().strip_prefix("| ").filter(|_| !answers) {
            requests.last_mut().unwrap().body = Some(body.to_owned());
        } else if answers {
            requests.last_mut().unwrap().expected.push(field().unwrap());
        } else {
            requests.last_mut().unwrap().fields.push(field().unwrap());
        }
    }
    cases
}

/// The documents that cases name, each also with `.digest` and `.size`.
fn documents() -> BTreeMap<String, String> {
    let described = |media: &str, text: &str| json!({"mediaType": media, "digest": digest(text.as_bytes()), "size": text.len()});
    let image = |layer: &str, more: Value| {
        let mut image = json!({"schemaVersion": 2, "mediaType": IMAGE,
            "config": described("application/vnd.oci.image.config.v1+json", "{}"),
            "layers": [described("application/vnd.oci.image.layer.v1.tar", layer)]});
        image.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        image.to_string()
    };
    let one = image("layer", json!({}));
    let subject = described(IMAGE, &one);
    let list = |list: Vec<Value>, more: Value| {
        let mut index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": list});
        index.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        index.to_string()
    };
    let artifact = json!({"schemaVersion": 2, "mediaType": IMAGE, "artifactType": "text/sbom",
        "config": described("application/vnd.oci.empty.v1+json", "{}"), "layers": [described("text/plain", "layer")],
        "subject": subject, "annotations": {"made-by": "dev1"}});
    let named = [
        ("config", "{}".to_owned()),
        ("empty", String::new()),
        ("image", one.clone()),
        ("other", image("other layer", json!({}))),
        ("missing", image("never pushed", json!({}))),
        (
            "foreign",
            image(
                "never pushed",
                json!({"layers": [{"mediaType": "x/y", "digest": digest(b"z"), "size": 1, "urls": ["https://example.org/z"]}]}),
            ),
        ),
        ("index", list(vec![described(IMAGE, &one)], json!({}))),
        ("list", list(Vec::new(), json!({"subject": subject, "artifactType": "text/list"}))),
        ("artifact", artifact.to_string()),
        ("signature", image("layer", json!({"subject": subject}))),
        ("orphan", image("layer", json!({"subject": described(IMAGE, "not there")}))),
    ];
    let mut all = BTreeMap::from([("hex".to_owned(), "0".repeat(128))]);
    for (name, text) in named {
        all.insert(format!("{name}.digest"), digest(text.as_bytes()));
        all.insert(format!("{name}.size"), text.len().to_string());
        all.insert(name.to_owned(), text);
    }
    all
}

fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    let place = Regex::new(r"\{([a-z][a-z0-9:. ]*)\}").unwrap();
    let value = |found: &Captures| match found[1].strip_prefix("sha:") {
        Some(text) => digest(text.as_bytes()),
        None => values.get(&found[1]).unwrap_or_else(|| panic!("`{}` is no value", &found[1])).clone(),
    };
    place.replace_all(text, value).into_owned()
}

async fn send(world: &World, request: &Request, values: &BTreeMap<String, String>) -> Answer {
    let (method, path) = request.first.split_once(' ').unwrap();
    let user = request.fields.iter().find(|(name, _)| name == "as").map_or("dev1", |(_, user)| user.as_str());
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut sent = world.request(user.trim_matches('-'), method, &filled(path, values));
    for (name, value) in request.fields.iter().filter(|(name, _)| name != "as") {
        sent = sent.header(name, filled(value, values));
    }
    world.send(sent.body(request.body.as_deref().map_or_else(String::new, |body| filled(body, values)))).await
}

/// What is wrong with an answer.
fn wrong(request: &Request, answer: &Answer, values: &mut BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    if answer.status != request.status {
        wrong.push(format!("status {}, not {}: {}", answer.status, request.status, answer.text()));
    }
    let host = values["host"].clone();
    for (name, expected) in &request.expected {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let found = match name.as_str() {
            "code" => body["errors"][0]["code"].as_str().unwrap_or_default().to_owned(),
            "body" => answer.text().to_owned(),
            header => answer.header(header).to_owned(),
        };
        let found = found.replace(&host, "HOST");
        match expected.strip_prefix("* -> ") {
            Some(_) if found.is_empty() => wrong.push(format!("{name} is not there")),
            Some(kept) => drop(values.insert(kept.to_owned(), found)),
            None if found != filled(expected, values) => {
                wrong.push(format!("{name}: {found}, not {}", filled(expected, values)));
            }
            None => {}
        }
    }
    wrong
}

async fn run(chapter: &str) {
    let path = package().join(format!("tests/fixtures/registry/conformance/{chapter}.txt"));
    let text = std::fs::read_to_string(path).unwrap();
    let cases = cases(&text);
    assert!(cases.len() > 4, "{chapter} has {} cases", cases.len());
    let mut failed = Vec::new();
    for (name, requests) in cases {
        let world = World::open().await;
        let mut values = documents();
        values.insert("host".to_owned(), world.url.trim_start_matches("http://").to_owned());
        for request in requests {
            let answer = send(&world, &request, &values).await;
            for wrong in wrong(&request, &answer, &mut values) {
                failed.push(format!("{chapter}.txt:{}: {name}: {}: {wrong}", request.line, request.first));
            }
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pull() {
    run("pull").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn push() {
    run("push").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery() {
    run("discovery").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn management() {
    run("management").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authentication() {
    run("authentication").await;
}
