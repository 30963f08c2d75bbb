//! What a sample is told: each value by a variable, or by a file that a variable names, or not at all.

use super::surroundings::Surroundings;

/// How many characters a version or an environment may have.
pub(super) const WORD_LIMIT: usize = 63;

/// How many characters a message may have: so many fit on a postcard.
pub(super) const MESSAGE_LIMIT: usize = 280;

/// Why a sample refuses to start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value is longer than there is room for.
    #[error("`{name}` has {length} characters, at most {limit} fit")]
    TooLong {
        /// The variable.
        name: String,
        /// How long its value is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The file that a variable names cannot be read.
    #[error("`{name}` names the file `{path}`, which cannot be read: {source}")]
    File {
        /// The variable.
        name: String,
        /// Its value.
        path: String,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A value is none of those that are known.
    #[error("`{name}` is `{value}`, it must be {right}")]
    Value {
        /// The variable.
        name: String,
        /// Its value.
        value: String,
        /// What would be right.
        right: &'static str,
    },
}

/// Reads the settings of one sample, whose variables all begin with its name.
pub(super) struct Settings<'a> {
    /// What the variables begin with: `POSTCARD`.
    pub(super) prefix: &'static str,
    pub(super) around: &'a Surroundings,
}

impl Settings<'_> {
    /// The variable's name: `POSTCARD_MESSAGE`.
    pub(super) fn name(&self, key: &str) -> String {
        format!("{}_{key}", self.prefix)
    }

    /// The value of `POSTCARD_<KEY>`, else the contents of the file that `POSTCARD_<KEY>_FILE` names. One of blanks
    /// only counts as none.
    pub(super) fn get(&self, key: &str, limit: usize) -> Result<Option<String>, Error> {
        let name = self.name(key);
        let of = |name: &str| {
            let value = self.around.environment.get(name).map(|value| value.trim().to_owned());
            value.filter(|value| !value.is_empty())
        };
        let by_file = || {
            let name = format!("{name}_FILE");
            let Some(path) = of(&name) else { return Ok(None) };
            match (self.around.read_file)(&path) {
                Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
                Err(source) => Err(Error::File { name, path, source }),
            }
        };
        let value = match of(&name) {
            Some(value) => Some(value),
            None => by_file()?,
        };
        let length = value.as_ref().map_or(0, |value| value.chars().count());
        if length > limit {
            return Err(Error::TooLong { name, length, limit });
        }
        Ok(value)
    }

    /// The same with a value for when there is none.
    pub(super) fn text(&self, key: &str, otherwise: &str, limit: usize) -> Result<String, Error> {
        Ok(self.get(key, limit)?.unwrap_or_else(|| otherwise.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn message(variables: &[(&str, &str)]) -> Result<String, String> {
        let variables = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let mut around = Surroundings::of_process(variables.collect(), Arc::new(|_| {}));
        around.read_file = Arc::new(|path| match path {
            "/etc/message" => Ok("by file\n".to_owned()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        });
        let settings = Settings { prefix: "POSTCARD", around: &around };
        settings.text("MESSAGE", "nothing", MESSAGE_LIMIT).map_err(|error| error.to_string())
    }

    #[test]
    fn variable_comes_before_file_and_file_before_nothing() {
        let file = ("POSTCARD_MESSAGE_FILE", "/etc/message");
        assert_eq!(message(&[]).unwrap(), "nothing");
        assert_eq!(message(&[("POSTCARD_MESSAGE", " ")]).unwrap(), "nothing");
        assert_eq!(message(&[file]).unwrap(), "by file");
        assert_eq!(message(&[file, ("POSTCARD_MESSAGE", "by variable")]).unwrap(), "by variable");
        let missing = message(&[("POSTCARD_MESSAGE_FILE", "/etc/other")]).unwrap_err();
        let expected =
            "`POSTCARD_MESSAGE_FILE` names the file `/etc/other`, which cannot be read: entity not found";
        assert_eq!(missing, expected);
    }

    #[test]
    fn message_may_have_280_characters_of_any_size() {
        assert_eq!(message(&[("POSTCARD_MESSAGE", &"é".repeat(280))]).unwrap().chars().count(), 280);
        let error = message(&[("POSTCARD_MESSAGE", &"é".repeat(281))]).unwrap_err();
        assert_eq!(error, "`POSTCARD_MESSAGE` has 281 characters, at most 280 fit");
    }
}
