//! Why a template fails. Go nests errors, and Helm unfolds them again, so that the links are kept apart.

/// A chain of messages, each of which says what the next one happened in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Innermost first.
    heads: Vec<String>,
}

/// How much text a failure may have. A recursion of a thousand templates would repeat itself a million times.
const TEXT_LIMIT: usize = 1024 * 1024;

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { heads: vec![message.into()] }
    }

    /// The same failure, seen from further out.
    pub(crate) fn within(mut self, head: impl Into<String>) -> Self {
        self.heads.push(head.into());
        self
    }

    /// Outermost first; each is the beginning of its error's text, the rest of which is the next one.
    pub(crate) fn heads(&self) -> impl Iterator<Item = &str> {
        self.heads.iter().rev().map(String::as_str)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut length = 0;
        for head in self.heads() {
            length += head.len();
            if length > TEXT_LIMIT {
                let last = &self.heads[0];
                return write!(f, "… {last}");
            }
            f.write_str(head)?;
        }
        Ok(())
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}
