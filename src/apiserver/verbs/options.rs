//! The options that all writes share.

use http::{Method, header};

use crate::accounts::Identity;
use crate::apiserver::query::Validation;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;

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
}

impl Options {
    /// Reads them from a request.
    pub(crate) fn read(call: &Call) -> Result<Self, Status> {
        let manager = match call.query.text("fieldManager") {
            Some(manager) if manager.len() > MAX_MANAGER => {
                return Err(Status::unprocessable(format!(
                    " \"\" is invalid: fieldManager: Too long: may not be more than {MAX_MANAGER} bytes"
                )));
            }
            Some(manager) => manager.to_owned(),
            None => {
                let agent = call.request.headers().get(header::USER_AGENT);
                let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default();
                let name = agent.split('/').next().unwrap_or_default();
                let name: String = name.chars().take(MAX_MANAGER).collect();
                if name.is_empty() { "unknown".to_owned() } else { name }
            }
        };
        let words = match *call.request.method() {
            Method::PUT => "UpdateOptions",
            Method::PATCH => "PatchOptions",
            _ => "CreateOptions",
        };
        let (dry_run, validation) = (call.query.dry_run(words)?, call.query.validation(words)?);
        let actor = Some(call.identity.clone());
        Ok(Self { dry_run, manager, validation, applied: false, actor })
    }

    /// The options of the server's own writes.
    pub(crate) fn internal() -> Self {
        let manager = "kube-controller-manager".to_owned();
        Self { dry_run: false, manager, validation: Validation::Ignore, applied: false, actor: None }
    }
}
