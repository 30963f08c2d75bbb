//! What updates and patches share: the new state is computed from the stored one, prepared, checked and swapped in.
//! When somebody else was quicker it is computed again, unless the client named the revision that it saw.

use bytes::Bytes;
use serde_json::Value;

use super::create::{NAMESPACES, mismatch};
use super::options::{Options, Patch};
use super::strict;
use crate::apiserver::meta::{self, Meta};
use crate::apiserver::patch::Writer;
use crate::apiserver::server::Server;
use crate::apiserver::status::Status;
use crate::apiserver::store::{Expect, Key, Object, Rejected};
use crate::apiserver::target::Target;
use crate::apiserver::{admission, catalog, convert, patch, respond, subresources, types};

/// So often somebody else may be quicker.
const ATTEMPTS: usize = 16;

/// Which part of an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All but the status, where that has its own address.
    Main,
    /// The status alone.
    Status,
    /// The number of replicas, through `/scale`.
    Scale,
    /// What only the server itself may change, such as a namespace's finalizers.
    Internal,
}

impl Part {
    fn subresource(self) -> Option<&'static str> {
        match self {
            Self::Main | Self::Internal => None,
            Self::Status => Some("status"),
            Self::Scale => Some("scale"),
        }
    }
}

/// What a write left.
#[derive(Debug)]
pub(crate) struct Written {
    /// The object now.
    pub(crate) json: Bytes,
    /// Whether it is new.
    pub(crate) created: bool,
    /// What the client should know.
    pub(crate) warnings: Vec<String>,
}

impl Server {
    /// Replaces an object by what `change` makes of it.
    pub(crate) fn modify(
        &self,
        target: &Target,
        part: Part,
        options: &Options,
        mut change: impl FnMut(&Value) -> Result<Value, Status>,
    ) -> Result<Written, Status> {
        let key = target.key();
        for _ in 0..ATTEMPTS {
            let stored = self.store.get(&key).ok_or_else(|| Status::not_found(target.named()))?;
            let mut old = respond::parse(&stored.json)?;
            convert::into_version(&target.kind, &mut old);
            let new = change(&old)?;
            if let Some(written) = self.replace(target, part, options, &stored, &old, new)? {
                return Ok(written);
            }
        }
        Err(Status::modified(target.named()))
    }

    /// Swaps the new state in; nothing when the stored one has changed meanwhile.
    fn replace(
        &self,
        target: &Target,
        part: Part,
        options: &Options,
        stored: &Object,
        old: &Value,
        mut new: Value,
    ) -> Result<Option<Written>, Status> {
        let kind = &target.kind;
        let shown = options.patch.as_ref().map(|patch| match patch {
            Patch::Strategic(text) => text.clone(),
            Patch::Other => patch::sorted(&new),
        });
        let checked = strict::check(target, &mut new, options.validation, &options.repeated);
        // What cannot be read is told with the patch, or with what it has made.
        let mut warnings = checked.map_err(|status| match shown {
            Some(shown) => status.of_patch(&shown),
            None => status,
        })?;
        preconditions(target, options, old, &new)?;
        let mut new = merge_part(target, part, old, new);
        types::default(&kind.schema, &mut new);
        // What admission adds is nobody's, so the books are kept before it.
        if !options.applied {
            let (api_version, time) = (&kind.api_version(), &meta::now());
            let writer =
                Writer { manager: &options.manager, subresource: part.subresource(), api_version, time };
            patch::managed::update(Some(old), &mut new, &kind.schema, &writer);
        }
        let _choosing = self.choosing(kind);
        let grows =
            part == Part::Main && matches!(kind.storage().as_str(), "services" | "persistentvolumeclaims");
        let _counting = if grows { self.counting(target) } else { None };
        admission::on_update(self, target, old, &mut new)?;
        self.may_grant(options.actor.as_ref(), target, Some(old), &new)?;
        finalizers(target, old, &new)?;
        set_generation(target, old, &mut new);
        if part == Part::Main {
            admission::observe(kind, &mut new);
        }
        // Of a built-in kind nothing but the status is looked at where that alone is written.
        let mut errors = Vec::new();
        if part != Part::Status || kind.is_custom() {
            errors = types::validate_change(kind, &new, Some(old));
            errors.extend(admission::immutable(kind, old, &new));
        } else {
            types::validate_status(kind, &new, &mut errors);
        }
        // Whatever has become of the rules meanwhile, an object can always be deleted.
        if !errors.is_empty() && part != Part::Internal {
            let name = target.name.as_deref().unwrap_or_default();
            return Err(Status::invalid(&kind.kind, &kind.group, name, &errors));
        }
        if part == Part::Main {
            warnings.extend(types::warnings(kind, &new));
        }
        if part != Part::Internal {
            warnings.extend(self.review_change(target, part, options, old, &new)?);
        }
        if grows {
            self.within_quotas(target, Some(old), &new)?;
        }
        convert::into_version(kind, &mut new);
        let key = target.key();
        let rejected = |rejected| match rejected {
            Rejected::Changed => Ok(None),
            other => Err(Status::rejected(other, target.named())),
        };
        if is_finished(&new) && !options.dry_run {
            let render = |revision| convert::stored(kind, new, revision);
            return match self.store.delete(&key, stored.revision, render) {
                Ok(object) => {
                    self.reload(&key);
                    Ok(Some(Written { json: object.json, created: false, warnings }))
                }
                Err(error) => rejected(error),
            };
        }
        if is_same(old, &new) {
            return Ok(Some(Written { json: stored.json.clone(), created: false, warnings }));
        }
        if options.dry_run {
            return Ok(Some(Written { json: convert::bytes(&new), created: false, warnings }));
        }
        let render = |revision| convert::stored(kind, new, revision);
        match self.store.put(&key, Expect::Revision(stored.revision), render) {
            Ok(object) => {
                self.reload(&key);
                Ok(Some(Written { json: object.json, created: false, warnings }))
            }
            Err(error) => rejected(error),
        }
    }

