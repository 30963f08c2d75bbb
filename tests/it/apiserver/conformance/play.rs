//! Plays cases, and writes down what is answered.

use std::collections::BTreeMap;
use std::io::Read as _;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use rand::Rng as _;
use regex::{Captures, Regex};
use serde_json::{Map, Value};

use super::case::{Case, Step};
use super::neutral::Neutral;
use super::server::{Asker, Extent, Raw, Server};

/// What of an answer is compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) headers: Map<String, Value>,
    pub(super) body: Value,
}

/// The headers that are always looked at.
const HEADERS: [&str; 4] = ["content-type", "warning", "location", "allow"];

/// Plays a case from its first step to its last, whatever is answered. No answer within 15 seconds is one, too.
pub(super) async fn play(server: &Server, case: &Case) -> Vec<Answer> {
    let letters: String = (0..8).map(|_| char::from(rand::rng().random_range(b'a'..=b'z'))).collect();
    let mut words = vec![("ns".to_owned(), format!("ns-{letters}")), ("id".to_owned(), letters)];
    furnish(server, &words[0].1).await;
    let mut answers = Vec::new();
    for step in &case.steps {
        let limit = std::time::Duration::from_secs(60);
        let asked = tokio::time::timeout(limit, ask_until_served(server, step, &words)).await;
        let silent =
            |_| Raw { code: StatusCode::REQUEST_TIMEOUT, headers: HeaderMap::new(), body: b"silence".into() };
        let raw = asked.unwrap_or_else(silent);
        let body = body(&raw, step);
        for (word, pointer) in &step.take {
            let taken = body.pointer(pointer).cloned().unwrap_or_default();
            words.insert(0, (word.clone(), taken.as_str().map_or_else(|| taken.to_string(), str::to_owned)));
        }
        answers.push(answer(&raw, body, step, &words));
    }
    let namespace = words.iter().find(|(name, _)| name == "ns").map_or("", |(_, value)| value);
    let away = Request::delete(format!("/api/v1/namespaces/{namespace}"));
    server.ask(Asker::Administrator, away.body(Bytes::new()).unwrap(), Extent::Whole).await;
    answers
}

