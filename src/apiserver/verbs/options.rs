//! The options that all writes share.

use http::{Method, header};
use serde_json::{Value, json};

use crate::accounts::Identity;
use crate::apiserver::audit::Notes;
use crate::apiserver::query::Validation;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::types::Reason;

/// A manager's name is no longer.
const MAX_MANAGER: usize = 128;

/// How a write is made.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Answer as if, and store nothing.
    pub(crate) dry_run: bool,
    /// Who owns the fields that are written.
    pub(crate) manager: String,
    /// What to do with unknown fields.
    pub(crate) validation: Validation,
    /// Whether the object brings its `managedFields`, being the result of server-side apply.
    pub(crate) applied: bool,
    /// Who writes; nobody, when it is the server itself.
    pub(crate) actor: Option<Identity>,
    /// What the audit log is told.
    pub(crate) notes: Notes,
    /// The query parameters that make up `CreateOptions` and its like, as they were given.
    pub(crate) given: Vec<(&'static str, String)>,
    /// The patch that the new state comes from, if it is none of server-side apply.
    pub(crate) patch: Option<Patch>,
    /// What is said of fields that the body has more than once.
    pub(crate) repeated: Vec<String>,
}

/// A patch, for those who tell of it.
#[derive(Clone, Debug)]
pub(crate) enum Patch {
    /// A strategic merge patch, as the original prints it.
    Strategic(String),
    /// Any other, of which the result is told.
    Other,
}

/// The name of a manager, as long as it can be shown.
fn managed(manager: &str, words: &str) -> Result<String, Status> {
    let field = "fieldManager";
    if manager.len() > MAX_MANAGER {
        let message = format!("Too long: may not be more than {MAX_MANAGER} bytes");
        return Err(Status::options(words, field, Reason::TooLong, message));
    }
    if let Some((place, letter)) = manager.chars().enumerate().find(|(_, letter)| letter.is_control()) {
        let code = u32::from(letter);
        let shown = manager.replace(letter, &format!("\\x{code:02x}"));
        let message =
            format!("Invalid value: \"{shown}\": invalid character U+{code:04X} (at position {place})");
        return Err(Status::options(words, field, Reason::Invalid, message));
    }
    Ok(manager.to_owned())
}

impl Options {
    /// Reads them from a request.
    pub(crate) fn read(call: &Call) -> Result<Self, Status> {
        let words = match *call.request.method() {
            Method::PUT => "UpdateOptions",
            Method::PATCH => "PatchOptions",
            _ => "CreateOptions",
        };
        let manager = if let Some(manager) = call.query.text("fieldManager") {
            managed(manager, words)?
        } else {
            let agent = call.request.headers().get(header::USER_AGENT);
            let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default();
            let name = agent.split('/').next().unwrap_or_default();
            let name: String = name.chars().take(MAX_MANAGER).collect();
            if name.is_empty() { "unknown".to_owned() } else { name }
        };
        let (dry_run, validation) = (call.query.dry_run(words)?, call.query.validation(words)?);
        let actor = Some(call.identity.clone());
        let named = ["fieldManager", "fieldValidation"];
        let given = named.into_iter().filter_map(|name| Some((name, call.query.text(name)?.to_owned())));
        let (notes, given) = (call.notes.clone(), given.collect());
        let (applied, patch, repeated) = (false, None, Vec::new());
        Ok(Self { dry_run, manager, validation, applied, actor, notes, given, patch, repeated })
    }

    /// The options of the server's own writes.
    pub(crate) fn internal() -> Self {
        let manager = "kube-controller-manager".to_owned();
        Self {
            dry_run: false,
            manager,
            validation: Validation::Ignore,
            applied: false,
            actor: None,
            notes: Notes::default(),
            given: Vec::new(),
            patch: None,
            repeated: Vec::new(),
        }
    }

    /// The options as an object of the API.
    pub(crate) fn asked(&self, kind: &str) -> Value {
        let mut asked = json!({"kind": kind, "apiVersion": "meta.k8s.io/v1"});
        if self.dry_run {
            asked["dryRun"] = json!(["All"]);
        }
        for (name, text) in &self.given {
            asked[*name] = text.as_str().into();
        }
        asked
    }
}