    /// Holds a change against the policies of whom it is not the server's own.
    fn review_change(
        &self,
        target: &Target,
        part: Part,
        options: &Options,
        old: &Value,
        new: &Value,
    ) -> Result<Vec<String>, Status> {
        let Some(identity) = &options.actor else { return Ok(Vec::new()) };
        let scale = |object: &Value| subresources::scale(&target.kind, object);
        let scales = (part == Part::Scale).then(|| (scale(old), scale(new)));
        let (old, new) = scales.as_ref().map_or((old, new), |(old, new)| (old, new));
        let request = admission::Request {
            target,
            operation: "UPDATE",
            name: target.name.as_deref().unwrap_or_default(),
            object: Some(new),
            old: Some(old),
            options: options.asked("UpdateOptions"),
            dry_run: options.dry_run,
            identity,
        };
        self.review(&request, &options.notes)
    }

    /// Takes up what a write changes for the requests after it: the kinds that are served, and who may do what.
    pub(super) fn reload(&self, key: &Key) {
        if *key.resource == *catalog::DEFINITIONS {
            self.catalog.reload(&self.store);
        }
        self.policies.refresh(&self.store, key);
        self.refresh_access(key);
    }
}

/// Refuses what was made from another state or another object.
fn preconditions(target: &Target, options: &Options, old: &Value, new: &Value) -> Result<(), Status> {
    let revision = meta::text(new, "resourceVersion");
    if !revision.is_empty() && revision.parse::<u64>().is_err() {
        return Err(Status::plain(format!("strconv.ParseUint: parsing {revision:?}: invalid syntax")));
    }
    if !matches!(revision, "" | "0") && revision != meta::text(old, "resourceVersion") {
        return Err(Status::modified(target.named()));
    }
    let (uid, own) = (meta::text(new, "uid"), meta::text(old, "uid"));
    if !uid.is_empty() && uid != own {
        return Err(if options.patch.is_some() {
            fixed_uid(target, uid)
        } else {
            other_uid(target, uid, own)
        });
    }
    for (field, url) in [("name", target.name.as_deref()), ("namespace", target.namespace.as_deref())] {
        let own = meta::text(new, field);
        if field == "name" && url.is_some_and(|url| own != url) {
            return Err(mismatch(own, url.unwrap_or_default()));
        }
        if field == "namespace" && !own.is_empty() && url.is_some_and(|url| own != url) {
            return Err(Status::bad_request(NAMESPACES));
        }
    }
    Ok(())
}

/// The refusal of a patch that changes the identity, which the original checks twice.
fn fixed_uid(target: &Target, uid: &str) -> Status {
    let kind = &target.kind;
    let error = types::FieldError {
        field: "metadata.uid".to_owned(),
        reason: types::Reason::Invalid,
        message: format!("Invalid value: {uid:?}: field is immutable"),
    };
    let name = target.name.as_deref().unwrap_or_default();
    Status::invalid(&kind.kind, &kind.group, name, &[error.clone(), error])
}

