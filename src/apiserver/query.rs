//! The query parameters of the API, read once into plain data. Unknown ones are ignored, as the real server does.

use std::collections::HashMap;

use axum::extract::Query as Pairs;
use http::Uri;

use super::status::Status;
use super::types::Reason;

/// What to do with fields that the kind does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Validation {
    /// Drop them silently.
    Ignore,
    /// Drop them and say so.
    #[default]
    Warn,
    /// Refuse the object.
    Strict,
}

/// The parameters of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(HashMap<String, String>);

impl Query {
    /// Reads the parameters of `uri`; of one that is repeated, the first counts.
    pub(crate) fn read(uri: &Uri) -> Result<Self, Status> {
        let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|error| Status::bad_request(error.body_text()))?;
        let mut read = HashMap::new();
        for (key, value) in pairs.0 {
            read.entry(key).or_insert(value);
        }
        Ok(Self(read))
    }

    /// A parameter's text, when it is given and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Whether a parameter is given and true, in the words that Go reads.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0
            .get(name)
            .is_some_and(|text| !matches!(text.as_str(), "false" | "0" | "False" | "FALSE" | "f" | "F"))
    }

    /// A parameter's number; one below 0 is none.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Status> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let bad = || Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"));
        text.parse::<i64>().map(|number| u64::try_from(number).ok()).map_err(|_| bad())
    }

    /// Whether nothing shall be stored. `options` is what the real server reads it into.
    pub(crate) fn dry_run(&self, options: &str) -> Result<bool, Status> {
        match self.text("dryRun") {
            None => Ok(false),
            Some("All") => Ok(true),
            Some(other) => Err(wrong_dry_run(&[other], options)),
        }
    }

    /// How unknown fields are met.
    pub(crate) fn validation(&self, options: &str) -> Result<Validation, Status> {
        match self.text("fieldValidation") {
            None | Some("Warn") => Ok(Validation::Warn),
            Some("Ignore") => Ok(Validation::Ignore),
            Some("Strict") => Ok(Validation::Strict),
            Some(other) => {
                let supported = "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"";
                let message = format!("Unsupported value: {other:?}: {supported}");
                Err(Status::options(options, "fieldValidation", Reason::NotSupported, message))
            }
        }
    }
}

/// The refusal of words other than `All`.
pub(crate) fn wrong_dry_run(words: &[&str], options: &str) -> Status {
    let words = serde_json::json!(words);
    let message = format!("Unsupported value: {words}: supported values: \"All\"");
    Status::options(options, "dryRun", Reason::NotSupported, message)
}
