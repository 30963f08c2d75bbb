//! `POST` to a collection.

use axum::response::Response;
use http::StatusCode;
use serde_json::Value;

use super::modify::Written;
use super::options::Options;
use super::strict;
use crate::apiserver::patch::Writer;
use crate::apiserver::router::Call;
use crate::apiserver::server::Server;
use crate::apiserver::status::Status;
use crate::apiserver::store::{Expect, Key};
use crate::apiserver::target::Target;
use crate::apiserver::types::Kind;
use crate::apiserver::{admission, convert, lifecycle, meta, patch, respond, types};

/// The refusal of an object whose namespace is not the URL's.
pub(super) const NAMESPACES: &str =
    "the namespace of the provided object does not match the namespace sent on the request";

/// A generated name is at most 63 letters, five of which are random.
const MAX_PREFIX: usize = 58;

/// Answers `POST` to a collection.
pub(crate) async fn create(mut call: Call) -> Result<Response, Status> {
    call.target.require("create")?;
    let mut options = Options::read(&call)?;
    let object;
    (object, options.repeated) = call.object_and_repeated().await?;
    let written = call.server.create(&call.target, object, &options)?;
    written.respond(&call, StatusCode::CREATED)
}

impl Server {
    /// Makes an object; of the target, kind and namespace count.
    pub(crate) fn create(
        &self,
        target: &Target,
        mut object: Value,
        options: &Options,
    ) -> Result<Written, Status> {
        let kind = &target.kind;
        let mut warnings = strict::check(target, &mut object, options.validation, &options.repeated)?;
        place(target, &mut object)?;
        let name = meta::text(&object, "name").to_owned();
        options.notes.name(&name);
        for field in ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"] {
            meta::set(&mut object, field, None);
        }
        if !options.applied {
            meta::set(&mut object, "managedFields", None);
        }
        if !meta::text(&object, "resourceVersion").is_empty() {
            return Err(Status::plain("resourceVersion should not be set on objects to be created"));
        }
        meta::set(&mut object, "uid", Some(uuid::Uuid::new_v4().to_string().into()));
        meta::set(&mut object, "creationTimestamp", Some(meta::now().into()));
        admission::reset_status(kind, &mut object);
        types::default(&kind.schema, &mut object);
        if !options.applied {
            claim(kind, &mut object, options);
        }
        // Addresses are chosen from what the store holds, so nobody else may choose meanwhile.
        let _choosing = self.choosing(kind);
        let _counting = self.counting(target);
        admission::on_create(self, target, &mut object)?;
        self.may_grant(options.actor.as_ref(), target, None, &object)?;
        if admission::has_generation(kind) {
            meta::set(&mut object, "generation", Some(1.into()));
            admission::observe(kind, &mut object);
        }
        let errors = types::validate(kind, &object);
        if !errors.is_empty() {
            return Err(Status::invalid(&kind.kind, &kind.group, &name, &errors));
        }
        warnings.extend(types::warnings(kind, &object));
        if let Some(identity) = &options.actor {
            let request = admission::Request {
                target,
                operation: "CREATE",
                name: &name,
                object: Some(&object),
                old: None,
                options: options.asked("CreateOptions"),
                dry_run: options.dry_run,
                identity,
            };
            warnings.extend(self.review(&request, &options.notes)?);
        }
        self.within_quotas(target, None, &object)?;
        convert::into_version(kind, &mut object);
        let namespace = target.namespace.as_deref().unwrap_or_default();
        let key = Key::new(&kind.storage(), namespace, &name);
        if options.dry_run {
            if self.store.get(&key).is_some() {
                return Err(Status::already_exists(target.named_as(&name)));
            }
            return Ok(Written { json: convert::bytes(&object), created: true, warnings });
        }
        let stored = self.store.put(&key, Expect::Absent, |revision| convert::stored(kind, object, revision));
        let stored = stored.map_err(|rejected| Status::rejected(rejected, target.named_as(&name)))?;
        self.reload(&key);
        if *key.resource == *"namespaces" {
            lifecycle::furnish(self, &name);
        }
        Ok(Written { json: stored.json, created: true, warnings })
    }
}

/// Writes down whose the fields are. What admission adds after this is nobody's, and neither is the status that a
/// new object gets.
fn claim(kind: &Kind, object: &mut Value, options: &Options) {
    let (api_version, time) = (&kind.api_version(), &meta::now());
    let writer = Writer { manager: &options.manager, subresource: None, api_version, time };
    let status =
        object.as_object_mut().filter(|_| kind.has_status).and_then(|fields| fields.shift_remove("status"));
    patch::managed::update(None, object, &kind.schema, &writer);
    if let Some(status) = status {
        object["status"] = status;
    }
}

/// Gives the object the namespace of the URL and, where it asks for one, a name.
fn place(target: &Target, object: &mut Value) -> Result<(), Status> {
    let namespace = meta::text(object, "namespace").to_owned();
    match target.namespace.as_deref() {
        Some(wanted) if namespace.is_empty() || namespace == wanted => {
            meta::set(object, "namespace", Some(wanted.into()));
        }
        Some(_) => return Err(Status::bad_request(NAMESPACES)),
        None if target.kind.namespaced => {
            return Err(Status::method_not_allowed());
        }
        None => meta::set(object, "namespace", None),
    }
    if meta::text(object, "name").is_empty() {
        let prefix = meta::text(object, "generateName");
        if prefix.is_empty() {
            let field = "metadata.name";
            let message = "Required value: name or generateName is required";
            let reason = types::Reason::Required;
            let error = types::FieldError { field: field.to_owned(), reason, message: message.to_owned() };
            return Err(Status::invalid(&target.kind.kind, &target.kind.group, "", &[error]));
        }
        let mut name: String = prefix.chars().take(MAX_PREFIX).collect();
        name.push_str(&meta::suffix());
        meta::set(object, "name", Some(name.into()));
    }
    if let Some(name) = target.name.as_deref().filter(|name| *name != meta::text(object, "name")) {
        return Err(mismatch(meta::text(object, "name"), name));
    }
    Ok(())
}

/// The refusal of an object whose name is not the URL's.
pub(super) fn mismatch(own: &str, url: &str) -> Status {
    if own.is_empty() {
        let text =
            format!("the name of the object ({url} based on URL) was undeterminable: name must be provided");
        return Status::bad_request(text);
    }
    Status::bad_request(format!("the name of the object ({own}) does not match the name on the URL ({url})"))
}

impl Written {
    /// The answer to a write.
    pub(crate) fn respond(&self, call: &Call, code: StatusCode) -> Result<Response, Status> {
        let headers = call.request.headers();
        let response = respond::object(headers, &call.query, &call.target.kind, &self.json, code)?;
        Ok(respond::with_warnings(response, &self.warnings))
    }
}
