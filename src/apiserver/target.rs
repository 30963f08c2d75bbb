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
        let (watch, path) = match path.strip_prefix("watch/") {
            Some(path) => (true, path),
            None => (false, path),
        };
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let mut next = || parts.next().map(decode).transpose();
        let first = next()?.ok_or_else(Status::unknown_resource)?;
        let (namespace, plural, name) = if first == "namespaces" {
            let second = next()?;
            // `namespaces/<name>/status` and `namespaces/<name>/finalize` speak of the namespace itself.
            match (second, next()?) {
                (Some(namespace), Some(plural)) if plural != "status" && plural != "finalize" => {
                    (Some(namespace), plural, next()?)
                }
                (Some(name), Some(subresource)) => {
                    return Self::new(catalog, (group, version, "namespaces"), None, Some(name))
                        .map(|target| Self { subresource: Some(subresource), watch, ..target });
                }
                (name, _) => (None, first, name),
            }
        } else {
            (None, first, next()?)
        };
        let subresource = next()?;
        let mut target = Self::new(catalog, (group, version, &plural), namespace, name)?;
        target.watch = watch;
        target.subresource = subresource;
        if target.subresource.as_deref() == Some("proxy") {
            let after = path.split_once("/proxy").map_or("", |(_, after)| after);
            after.clone_into(&mut target.rest);
        } else if next()?.is_some() {
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

fn decode(part: &str) -> Result<String, Status> {
    let text = percent_decode_str(part).decode_utf8().map_err(|_| Status::unknown_resource())?;
    if text.len() > MAX_NAME || text == ".." || text == "." || text.contains(['/', '%', '\0']) {
        return Err(Status::bad_request(format!("invalid path segment {text:?}")));
    }
    Ok(text.into_owned())
}
