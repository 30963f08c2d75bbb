//! `GET` with `watch`: what is there, where that is asked for, and then every change as it is made.
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use rand::Rng as _;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior};

use super::list::{parse_revision, selectors};
use crate::apiserver::catalog::Served;
use crate::apiserver::convert;
use crate::apiserver::respond::{self, Format, Include};
use crate::apiserver::router::Call;
use crate::apiserver::selectors::Selectors;
use crate::apiserver::status::Status;
use crate::apiserver::store::{Change, ChangeKind, Object, Watcher};
use crate::apiserver::types::{FieldError, Reason};

/// How often a watch that wants bookmarks gets one while nothing happens.
const BOOKMARK: Duration = Duration::from_secs(60);
/// A watch whose client names no timeout ends after this and up to as long again.
const TIMEOUT: u64 = 1800;

/// What a watch sends, and how.
struct Stream {
    kind: Served,
    namespace: Option<String>,
    selectors: Selectors,
    format: Format,
    include: Include,
    bookmarks: bool,
    columns_sent: bool,
    /// Nothing up to this revision is sent.
    after: u64,
}

/// Answers a watch of a collection or, by its name, of an object.
pub(crate) fn watch(call: &Call) -> Result<Response, Status> {
    call.target.require("watch")?;
    let mut selectors = selectors(call)?;
    if let Some(name) = &call.target.name {
        selectors = selectors.named(name);
    }
    let (initial, mut watcher, bookmark_first) = begin(call)?;
    let after = parse_revision(call.query.text("resourceVersion")).ok().flatten().unwrap_or(0);
    let mut stream = Stream {
        kind: call.target.kind.clone(),
        namespace: call.target.namespace.clone(),
        selectors,
        format: Format::accepted_by_watch(call.request.headers())?,
        include: Include::read(&call.query)?,
        bookmarks: call.query.flag("allowWatchBookmarks"),
        columns_sent: false,
        after: if initial.is_some() { 0 } else { after },
    };
    let seconds = call.query.number("timeoutSeconds")?.filter(|seconds| *seconds > 0);
    let seconds = seconds.unwrap_or_else(|| TIMEOUT + rand::rng().random_range(0..TIMEOUT));
    let end = Instant::now() + Duration::from_secs(seconds.min(24 * 3600));
    let body = async_stream::stream! {
        let mut first = Vec::new();
        for object in initial.into_iter().flatten() {
            stream.initial(&object, &mut first);
            if first.len() > 64 * 1024 {
                yield Ok::<_, std::convert::Infallible>(Bytes::from(std::mem::take(&mut first)));
            }
        }
        if bookmark_first {
            stream.bookmark(watcher.position(), true, &mut first);
        }
        // An empty chunk would end the stream; the head of the answer goes out without one.
        if !first.is_empty() {
            yield Ok(first.into());
        }
        let mut ticks = tokio::time::interval_at(Instant::now() + BOOKMARK, BOOKMARK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut chunk = Vec::new();
            let mut over = false;
            tokio::select! {
                changes = watcher.next() => match changes {
                    Ok(changes) => for change in changes {
                        stream.change(&change, &mut chunk);
                    },
                    Err(expired) => {
                        error(&Status::from(expired), &mut chunk);
                        over = true;
                    }
                },
                _ = ticks.tick(), if stream.bookmarks => {
                    // Only what has been taken may be vouched for.
                    if let Ok(changes) = watcher.ready() {
                        for change in changes {
                            stream.change(&change, &mut chunk);
                        }
                        stream.bookmark(watcher.position(), false, &mut chunk);
                    }
                }
                () = tokio::time::sleep_until(end) => over = true,
            }
            if !chunk.is_empty() {
                yield Ok(chunk.into());
            }
            if over {
                break;
            }
        }
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache, private")];
    Ok((StatusCode::OK, headers, Body::from_stream(body)).into_response())
}

type Initial = Option<Vec<Object>>;

/// The objects to begin with, the changes after them, and whether a bookmark ends the beginning.
fn begin(call: &Call) -> Result<(Initial, Watcher, bool), Status> {
    let store = &call.server.store;
    let storage = call.target.kind.storage();
    let revision = parse_revision(call.query.text("resourceVersion")).map_err(Status::plain)?;
    let matching = call.query.text("resourceVersionMatch");
    let wants_initial = call.query.text("sendInitialEvents").map(|_| call.query.flag("sendInitialEvents"));
    check_options(matching, wants_initial.is_some(), call.query.text("continue").is_some())?;
    let current = store.revision();
    let from_state = match wants_initial {
        Some(wanted) => wanted,
        None => revision.unwrap_or(0) == 0,
    };
    if from_state {
        let (at, objects) = store.list(&storage, call.target.namespace.as_deref());
        let watcher = store.watch(&storage, at)?;
        let objects = objects.into_iter().map(|(_, object)| object).collect();
        return Ok((Some(objects), watcher, wants_initial == Some(true)));
    }
    // What is asked for from a revision to come is what comes after it: nothing, until then.
    let from = revision.filter(|revision| *revision > 0).unwrap_or(current).min(current);
    // Since Kubernetes 1.33 the error of an expired watch is its answer's status.
    Ok((None, store.watch(&storage, from)?, false))
}

/// Whether the options of a watch go together, as `ValidateListOptions` of `apimachinery` has it.
fn check_options(matching: Option<&str>, wants_initial: bool, continues: bool) -> Result<(), Status> {
    let mut errors = Vec::new();
    let mut wrong = |reason: Reason, message: &str| {
        let field = "resourceVersionMatch".to_owned();
        errors.push(FieldError { field, reason, message: message.to_owned() });
    };
    if continues {
        let message = "Forbidden: resourceVersionMatch is forbidden when continue is provided";
        wrong(Reason::Forbidden, message);
    }
    if matching.is_some() && !wants_initial {
        let message =
            "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        wrong(Reason::Forbidden, message);
    }
    if wants_initial && matching != Some("NotOlderThan") {
        let message = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        wrong(Reason::Forbidden, message);
        if let Some(word) = matching {
            let supported = "supported values: \"NotOlderThan\"";
            wrong(Reason::NotSupported, &format!("Unsupported value: {word:?}: {supported}"));
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid("ListOptions", "meta.k8s.io", "", &errors))
}

impl Stream {
    fn initial(&mut self, object: &Object, chunk: &mut Vec<u8>) {
        if self.selectors.matches(&object.json) {
            self.event("ADDED", &object.json, chunk);
        }
    }

    /// Writes what a change means for those who see only what is selected.
    fn change(&mut self, change: &Arc<Change>, chunk: &mut Vec<u8>) {
        let elsewhere =
            self.namespace.as_deref().is_some_and(|namespace| *change.key.namespace != *namespace);
        if elsewhere || change.revision <= self.after {
            return;
        }
        let before = change.before.as_ref().is_some_and(|before| self.selectors.matches(&before.json));
        let after = change.kind != ChangeKind::Deleted && self.selectors.matches(&change.json);
        match (before, after) {
            (false, false) => {}
            (false, true) => self.event("ADDED", &change.json, chunk),
            (true, true) => self.event("MODIFIED", &change.json, chunk),
            (true, false) => self.event("DELETED", &last_seen(change), chunk),
        }
    }

    fn event(&mut self, name: &str, stored: &Bytes, chunk: &mut Vec<u8>) {
        let json = convert::view(&self.kind, stored);
        chunk.extend_from_slice(b"{\"type\":\"");
        chunk.extend_from_slice(name.as_bytes());
        chunk.extend_from_slice(b"\",\"object\":");
        match (self.format, serde_json::from_slice::<Value>(&json)) {
            (Format::Table, Ok(object)) => {
                let row = respond::row(&self.kind, &object, self.include);
                let meta = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
                let table = respond::table(&self.kind, &meta, &[row], !self.columns_sent);
                self.columns_sent = true;
                chunk.extend_from_slice(&convert::render(&table));
            }
            (Format::Partial | Format::PartialList, Ok(object)) => {
                chunk.extend_from_slice(&convert::render(&respond::partial(&object)));
            }
            _ => chunk.extend_from_slice(&json),
        }
        chunk.extend_from_slice(b"}\n");
    }

    /// Tells that everything up to a revision has been sent.
    fn bookmark(&self, revision: u64, ends_initial: bool, chunk: &mut Vec<u8>) {
        let revision = revision.max(self.after);
        let mut meta = json!({"resourceVersion": revision.to_string()});
        if ends_initial {
            meta["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = match self.format {
            Format::Table => {
                let object = json!({
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta
                });
                let cells: Vec<Value> = Vec::new();
                let row = json!({"cells": cells, "object": object});
                let meta = json!({"resourceVersion": revision.to_string()});
                respond::table(&self.kind, &meta, &[row], false)
            }
            Format::Partial | Format::PartialList => json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta
            }),
            Format::Json | Format::Yaml => json!({
                "kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": meta
            }),
        };
        chunk.extend_from_slice(&convert::render(&json!({"type": "BOOKMARK", "object": object})));
        chunk.push(b'\n');
    }
}

/// The state in which a watch saw an object last, with the revision at which it lost sight of it.
fn last_seen(change: &Change) -> Bytes {
    let before = change.before.as_ref().filter(|_| change.kind != ChangeKind::Deleted);
    let Some(mut object) = before.and_then(|before| serde_json::from_slice::<Value>(&before.json).ok())
    else {
        return change.json.clone();
    };
    object["metadata"]["resourceVersion"] = change.revision.to_string().into();
    convert::bytes(&object)
}

fn error(status: &Status, chunk: &mut Vec<u8>) {
    chunk.extend_from_slice(&convert::render(&json!({"type": "ERROR", "object": status.to_value()})));
    chunk.push(b'\n');
}
