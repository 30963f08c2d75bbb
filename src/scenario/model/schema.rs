//! How values with a form of their own are described to editors.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Length, Placed};

/// A place is not written: what is described is the value.
impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl JsonSchema for Length {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([0-9]+(ms|s|m|h))+$",
            "examples": ["90s", "2m", "1h30m", "500ms"],
        })
    }
}

/// A text, or a map: what is written often in short.
pub(crate) fn text_or<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let map = generator.subschema_for::<T>();
    json_schema!({ "anyOf": [{ "type": "string" }, map] })
}
