//! The error of every handler, which is the wire format: a Kubernetes `Status` with the words of the real API
//! server. <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/>

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::patch::PatchError;
use super::patch::apply::ApplyError;
use super::store::{Expired, Rejected};
use super::types::{FieldError, Reason};

/// What the real server can write.
const MEDIA_TYPES: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// A refusal.
#[derive(Debug)]
pub(crate) struct Status {
    code: u16,
    reason: &'static str,
    message: String,
    details: Option<Box<Value>>,
}

/// The resource that a refusal speaks of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    /// Empty for the core group.
    pub(crate) group: &'a str,
    /// `deployments`
    pub(crate) plural: &'a str,
    /// The object's name.
    pub(crate) name: &'a str,
}

impl Named<'_> {
    /// `deployments.apps`, as kubectl writes it.
    fn resource(self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// The `details` of an answer about it.
    pub(crate) fn details(self) -> Value {
        let mut details = json!({});
        for (key, value) in [("name", self.name), ("group", self.group), ("kind", self.plural)] {
            if !value.is_empty() {
                details[key] = value.into();
            }
        }
        details
    }
}

impl Status {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None }
    }

    fn with(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// `message` is what follows `is forbidden: `.
    pub(crate) fn forbidden(named: Named<'_>, message: &str) -> Self {
        let text = if named.name.is_empty() {
            format!("{} is forbidden: {message}", named.resource())
        } else {
            format!("{} \"{}\" is forbidden: {message}", named.resource(), named.name)
        };
        Self::new(403, "Forbidden", text).with(named.details())
    }

    /// What a policy refuses, with the reason that it gives.
    pub(crate) fn denied(named: Named<'_>, message: &str, reason: &str) -> Self {
        let mut status = Self::forbidden(named, message);
        (status.code, status.reason) = match reason {
            "Forbidden" => (403, "Forbidden"),
            "Unauthorized" => (401, "Unauthorized"),
            "RequestEntityTooLarge" => (413, "RequestEntityTooLarge"),
            _ => (422, "Invalid"),
        };
        if let Some(details) = status.details.as_mut() {
            details["causes"] = json!([{ "message": message }]);
        }
        status
    }

    /// The same of something that is no resource.
    pub(crate) fn forbidden_path(message: &str) -> Self {
        Self::new(403, "Forbidden", format!("forbidden: {message}")).with(json!({}))
    }

    /// Creation in a namespace that is on its way out.
    pub(crate) fn namespace_terminating(named: Named<'_>, namespace: &str) -> Self {
        let message =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut status = Self::forbidden(named, &message);
        if let Some(details) = status.details.as_mut() {
            let message = format!("namespace {namespace} is being terminated");
            details["causes"] = json!([{"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}]);
        }
        status
    }

    pub(crate) fn not_found(named: Named<'_>) -> Self {
        let message = format!("{} \"{}\" not found", named.resource(), named.name);
        Self::new(404, "NotFound", message).with(named.details())
    }

    /// A path below a known group that names no resource.
    pub(crate) fn unknown_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource").with(json!({}))
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message).with(json!({}))
    }

    pub(crate) fn not_acceptable() -> Self {
        let message = format!("only the following media types are accepted: {MEDIA_TYPES}");
        Self::new(406, "NotAcceptable", message)
    }

    /// None of the media types that a client takes is known at all.
    pub(crate) fn no_representation(more: &str) -> Self {
        let message = format!("406: Not Acceptable\n\nAvailable representations: {MEDIA_TYPES}{more}");
        Self::new(406, "NotAcceptable", message).with(json!({}))
    }

    /// Whether this names all representations that there are.
    pub(crate) fn names_representations(&self) -> bool {
        self.code == 406 && self.details.is_some()
    }

    /// The form that a client takes is of lists where there is none, or the other way round.
    pub(crate) fn other_form(message: String) -> Self {
        Self::new(406, "NotAcceptable", message)
    }

    pub(crate) fn already_exists(named: Named<'_>) -> Self {
        let message = format!("{} \"{}\" already exists", named.resource(), named.name);
        Self::new(409, "AlreadyExists", message).with(named.details())
    }

    /// `message` is what follows `Operation cannot be fulfilled on …: `.
    pub(crate) fn conflict(named: Named<'_>, message: &str) -> Self {
        let text =
            format!("Operation cannot be fulfilled on {} \"{}\": {message}", named.resource(), named.name);
        Self::new(409, "Conflict", text).with(named.details())
    }

    /// A write that names an older revision.
    pub(crate) fn modified(named: Named<'_>) -> Self {
        let message =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(named, message)
    }

    /// What server-side apply refuses.
    pub(crate) fn apply(error: ApplyError) -> Self {
        match error {
            ApplyError::Conflict { message, causes } => {
                let causes: Vec<_> = causes
                    .into_iter()
                    .map(|cause| {
                        let (message, field) = (cause.message, cause.field);
                        json!({"reason": "FieldManagerConflict", "message": message, "field": field})
                    })
                    .collect();
                Self::new(409, "Conflict", message).with(json!({ "causes": causes }))
            }
            ApplyError::ManagedFields => Self::bad_request(error.to_string()),
            // The real server gives no reason for it.
            ApplyError::Typed { .. } => Self::new(500, "", error.to_string()),
        }
    }

    /// What a patch refuses.
    pub(crate) fn patch(error: &PatchError) -> Self {
        match error {
            PatchError::Malformed { .. } => Self::bad_request(error.to_string()),
            PatchError::TooLarge { .. } => Self::new(413, "RequestEntityTooLarge", error.to_string()),
            PatchError::Unfit { .. } => Self::plain(error.to_string()),
            // Which operation it was is not told by the original either.
            PatchError::Rejected { .. } => {
                Self::unprocessable("the server rejected our request due to an error in our request")
                    .with(json!({}))
            }
        }
    }

    /// The changes or the snapshot asked for are not kept any more.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    pub(crate) fn unsupported_media_type(accepted: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {accepted}"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// A body that the address of a built-in kind does not take, whatever is in it.
    pub(crate) fn not_consumed() -> Self {
        Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type").with(json!({}))
    }

    /// An object that its kind does not allow.
    pub(crate) fn invalid(kind: &str, group: &str, name: &str, errors: &[FieldError]) -> Self {
        // The original keeps Events of both groups as one kind, and names that.
        let group = if (group, kind) == ("events.k8s.io", "Event") { "" } else { group };
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let texts: Vec<_> =
            errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
        // What is wrong for two reasons of the same words is said once.
        let mut seen = std::collections::HashSet::new();
        let texts: Vec<_> = texts.into_iter().filter(|text| seen.insert(text.clone())).collect();
        let text = match texts.as_slice() {
            [only] => only.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let causes: Vec<_> = errors
            .iter()
            .map(|error| json!({"reason": error.reason.name(), "message": error.message, "field": error.field}))
            .collect();
        let mut details = Named { group, plural: kind, name }.details();
        details["causes"] = causes.into();
        Self::new(422, "Invalid", format!("{qualified} \"{name}\" is invalid: {text}")).with(details)
    }

    /// Options of a request that are not allowed.
    pub(crate) fn options(kind: &str, field: &str, reason: Reason, message: String) -> Self {
        let error = FieldError { field: field.to_owned(), reason, message };
        Self::invalid(kind, "meta.k8s.io", "", &[error])
    }

    /// The same refusal of an object that cannot be read, where a patch has made it.
    pub(crate) fn of_patch(self, shown: &str) -> Self {
        let Some((_, why)) = self.message.split_once(": ").filter(|_| self.code == 400) else { return self };
        let error = FieldError {
            field: "patch".to_owned(),
            reason: Reason::Invalid,
            message: format!("Invalid value: {shown:?}: {why}"),
        };
        Self::invalid("", "", "", &[error])
    }

    /// A failure that has no reason on the wire.
    pub(crate) fn plain(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// A patch that cannot be applied to the object.
    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(422, "Invalid", message)
    }

    pub(crate) fn internal(message: impl std::fmt::Display) -> Self {
        let mut status = Self::new(500, "InternalError", format!("Internal error occurred: {message}"));
        status = status.with(json!({"causes": [{"message": message.to_string()}]}));
        status
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(503, "ServiceUnavailable", message)
    }

    /// An eviction that a disruption budget does not allow now.
    pub(crate) fn disruption(why: &str) -> Self {
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let cause = json!({"reason": "DisruptionBudget", "message": why});
        Self::new(429, "TooManyRequests", message).with(json!({ "causes": [cause] }))
    }

    /// A revision that has not been reached yet.
    pub(crate) fn too_large_revision(asked: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
        Self::new(504, "Timeout", message).with(json!({"causes": [cause], "retryAfterSeconds": 1}))
    }

    /// What another server (a node) refused, in its own words.
    pub(crate) fn relayed(code: u16, message: String) -> Self {
        match code {
            400 => Self::bad_request(message),
            404 => Self::new(404, "NotFound", message),
            503 => Self::unavailable(message),
            _ => Self::internal(message),
        }
    }

    /// The HTTP status code.
    pub(crate) fn code(&self) -> StatusCode {
        StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Whether this says that the object is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code == 404
    }

    /// The sentence for people.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The wire format.
    pub(crate) fn to_value(&self) -> Value {
        let mut value = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"});
        value["message"] = self.message.as_str().into();
        if !self.reason.is_empty() {
            value["reason"] = self.reason.into();
        }
        if let Some(details) = &self.details {
            value["details"] = (**details).clone();
        }
        value["code"] = self.code.into();
        value
    }
}

impl From<Expired> for Status {
    fn from(expired: Expired) -> Self {
        Self::expired(format!("too old resource version: {} ({})", expired.asked, expired.oldest))
    }
}

impl Status {
    /// What a write that the store did not make means for the client.
    pub(crate) fn rejected(rejected: Rejected, named: Named<'_>) -> Self {
        match rejected {
            Rejected::Exists => Self::already_exists(named),
            Rejected::Absent => Self::not_found(named),
            Rejected::Changed => Self::modified(named),
            Rejected::Log(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a write was refused");
                Self::internal(error)
            }
        }
    }
}

impl Status {
    /// The answer for a client that reads YAML.
    pub(crate) fn into_yaml(self) -> Response {
        let Ok(text) = serde_saphyr::to_string(&self.to_value()) else { return self.into_response() };
        let mut response = self.into_response();
        let yaml = header::HeaderValue::from_static("application/yaml");
        response.headers_mut().insert(header::CONTENT_TYPE, yaml);
        *response.body_mut() = text.into();
        response
    }
}

impl IntoResponse for Status {
    fn into_response(self) -> Response {
        let headers =
            [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache, private")];
        let mut response = (self.code(), headers, self.to_value().to_string()).into_response();
        if self.code == 403 {
            let no_sniffing = header::HeaderValue::from_static("nosniff");
            response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, no_sniffing);
        }
        response
    }
}
