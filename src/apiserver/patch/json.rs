//! JSON patches. <https://www.rfc-editor.org/rfc/rfc6902>

use serde::Deserialize as _;
use serde_json::Value;

use super::PatchError;
use crate::apiserver::body;

/// How many operations a patch may have.
const LIMIT: usize = 10_000;

/// Applies the operations of `patch`, all or none.
pub(crate) fn json(target: &mut Value, patch: &Value) -> Result<(), PatchError> {
    let count = patch.as_array().map_or(0, Vec::len);
    if count > LIMIT {
        return Err(PatchError::TooLarge { limit: LIMIT, count });
    }
    if let Some(given) = body::given(patch).filter(|given| *given != "array") {
        let list = "[]handlers.jsonPatchOp";
        let reason =
            format!("error decoding patch: json: cannot unmarshal {given} into Go value of type {list}");
        return Err(PatchError::Malformed { reason });
    }
    let operations = json_patch::Patch::deserialize(patch)
        .map_err(|error| PatchError::Rejected { reason: error.to_string() })?;
    json_patch::patch(target, &operations).map_err(|error| PatchError::Rejected { reason: error.to_string() })
}
