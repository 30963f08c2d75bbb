//! The JSON schema of `workshop.yaml` and of tracks' files, made from the types that read them, for editors with a
//! YAML language server. <https://json-schema.org/draft-07>

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::model::{Scenario, WorkshopFile};

/// One of the two files; `kind` says which.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its shape counts")]
enum File {
    Scenario(Box<Scenario>),
    Workshop(Box<WorkshopFile>),
}

/// The schema of both files, as it is checked in as `scenarios/schema.json`.
pub fn schema() -> Value {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<File>();
    schema
        .insert("title".to_owned(), Value::String("A workshop of atelier, or one of its tracks".to_owned()));
    schema.to_value()
}