/// Makes the case's namespace, with what every namespace gets.
async fn furnish(server: &Server, namespace: &str) {
    let object = format!(r#"{{"metadata":{{"name":"{namespace}"}}}}"#);
    let request = Request::post("/api/v1/namespaces").header(header::CONTENT_TYPE, "application/json");
    let made = server.ask(Asker::Administrator, request.body(object.into()).unwrap(), Extent::Whole).await;
    assert!(made.code.is_success(), "{}", String::from_utf8_lossy(&made.body));
    for (resource, name) in [("serviceaccounts", "default"), ("configmaps", "kube-root-ca.crt")] {
        let path =
            format!("/api/v1/namespaces/{namespace}/{resource}?watch=1&fieldSelector=metadata.name%3D{name}");
        let watch = Request::get(path).body(Bytes::new()).unwrap();
        server.ask(Asker::Administrator, watch, Extent::Lines(1)).await;
    }
}

/// Asks, and again where a server is still making room for a new kind, after as long as it says.
async fn ask_until_served(server: &Server, step: &Step, words: &[(String, String)]) -> Raw {
    loop {
        let raw = ask(server, step, words).await;
        let text = String::from_utf8_lossy(&raw.body);
        if raw.code != StatusCode::TOO_MANY_REQUESTS || !text.contains("storage is (re)initializing") {
            return raw;
        }
        let after = raw.headers.get(header::RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
        tokio::time::sleep(std::time::Duration::from_secs(after.unwrap_or(1))).await;
    }
}

async fn ask(server: &Server, step: &Step, words: &[(String, String)]) -> Raw {
    let (method, path) = step.r#do.split_once(' ').unwrap_or_else(|| panic!("`{}` has no path", step.r#do));
    let (method, media_type) = match method {
        "MERGE" | "STRATEGIC" | "JSON" => {
            let kind =
                if method == "STRATEGIC" { "strategic-merge".to_owned() } else { method.to_lowercase() };
            ("PATCH", format!("application/{kind}-patch+json"))
        }
        "APPLY" => ("PATCH", "application/apply-patch+yaml".to_owned()),
        method => (method, "application/json".to_owned()),
    };
    let mut headers = BTreeMap::from([("user-agent".to_owned(), "conformance/1".to_owned())]);
    if step.body.is_some() || step.text.is_some() {
        headers.insert("content-type".to_owned(), media_type);
    }
    headers.extend(step.headers.iter().map(|(name, value)| (name.clone(), fill(value, words))));
    if let Some(token) = step.token.as_ref().filter(|token| !token.is_empty()) {
        headers.insert("authorization".to_owned(), format!("Bearer {}", fill(token, words)));
    }
    let body = match (&step.body, &step.text) {
        (Some(body), _) => fill(&body.to_string(), words),
        (None, text) => fill(text.as_deref().unwrap_or_default(), words),
    };
    let mut request = Request::builder().method(method).uri(fill(path, words));
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(name, value);
    }
    let asker = if step.token.is_some() { Asker::Headers } else { Asker::Administrator };
    let right = |event: &Value| step.last.iter().all(|(at, value)| event.pointer(at) == Some(value));
    let extent = match step.events {
        Some(count) => Extent::Lines(count),
        None if step.last.is_empty() => Extent::Whole,
        None => Extent::Until(&right),
    };
    server.ask(asker, request.body(body.into()).unwrap(), extent).await
}

/// Puts words in, and texts that are repeated.
fn fill(text: &str, words: &[(String, String)]) -> String {
    let place = Regex::new(r"\{([a-z][a-z0-9]*)(?:\*(\d+))?\}").unwrap();
    let word = |found: &Captures| match found.get(2) {
        Some(count) => found[1].repeat(count.as_str().parse().unwrap()),
        None => words
            .iter()
            .find(|(name, _)| *name == found[1])
            .map_or(found[0].to_owned(), |(_, word)| word.clone()),
    };
    place.replace_all(text, word).into_owned()
}

fn body(raw: &Raw, step: &Step) -> Value {
    let mut bytes = raw.body.clone();
    if raw.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip") {
        bytes.clear();
        flate2::read::GzDecoder::new(raw.body.as_slice()).read_to_end(&mut bytes).unwrap();
    }
    let text = String::from_utf8_lossy(&bytes);
    if raw.code.is_success() && (step.events.is_some() || !step.last.is_empty()) {
        let mut events = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        if let Some(count) = step.events {
            return events.take(count).collect();
        }
        let right = |event: &Value| step.last.iter().all(|(at, value)| event.pointer(at) == Some(value));
        return events.find(right).unwrap_or_default();
    }
    serde_json::from_slice(&bytes).unwrap_or_else(|_| text.into_owned().into())
}

fn answer(raw: &Raw, mut body: Value, step: &Step, words: &[(String, String)]) -> Answer {
    let neutral = Neutral::new(words);
    let code = raw.code.as_u16();
    if step.quiet {
        return Answer { code, headers: Map::new(), body: Value::Null };
    }
    let mut headers = Map::new();
    for name in HEADERS.into_iter().chain(step.show.iter().map(String::as_str)) {
        let values: Vec<_> =
            raw.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        let value = neutral.text(&values.join(" | "));
        if !(value.is_empty() || name == "content-type" && value == "application/json") {
            headers.insert(name.to_owned(), value.into());
        }
    }
    if !step.only.is_empty() {
        let part = |at: &String| (at.clone(), body.pointer(at).cloned().unwrap_or_default());
        body = step.only.iter().map(part).collect();
    }
    for at in &step.without {
        let (parent, name) = at.rsplit_once('/').unwrap_or_default();
        if let Some(Value::Object(fields)) = body.pointer_mut(parent) {
            fields.shift_remove(name);
        }
    }
    neutral.value(&mut body);
    Answer { code, headers, body }
}
