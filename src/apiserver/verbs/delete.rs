//! `DELETE` of an object: at once, or marked until its finalizers, its grace period or its contents are over.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::modify::{Part, Written};
use super::options::Options;
use super::strict::SCHEME;
use crate::accounts::Identity;
use crate::apiserver::audit::Notes;
use crate::apiserver::meta::{self, Meta};
use crate::apiserver::query::{Query, wrong_dry_run};
use crate::apiserver::router::Call;
use crate::apiserver::server::Server;
use crate::apiserver::status::{Named, Status};
use crate::apiserver::store::Rejected;
use crate::apiserver::target::Target;
use crate::apiserver::types::Reason;
use crate::apiserver::{admission, body, convert, respond, syntax};

/// The finalizer of an object that goes after what it owns.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of an object that leaves behind what it owns.
pub(crate) const ORPHAN: &str = "orphan";
/// Kinds that answer a deletion with the object itself.
const RETURNED: [&str; 7] = [
    "pods",
    "services",
    "serviceaccounts",
    "persistentvolumes",
    "persistentvolumeclaims",
    "podtemplates",
    "resourcequotas",
];
const ATTEMPTS: usize = 16;
/// What the options are called.
const KIND: &str = "DeleteOptions";

/// What happens to the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Policy {
    /// They are deleted afterwards.
    #[default]
    Background,
    /// They are deleted first.
    Foreground,
    /// They stay.
    Orphan,
}

impl Policy {
    fn read(word: &str) -> Result<Self, Status> {
        match word {
            "Background" => Ok(Self::Background),
            "Foreground" => Ok(Self::Foreground),
            "Orphan" => Ok(Self::Orphan),
            other => {
                let words = "\"Foreground\", \"Background\", \"Orphan\", \"nil\"";
                let message = format!("Unsupported value: {other:?}: supported values: {words}");
                Err(Status::options(KIND, "propagationPolicy", Reason::NotSupported, message))
            }
        }
    }
}

/// `DeleteOptions` of a request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeleteOptions {
    pub(crate) grace_period_seconds: Option<i64>,
    pub(crate) propagation_policy: Option<Policy>,
    pub(crate) orphan_dependents: Option<bool>,
    pub(crate) dry_run: Vec<String>,
    pub(crate) preconditions: Preconditions,
    /// Who deletes; nobody, when it is the server itself.
    #[serde(skip)]
    pub(crate) actor: Option<Identity>,
    /// What the audit log is told.
    #[serde(skip)]
    pub(crate) notes: Notes,
    /// Whether the request names no object.
    #[serde(skip)]
    pub(crate) collection: bool,
}

/// What must be so for the deletion to be made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Preconditions {
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
}

/// What a deletion left.
pub(crate) struct Deleted {
    /// The object's last state.
    pub(crate) json: Bytes,
    /// Whether it is gone.
    pub(crate) gone: bool,
    /// What the client should know.
    pub(crate) warnings: Vec<String>,
}

impl DeleteOptions {
    /// Reads them from body and query; the body counts more.
    pub(crate) fn read(headers: &http::HeaderMap, query: &Query, bytes: &[u8]) -> Result<Self, Status> {
        let mut options = if bytes.is_empty() { Self::default() } else { Self::parse(headers, bytes)? };
        if options.grace_period_seconds.is_none() {
            let seconds = query.number("gracePeriodSeconds")?;
            options.grace_period_seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
        }
        if let Some(policy) = query.text("propagationPolicy").filter(|_| options.propagation_policy.is_none())
        {
            options.propagation_policy = Some(Policy::read(policy)?);
        }
        if let (Some(policy), Some(_)) = (options.propagation_policy, options.orphan_dependents) {
            let message = format!(
                "Invalid value: \"{policy:?}\": orphanDependents and deletionPropagation cannot be both set"
            );
            return Err(Status::options(KIND, "propagationPolicy", Reason::Invalid, message));
        }
        if query.dry_run(KIND)? {
            options.dry_run = vec!["All".to_owned()];
        }
        Ok(options)
    }

    /// The same, as somebody's own.
    pub(crate) fn by(self, call: &Call) -> Self {
        let collection = call.target.name.is_none();
        Self { actor: Some(call.identity.clone()), notes: call.notes.clone(), collection, ..self }
    }

