//! Names of what a registry holds: `[HOST/]OWNER/NAME[:TAG][@DIGEST]`, as Docker reads them.
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>

use std::fmt;
use std::str::FromStr;

use super::Error;

/// The tag where none is named.
const LATEST: &str = "latest";
/// The longest name of a repository, and the longest tag.
const LIMITS: (usize, usize) = (255, 128);

/// A name of an image, a chart or another artefact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The registry; nothing when the lab's is meant.
    pub host: Option<String>,
    /// The repository.
    pub name: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest, with its algorithm.
    pub digest: Option<String>,
}

impl Reference {
    /// What a registry is asked for: the digest before the tag, `latest` where there is neither.
    pub fn wanted(&self) -> &str {
        self.digest.as_deref().or(self.tag.as_deref()).unwrap_or(LATEST)
    }

    /// Repository and tag, without the registry.
    pub fn short(&self) -> String {
        match &self.digest {
            Some(digest) => format!("{}@{digest}", self.name),
            None => format!("{}:{}", self.name, self.wanted()),
        }
    }

    /// The same without its registry, where that is one of those.
    #[must_use]
    pub fn within(mut self, hosts: &[&str]) -> Self {
        self.host = self.host.filter(|host| !hosts.contains(&host.as_str()));
        self
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            write!(formatter, "{host}/")?;
        }
        formatter.write_str(&self.short())
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |reason| Error::Reference { text: text.to_owned(), reason };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        if digest.as_deref().is_some_and(|digest| !is_digest(digest)) {
            return Err(wrong("a digest is `sha256:` and 64 hexadecimal digits"));
        }
        // A first segment that no owner may be called is a registry.
        let is_host = |segment: &str| segment.contains(['.', ':']) || segment == "localhost";
        let (host, rest) = match rest.split_once('/') {
            Some((host, rest)) if is_host(host) => (Some(host.to_owned()), rest),
            _ => (None, rest),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) => (name, Some(tag.to_owned())),
            None => (rest, None),
        };
        if tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong(
                "a tag is at most 128 letters, digits, `_`, `.` and `-`, and begins with none of `.-`",
            ));
        }
        if name.len() > LIMITS.0 || !name.split('/').all(is_component) {
            return Err(wrong("a name is small letters and digits, with `.`, `_`, `-` and `/` between them"));
        }
        Ok(Self { host, name: name.to_owned(), tag, digest })
    }
}

fn is_digest(text: &str) -> bool {
    let small = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(small))
}

fn is_tag(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    first && text.len() <= LIMITS.1 && text.bytes().all(known)
}

fn is_component(text: &str) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let known = |byte: &u8| plain(byte) || b"._-".contains(byte);
    bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
        && bytes.iter().all(known)
        && !text.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_docker_reads_them() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let full = format!("dev2/app:1@{digest}");
        for (text, host, name, wanted) in [
            ("dev2/app:1.0", None, "dev2/app", "1.0"),
            ("dev2/app", None, "dev2/app", "latest"),
            ("127.0.0.1:3000/dev2/app:1", Some("127.0.0.1:3000"), "dev2/app", "1"),
            ("localhost/app", Some("localhost"), "app", "latest"),
            ("forge.atelier.internal:3000/a/b/c", Some("forge.atelier.internal:3000"), "a/b/c", "latest"),
            (full.as_str(), None, "dev2/app", digest.as_str()),
        ] {
            let read: Reference = text.parse().unwrap();
            assert_eq!(
                (read.host.as_deref(), read.name.as_str(), read.wanted()),
                (host, name, wanted),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_name_is_told() {
        for text in [
            "",
            "Dev/app",
            "dev/../x",
            "/app",
            "dev/app:",
            "dev/app:-x",
            "dev/app@md5:1",
            "a b/c",
            "dev/app:x/y",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
        assert_eq!(
            "dev2/App".parse::<Reference>().unwrap_err().to_string(),
            "`dev2/App` is no name of an image: a name is small letters and digits, with `.`, `_`, `-` and `/` between them"
        );
    }
}
