//! JSON patches. <https://www.rfc-editor.org/rfc/rfc6902>

use serde_json::Value;

/// Why a JSON patch cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no list of operations.
    #[error("the patch is no list of operations")]
    Malformed {
        /// Where it differs.
        #[source]
        source: serde_json::Error,
    },
    /// An operation does not fit the object.
    #[error("the patch does not fit")]
    Unfit {
        /// Which operation, and why.
        #[source]
        source: json_patch::PatchError,
    },
}

/// Applies operations to an object, all or none.
pub fn apply_json(object: &mut Value, operations: &Value) -> Result<(), Error> {
    let patch = serde_json::from_value::<json_patch::Patch>(operations.clone());
    let patch = patch.map_err(|source| Error::Malformed { source })?;
    json_patch::patch(object, &patch).map_err(|source| Error::Unfit { source })
}