    fn parse(headers: &http::HeaderMap, bytes: &[u8]) -> Result<Self, Status> {
        // The original tells of an unreadable body in its own way here.
        if body::media_type(headers) != "application/yaml"
            && let Some(error) = syntax::error(bytes)
        {
            return Err(Status::plain(format!("couldn't get version/kind; json parse error: {error}")));
        }
        let mut value = without_nulls(body::object(headers, bytes, KIND)?);
        let (kind, version) =
            (value["kind"].as_str().unwrap_or(KIND), value["apiVersion"].as_str().unwrap_or("v1"));
        if kind != KIND {
            return Err(Status::plain(format!(
                "no kind {kind:?} is registered for version {version:?} in scheme {SCHEME:?}"
            )));
        }
        let policy = value["propagationPolicy"].as_str().map(Policy::read).transpose()?;
        if let Some(fields) = value.as_object_mut() {
            fields.shift_remove("propagationPolicy");
        }
        let bad = |error: serde_json::Error| Status::bad_request(format!("invalid DeleteOptions: {error}"));
        let mut options: Self = serde_json::from_value(value).map_err(bad)?;
        options.propagation_policy = policy;
        let words: Vec<_> = options.dry_run.iter().map(String::as_str).collect();
        if words.iter().any(|word| *word != "All") {
            return Err(wrong_dry_run(&words, KIND));
        }
        Ok(options)
    }

    fn policy(&self) -> Policy {
        match (self.propagation_policy, self.orphan_dependents) {
            (Some(policy), _) => policy,
            (None, Some(true)) => Policy::Orphan,
            _ => Policy::Background,
        }
    }
}

/// Go's encoder writes some absent options as null.
fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

/// Answers `DELETE` of an object.
pub(crate) async fn delete(mut call: Call) -> Result<Response, Status> {
    call.target.require("delete")?;
    let bytes = call.body().await?;
    let options = DeleteOptions::read(call.request.headers(), &call.query, &bytes)?.by(&call);
    let deleted = call.server.delete(&call.target, &options)?;
    let kind = &call.target.kind;
    let code = if !deleted.gone && options.orphan_dependents == Some(false) {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    if deleted.gone && !RETURNED.contains(&kind.storage().as_str()) {
        let object = respond::parse(&deleted.json)?;
        let mut details = call.target.named().details();
        details["uid"] = meta::text(&object, "uid").into();
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details
        });
        return Ok(respond::with_warnings(respond::value(&call.query, code, &status), &deleted.warnings));
    }
    let response = respond::object(call.request.headers(), &call.query, kind, &deleted.json, code)?;
    Ok(respond::with_warnings(response, &deleted.warnings))
}

impl Server {
    /// Deletes an object, or marks it.
    pub(crate) fn delete(&self, target: &Target, options: &DeleteOptions) -> Result<Deleted, Status> {
        let key = target.key();
        for _ in 0..ATTEMPTS {
            let stored = self.store.get(&key).ok_or_else(|| Status::not_found(target.named()))?;
            let old = respond::parse(&stored.json)?;
            check(target, &old, options)?;
            let warnings = self.review_deletion(target, &old, options)?;
            let marked = mark(target, &old, options);
            let meta = Meta::read(&marked);
            let grace = meta.deletion_grace_period_seconds.unwrap_or(0);
            let gone =
                meta.finalizers.is_empty() && grace == 0 && !is_namespace_with_contents(target, &marked);
            if !options.dry_run.is_empty() {
                return Ok(Deleted { json: stored.json, gone, warnings });
            }
            if !gone {
                match self.mark(target, &old, &marked)? {
                    Some(written) => return Ok(Deleted { json: written.json, gone, warnings }),
                    None => continue,
                }
            }
            let last = if target.kind.storage() == "pods" { ended(&old, marked) } else { old };
            let render = |revision| convert::stored(&target.kind, last, revision);
            match self.store.delete(&key, stored.revision, render) {
                Ok(object) => {
                    self.reload(&key);
                    return Ok(Deleted { json: object.json, gone, warnings });
                }
                Err(Rejected::Changed) => {}
                Err(rejected) => return Err(Status::rejected(rejected, target.named())),
            }
        }
        Err(Status::modified(target.named()))
    }

    /// Holds a deletion against the policies, unless it is the server's own.
    fn review_deletion(
        &self,
        target: &Target,
        old: &Value,
        options: &DeleteOptions,
    ) -> Result<Vec<String>, Status> {
        let Some(identity) = &options.actor else { return Ok(Vec::new()) };
        let mut asked = json!({"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"});
        if let Some(seconds) = options.grace_period_seconds {
            asked["gracePeriodSeconds"] = seconds.into();
        }
        if options.propagation_policy.is_some() {
            asked["propagationPolicy"] = format!("{:?}", options.policy()).into();
        }
        let dry_run = !options.dry_run.is_empty();
        if dry_run {
            asked["dryRun"] = json!(["All"]);
        }
        let mut old = old.clone();
        convert::into_version(&target.kind, &mut old);
        // What is deleted by way of an eviction is deleted all the same.
        let request = admission::Request {
            target: &Target { subresource: None, ..target.clone() },
            operation: "DELETE",
            name: target.name.as_deref().filter(|_| !options.collection).unwrap_or_default(),
            object: None,
            old: Some(&old),
            options: asked,
            dry_run,
            identity,
        };
        self.review(&request, &options.notes)
    }

