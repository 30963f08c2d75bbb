//! One thing that is wrong with one field.

use std::fmt;

use serde_json::Value;

/// Why a field is wrong: the reasons of causes in a Status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// `Required value`.
    Required,
    /// `Invalid value`.
    Invalid,
    /// `Unsupported value`.
    NotSupported,
    /// `Duplicate value`.
    Duplicate,
    /// `Forbidden`.
    Forbidden,
    /// `Not found`.
    NotFound,
    /// `Too long`.
    TooLong,
    /// `Too many`.
    TooMany,
    /// `Invalid value`, of a wrong type.
    TypeInvalid,
    /// `Internal error`.
    Internal,
}

impl Reason {
    /// The word in a Status.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Forbidden => "FieldValueForbidden",
            Self::NotFound => "FieldValueNotFound",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::Internal => "InternalError",
        }
    }
}

/// One cause of a Status `Invalid`. Its text is `<field>: <message>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// The field's path, such as `spec.ports[0].name`.
    pub field: String,
    /// Why.
    pub reason: Reason,
    /// The value and what is wrong with it, such as `Invalid value: 0: must be greater than 0`.
    pub message: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.message)
    }
}

impl FieldError {
    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Self {
        let message =
            if detail.is_empty() { "Required value".to_owned() } else { format!("Required value: {detail}") };
        Self { field: field.into(), reason: Reason::Required, message }
    }

    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        let message = format!("Invalid value: {value}: {detail}");
        Self { field: field.into(), reason: Reason::Invalid, message }
    }

    pub(crate) fn wrong_type(field: impl Into<String>, value: &str, detail: &str) -> Self {
        let message = format!("Invalid value: {value:?}: {detail}");
        Self { field: field.into(), reason: Reason::TypeInvalid, message }
    }

    pub(crate) fn not_supported(field: impl Into<String>, value: &Value, supported: &[&str]) -> Self {
        let supported: Vec<String> = supported.iter().map(|word| format!("{word:?}")).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", supported.join(", "));
        Self { field: field.into(), reason: Reason::NotSupported, message }
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self { field: field.into(), reason: Reason::Duplicate, message: format!("Duplicate value: {value}") }
    }

    pub(crate) fn not_found(field: impl Into<String>, value: &Value) -> Self {
        Self { field: field.into(), reason: Reason::NotFound, message: format!("Not found: {value}") }
    }

    pub(crate) fn too_long(field: impl Into<String>, limit: u64) -> Self {
        let message = format!("Too long: may not be more than {limit} bytes");
        Self { field: field.into(), reason: Reason::TooLong, message }
    }

    pub(crate) fn too_many(field: impl Into<String>, count: usize, limit: u64) -> Self {
        let message = format!("Too many: {count}: must have at most {limit} items");
        Self { field: field.into(), reason: Reason::TooMany, message }
    }
}
