//! `GET` of a collection: whole or in pages, narrowed by selectors, now or as it was at a revision.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::apiserver::router::Call;
use crate::apiserver::selectors::Selectors;
use crate::apiserver::status::Status;
use crate::apiserver::types::{FieldError, Reason};
use crate::apiserver::{respond, selectable, syntax};

/// Where the next page begins.
#[derive(Serialize, Deserialize)]
struct Continue {
    /// The revision of the first page.
    rv: u64,
    /// The last object that has been sent: namespace and name.
    after: (String, String),
}

/// The last object of the page before: namespace and name.
type After = Option<(String, String)>;

/// Answers `GET` of a collection.
pub(crate) fn list(call: &Call) -> Result<Response, Status> {
    call.target.require("list")?;
    let (meta, items) = page(call)?;
    respond::list(call.request.headers(), &call.query, &call.target.kind, &meta, &items)
}

/// The selectors of a request.
pub(super) fn selectors(call: &Call) -> Result<Selectors, Status> {
    let storage = call.target.kind.storage();
    let (labels, fields) = (call.query.text("labelSelector"), call.query.text("fieldSelector"));
    Selectors::parse(labels, fields, selectable::fields(&storage))
}

/// The list's metadata and its objects.
pub(super) fn page(call: &Call) -> Result<(Value, Vec<Bytes>), Status> {
    let store = &call.server.store;
    let storage = call.target.kind.storage();
    let namespace = call.target.namespace.as_deref();
    let selectors = selectors(call)?;
    check_options(call)?;
    let limit =
        call.query.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let (after, asked) = start(call)?;
    let (revision, objects) = match asked {
        Some(revision) => {
            let current = store.revision();
            if revision > current {
                return Err(Status::too_large_revision(revision, current));
            }
            let objects = store.list_at(&storage, namespace, revision).map_err(|expired| {
                if after.is_some() { continue_expired() } else { Status::from(expired) }
            })?;
            (revision, objects)
        }
        None => store.list(&storage, namespace),
    };
    let mut items = Vec::new();
    let mut last = None;
    let mut remaining = 0_usize;
    for ((namespace, name), object) in objects {
        if after.as_ref().is_some_and(|(after_namespace, after_name)| {
            (&*namespace, &*name) <= (after_namespace.as_str(), after_name.as_str())
        }) {
            continue;
        }
        if selectors.name().is_some_and(|wanted| wanted != &*name) || !selectors.matches(&object.json) {
            continue;
        }
        if limit.is_some_and(|limit| items.len() >= limit) {
            remaining += 1;
        } else {
            last = Some((namespace.to_string(), name.to_string()));
            items.push(object.json);
        }
    }
    let mut meta = json!({ "resourceVersion": revision.to_string() });
    if let Some(after) = last.filter(|_| remaining > 0) {
        let next = serde_json::to_vec(&Continue { rv: revision, after }).unwrap_or_default();
        meta["continue"] = URL_SAFE_NO_PAD.encode(next).into();
        if selectors.is_empty() {
            meta["remainingItemCount"] = remaining.into();
        }
    }
    Ok((meta, items))
}

/// Whether the options of a list go together, as `ValidateListOptions` of `apimachinery` has it.
fn check_options(call: &Call) -> Result<(), Status> {
    call.query.number("timeoutSeconds")?;
    let text = |name: &str| call.query.text(name);
    let (revision, matching) = (text("resourceVersion"), text("resourceVersionMatch"));
    let mut errors = Vec::new();
    let mut wrong = |field: &str, reason: Reason, message: String| {
        errors.push(FieldError { field: field.to_owned(), reason, message });
    };
    if let Some(word) = matching {
        let field = "resourceVersionMatch";
        if revision.is_none() {
            let message = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided";
            wrong(field, Reason::Forbidden, message.to_owned());
        }
        if text("continue").is_some() {
            let message = "Forbidden: resourceVersionMatch is forbidden when continue is provided";
            wrong(field, Reason::Forbidden, message.to_owned());
        }
        if !matches!(word, "Exact" | "NotOlderThan") {
            let message =
                format!("Unsupported value: {word:?}: supported values: \"Exact\", \"NotOlderThan\", \"\"");
            wrong(field, Reason::NotSupported, message);
        }
        if word == "Exact" && revision == Some("0") {
            let message = "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            wrong(field, Reason::Forbidden, message.to_owned());
        }
    }
    if text("sendInitialEvents").is_some() {
        let message = "Forbidden: sendInitialEvents is forbidden for list";
        wrong("sendInitialEvents", Reason::Forbidden, message.to_owned());
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid("ListOptions", "meta.k8s.io", "", &errors))
}

/// After which object to begin, and at which revision.
fn start(call: &Call) -> Result<(After, Option<u64>), Status> {
    let revision = call.query.text("resourceVersion");
    if let Some(token) = call.query.text("continue") {
        let bad = |why: &str| {
            Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
        };
        if revision.is_some_and(|revision| revision != "0") {
            return Err(Status::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|error| bad(&error.to_string()))?;
        if let Some(error) = syntax::error(&bytes) {
            return Err(bad(&error));
        }
        let unknown = |_| bad("server does not recognize this encoded version ");
        let next: Continue = serde_json::from_slice(&bytes).map_err(unknown)?;
        return Ok((Some(next.after), Some(next.rv)));
    }
    let number = parse_revision(revision)
        .map_err(|why| Status::bad_request(format!("invalid resource version: {why}")))?;
    match (call.query.text("resourceVersionMatch"), number) {
        (Some("Exact"), Some(revision)) if revision > 0 => Ok((None, Some(revision))),
        // Anything not older than the revision will do, so the newest does; one from the future does not exist.
        (_, Some(revision)) if revision > call.server.store.revision() => Ok((None, Some(revision))),
        _ => Ok((None, None)),
    }
}

/// Reads a resource version, or says what is wrong with it.
pub(super) fn parse_revision(text: Option<&str>) -> Result<Option<u64>, String> {
    let Some(text) = text else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        format!(
            "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
        )
    })
}

fn continue_expired() -> Status {
    Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list \
         without the continue parameter.",
    )
}