    /// Stores the mark of deletion; nothing when the object has changed meanwhile.
    fn mark(&self, target: &Target, old: &Value, marked: &Value) -> Result<Option<Written>, Status> {
        let seen = meta::text(old, "resourceVersion");
        // A deletion is no writer's, so the books stay as they are.
        let options = Options { applied: true, ..Options::internal() };
        let written = self.modify(target, Part::Internal, &options, |now| {
            if meta::text(now, "resourceVersion") == seen {
                let mut marked = marked.clone();
                convert::into_version(&target.kind, &mut marked);
                Ok(marked)
            } else {
                Err(Status::modified(target.named()))
            }
        });
        match written {
            Err(status) if status.code() == StatusCode::CONFLICT => Ok(None),
            other => other.map(Some),
        }
    }
}

fn check(target: &Target, old: &Value, options: &DeleteOptions) -> Result<(), Status> {
    let wanted = &options.preconditions;
    let pairs =
        [("uid", "UID", &wanted.uid), ("resourceVersion", "ResourceVersion", &wanted.resource_version)];
    for (field, word, wanted) in pairs {
        let own = meta::text(old, field);
        if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != own) {
            let after = if field == "uid" { "deleted and then recreated" } else { "modified" };
            let message = format!(
                "the {word} in the precondition ({wanted}) does not match the {word} in record ({own}). The object \
                 might have been {after}"
            );
            let name = target.name.as_deref().unwrap_or_default();
            let named = Named { group: &target.kind.group, plural: &target.kind.kind, name };
            return Err(Status::conflict(named, &message));
        }
    }
    if target.kind.storage() != "namespaces" {
        return Ok(());
    }
    if matches!(meta::text(old, "name"), "default" | "kube-system" | "kube-public") {
        return Err(Status::forbidden(target.named(), "this namespace may not be deleted"));
    }
    if !meta::text(old, "deletionTimestamp").is_empty() && is_namespace_with_contents(target, old) {
        let message = "The system is ensuring all content is removed from this namespace.  Upon completion, this \
                       namespace will automatically be purged by the system.";
        return Err(Status::conflict(target.named(), message));
    }
    Ok(())
}

fn is_namespace_with_contents(target: &Target, object: &Value) -> bool {
    let finalizers = object.pointer("/spec/finalizers").and_then(Value::as_array);
    target.kind.storage() == "namespaces" && finalizers.is_some_and(|finalizers| !finalizers.is_empty())
}

/// The object as it is once its deletion has been asked for.
fn mark(target: &Target, old: &Value, options: &DeleteOptions) -> Value {
    let mut marked = old.clone();
    let grace = grace(target, old, options);
    let already = Meta::read(old);
    // Asking again can shorten the time that is left, never lengthen it.
    let shortens = already.deletion_grace_period_seconds.is_none_or(|before| grace < before);
    if already.deletion_timestamp.is_none() || shortens {
        let until =
            jiff::Timestamp::now() + jiff::SignedDuration::from_secs(i64::try_from(grace).unwrap_or(0));
        let until = until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        meta::set(&mut marked, "deletionTimestamp", Some(until.into()));
        meta::set(&mut marked, "deletionGracePeriodSeconds", Some(grace.into()));
    }
    if already.deletion_timestamp.is_none() {
        let mut finalizers = already.finalizers;
        finalizers.retain(|finalizer| finalizer != FOREGROUND && finalizer != ORPHAN);
        match options.policy() {
            Policy::Background => {}
            Policy::Foreground => finalizers.push(FOREGROUND.to_owned()),
            Policy::Orphan => finalizers.push(ORPHAN.to_owned()),
        }
        meta::set(&mut marked, "finalizers", Some(json!(finalizers)));
    }
    if target.kind.storage() == "namespaces" {
        marked["status"]["phase"] = "Terminating".into();
    }
    marked
}

/// The last state of a pod that goes at once: that it was deleted is a change of what is wanted.
fn ended(old: &Value, mut marked: Value) -> Value {
    if meta::text(old, "deletionTimestamp").is_empty() {
        let generation = old["metadata"]["generation"].as_i64().unwrap_or(1) + 1;
        meta::set(&mut marked, "generation", Some(generation.into()));
    }
    marked
}

/// Only a pod that a node may be running is given time.
fn grace(target: &Target, old: &Value, options: &DeleteOptions) -> u64 {
    let text = |pointer: &str| old.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let over = matches!(text("/status/phase"), "Succeeded" | "Failed");
    if target.kind.storage() != "pods" || text("/spec/nodeName").is_empty() || over {
        return 0;
    }
    let own = old.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64);
    let seconds = options.grace_period_seconds.or(own).unwrap_or(30);
    u64::try_from(seconds).unwrap_or(1)
}
