//! Patches of objects: strategic merge and JSON patch.

mod json;
mod merge_keys;
mod schema;
mod strategic;

pub use json::{Error, apply_json};
pub use merge_keys::merge_keys;
pub use schema::Schema;
pub use strategic::apply_strategic;
