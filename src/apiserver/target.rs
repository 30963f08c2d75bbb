//! What a URL below `/api/v1` or `/apis/<group>/<version>` means: a resource, an object, or something below it.
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris>

use percent_encoding::percent_decode_str;

use super::catalog::{Catalog, Served};
use super::status::{Named, Status};
use super::store::Key;

/// A name longer than this is in no store.
const MAX_NAME: usize = 253;

/// A resource, an object, or something below it.
#[derive(Clone)]
pub(crate) struct Target {
    /// The kind.
    pub(crate) kind: Served,
    /// The namespace of the URL; none for all of them and for what is in none.
    pub(crate) namespace: Option<String>,
    /// The object's name.
    pub(crate) name: Option<String>,
    /// Such as `status` or `log`.
    pub(crate) subresource: Option<String>,
    /// What follows `proxy/`, still encoded.
    pub(crate) rest: String,
    /// Whether the path begins with the deprecated `watch/`.
    pub(crate) watch: bool,
}

impl Target {
    /// Reads what follows the version.
    pub(crate) fn parse(catalog: &Catalog, group: &str, version: &str, path: &str) -> Result<Self, Status> {
        let Address { watch, namespace, plural, name, subresource, rest } = Address::read(path)?;
        let mut target = Self::new(catalog, (group, version, &plural), namespace, name)?;
        target.watch = watch;
        target.subresource = subresource;
        if target.subresource.as_deref() == Some("proxy") {
            target.rest = rest;
        } else if rest.contains(|letter| letter != '/') {
            return Err(Status::unknown_resource());
        }
        Ok(target)
    }

    fn new(
        catalog: &Catalog,
        (group, version, plural): (&str, &str, &str),
        namespace: Option<String>,
        name: Option<String>,
    ) -> Result<Self, Status> {
        let kind = catalog.by_resource(group, version, plural).ok_or_else(Status::unknown_resource)?;
        // An object in a namespace needs one, and any other must not have one.
        if namespace.is_some() != kind.namespaced && (namespace.is_some() || name.is_some()) {
            return Err(Status::unknown_resource());
        }
        Ok(Self { kind, namespace, name, subresource: None, rest: String::new(), watch: false })
    }

    /// One object of a kind, for the server's own work.
    pub(crate) fn object(kind: Served, namespace: &str, name: &str) -> Self {
        let namespace = kind.namespaced.then(|| namespace.to_owned());
        let name = Some(name.to_owned());
        Self { kind, namespace, name, subresource: None, rest: String::new(), watch: false }
    }

    /// The words for errors.
    pub(crate) fn named(&self) -> Named<'_> {
        self.named_as(self.name.as_deref().unwrap_or_default())
    }

    /// The words for errors about an object of another name.
    pub(crate) fn named_as<'a>(&'a self, name: &'a str) -> Named<'a> {
        Named { group: &self.kind.group, plural: &self.kind.plural, name }
    }

    /// Where the object is stored.
    pub(crate) fn key(&self) -> Key {
        let name = self.name.as_deref().unwrap_or_default();
        Key::new(&self.kind.storage(), self.namespace.as_deref().unwrap_or_default(), name)
    }

    /// Refuses a verb that the kind does not have.
    pub(crate) fn require(&self, verb: &str) -> Result<(), Status> {
        if self.kind.verbs.iter().any(|own| own == verb) { Ok(()) } else { Err(Status::method_not_allowed()) }
    }
}

/// The parts of such a URL, before anybody has asked whether there is such a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Address {
    /// Whether the path begins with the deprecated `watch/`.
    pub(crate) watch: bool,
    /// The namespace, where the path has one before the resource.
    pub(crate) namespace: Option<String>,
    /// The resource.
    pub(crate) plural: String,
    /// The object's name.
    pub(crate) name: Option<String>,
    /// Such as `status` or `log`.
    pub(crate) subresource: Option<String>,
    /// What follows the subresource, still encoded.
    pub(crate) rest: String,
}

impl Address {
    /// Reads what follows the version.
    pub(crate) fn read(path: &str) -> Result<Self, Status> {
        let (watch, path) = match path.strip_prefix("watch/") {
            Some(path) => (true, path),
            None => (false, path),
        };
        let mut left = path;
        let mut next = || part(&mut left).map(decode).transpose();
        let first = next()?.ok_or_else(Status::unknown_resource)?;
        if first != "namespaces" {
            let (name, subresource) = (next()?, next()?);
            return Ok(Self {
                watch,
                plural: first,
                name,
                subresource,
                rest: left.to_owned(),
                namespace: None,
            });
        }
        let (namespace, plural) = (next()?, next()?);
        match plural {
            // `namespaces/<name>/status` and `namespaces/<name>/finalize` speak of the namespace itself.
            Some(plural) if plural != "status" && plural != "finalize" => {
                let (name, subresource) = (next()?, next()?);
                Ok(Self { watch, namespace, plural, name, subresource, rest: left.to_owned() })
            }
            subresource => {
                let rest = left.to_owned();
                Ok(Self { watch, namespace: None, plural: first, name: namespace, subresource, rest })
            }
        }
    }
}

/// Takes the next part that is not empty.
fn part<'a>(left: &mut &'a str) -> Option<&'a str> {
    let trimmed = left.trim_start_matches('/');
    let end = trimmed.find('/').unwrap_or(trimmed.len());
    let (part, rest) = trimmed.split_at(end);
    *left = rest;
    (!part.is_empty()).then_some(part)
}

fn decode(part: &str) -> Result<String, Status> {
    let text = percent_decode_str(part).decode_utf8().map_err(|_| Status::unknown_resource())?;
    if text.len() > MAX_NAME || text == ".." || text == "." || text.contains(['/', '%', '\0']) {
        return Err(Status::bad_request(format!("invalid path segment {text:?}")));
    }
    Ok(text.into_owned())
}
