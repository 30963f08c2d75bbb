//! What Postcard reads from its environment.

use std::collections::BTreeMap;

use serde::Serialize;

/// How many characters fit on a postcard.
const MESSAGE_LIMIT: usize = 280;

/// How many characters a version or an environment may have.
const WORD_LIMIT: usize = 63;

/// Why it refuses to start.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// A value is longer than there is room for.
    #[error("`{name}` has {length} characters, at most {limit} fit on a postcard")]
    TooLong {
        /// The variable.
        name: String,
        /// How long its value is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
}

/// What the postcard shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Settings {
    pub(super) version: String,
    pub(super) environment: String,
    pub(super) message: String,
}

impl Settings {
    pub(super) fn from_environment(environment: &BTreeMap<String, String>) -> Result<Self, Error> {
        Ok(Self {
            version: read(environment, "POSTCARD_VERSION", "unknown", WORD_LIMIT)?,
            environment: read(environment, "POSTCARD_ENVIRONMENT", "nowhere", WORD_LIMIT)?,
            message: read(environment, "POSTCARD_MESSAGE", "Wish you were here.", MESSAGE_LIMIT)?,
        })
    }
}

fn read(
    environment: &BTreeMap<String, String>,
    name: &str,
    otherwise: &str,
    limit: usize,
) -> Result<String, Error> {
    let value = environment.get(name).map_or("", |value| value.trim());
    let length = value.chars().count();
    if length > limit {
        return Err(Error::TooLong { name: name.to_owned(), length, limit });
    }
    Ok(if value.is_empty() { otherwise } else { value }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_message(message: &str) -> Result<Settings, Error> {
        Settings::from_environment(&BTreeMap::from([("POSTCARD_MESSAGE".to_owned(), message.to_owned())]))
    }

    #[test]
    fn message_may_have_280_characters_of_any_size() {
        assert_eq!(with_message(&"é".repeat(280)).unwrap().message.chars().count(), 280);
        assert_eq!(
            with_message(&"é".repeat(281)).unwrap_err().to_string(),
            "`POSTCARD_MESSAGE` has 281 characters, at most 280 fit on a postcard"
        );
    }

    #[test]
    fn nothing_set_has_defaults() {
        let expected = Settings {
            version: "unknown".to_owned(),
            environment: "nowhere".to_owned(),
            message: "Wish you were here.".to_owned(),
        };
        assert_eq!(with_message(" ").unwrap(), expected);
    }
}
