//! `/openapi/v2`: one document of all kinds, for older clients.

use serde_json::{Value, json};

use super::definitions::{Dialect, definitions};
use super::paths::paths;
use super::v3::information;
use crate::apiserver::types::Kind;

/// The document of `kinds`.
pub(crate) fn v2(kinds: &[&Kind]) -> Value {
    json!({
        "swagger": "2.0",
        "info": information(),
        "paths": paths(kinds, Dialect::V2),
        "definitions": definitions(kinds, Dialect::V2),
    })
}