/// The refusal of an object that was made from another one of the same name.
fn other_uid(target: &Target, uid: &str, own: &str) -> Status {
    let parts = [Some(target.kind.plural.as_str()), target.namespace.as_deref(), target.name.as_deref()];
    let key = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
    let message = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{key}, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: UID in precondition: {uid}, UID in object meta: {own}"
    );
    Status::conflict(target.named(), &message)
}

/// The new state, of which only the written part may differ from the old one.
fn merge_part(target: &Target, part: Part, old: &Value, mut new: Value) -> Value {
    if part == Part::Status {
        let mut merged = old.clone();
        let fields = merged.as_object_mut().expect("stored objects are objects");
        match new.get_mut("status").map(Value::take) {
            Some(status) => fields.insert("status".to_owned(), status),
            None => fields.shift_remove("status"),
        };
        // Through the status of most built-in kinds, labels and the like are written as well.
        if !target.kind.is_custom() && !target.kind.group.ends_with(".k8s.io") {
            let mut written = vec!["annotations", "finalizers"];
            if target.kind.kind != "Deployment" {
                written.push("labels");
            }
            for field in written {
                meta::keep(&mut merged, field, &new);
            }
        }
        if let Some(managed) = new.get("metadata").and_then(|metadata| metadata.get("managedFields")) {
            meta::set(&mut merged, "managedFields", Some(managed.clone()));
        }
        return merged;
    }
    let mut kept = vec!["namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"];
    if part != Part::Internal {
        kept.extend(["deletionTimestamp", "deletionGracePeriodSeconds"]);
        if target.kind.has_status {
            let fields = new.as_object_mut().expect("it was checked to be an object");
            match old.get("status") {
                Some(status) => fields.insert("status".to_owned(), status.clone()),
                None => fields.shift_remove("status"),
            };
        }
    }
    for field in kept {
        meta::keep(&mut new, field, old);
    }
    if meta::text(&new, "generateName").is_empty() {
        meta::keep(&mut new, "generateName", old);
    }
    new
}

fn finalizers(target: &Target, old: &Value, new: &Value) -> Result<(), Status> {
    let (old, new) = (Meta::read(old), Meta::read(new));
    if old.deletion_timestamp.is_none() {
        return Ok(());
    }
    let added: Vec<_> = new
        .finalizers
        .iter()
        .filter(|one| !old.finalizers.contains(one))
        .map(|one| format!("{one:?}"))
        .collect();
    if added.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \
         []string{{{}}}",
        added.join(", ")
    );
    let field = "metadata.finalizers".to_owned();
    let error = types::FieldError { field, reason: types::Reason::Forbidden, message };
    let kind = &target.kind;
    // The original checks it twice.
    let errors = [error.clone(), error];
    Err(Status::invalid(&kind.kind, &kind.group, target.name.as_deref().unwrap_or_default(), &errors))
}

/// Counts the changes of what is wanted, as opposed to what is.
fn set_generation(target: &Target, old: &Value, new: &mut Value) {
    if !admission::has_generation(&target.kind) {
        return;
    }
    let wanted = |object: &Value| {
        let fields = object.as_object().into_iter().flatten();
        let fields = fields.filter(|(name, _)| !matches!(name.as_str(), "metadata" | "kind" | "apiVersion"));
        let has_status = target.kind.has_status;
        let fields = fields.filter(|(name, _)| !has_status || name.as_str() != "status");
        fields.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>()
    };
    let deleted = |object: &Value| object["metadata"].get("deletionTimestamp").is_some();
    let generation = old["metadata"]["generation"].as_i64().unwrap_or(1);
    let changed = wanted(old) != wanted(new) || (deleted(new) && !deleted(old));
    meta::set(new, "generation", Some((generation + i64::from(changed)).into()));
}

/// Whether nothing holds a deleted object any more.
fn is_finished(new: &Value) -> bool {
    let meta = Meta::read(new);
    let held = new.get("kind").and_then(Value::as_str) == Some("Namespace")
        && new.pointer("/spec/finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    meta.deletion_timestamp.is_some()
        && meta.finalizers.is_empty()
        && meta.deletion_grace_period_seconds.unwrap_or(0) == 0
        && !held
}

/// Whether a write changes nothing but the times at which managers wrote.
fn is_same(old: &Value, new: &Value) -> bool {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let managers = object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut);
        for manager in managers.into_iter().flatten() {
            manager["time"] = Value::Null;
        }
        meta::order(&mut object, "", "");
        object
    };
    timeless(old) == timeless(new)
}
