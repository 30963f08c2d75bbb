//! What a request wants to do, read from its method and address alone: it is asked before anybody looks whether there
//! is such an object. <https://kubernetes.io/docs/reference/access-authn-authz/authorization/#review-your-request-attributes>

use http::{Method, Uri};

use crate::apiserver::query::Query;
use crate::apiserver::selectors::Selectors;
use crate::apiserver::status::{Named, Status};
use crate::apiserver::target::Address;

/// A verb, and what it is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// `get`, `list`, `deletecollection`, `impersonate`, …
    pub(crate) verb: String,
    /// To what.
    pub(crate) object: Object,
}

/// What something is done to. Texts that do not apply are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    /// Objects of a kind.
    Resource {
        /// Empty for the core group.
        group: String,
        /// `deployments`
        resource: String,
        /// `status`, `log`, …
        subresource: String,
        /// Empty for the whole cluster.
        namespace: String,
        /// Empty for all objects.
        name: String,
    },
    /// Anything else that is served.
    Path(String),
}

impl Attributes {
    /// What something does to a resource.
    pub(crate) fn resource(verb: &str, named: Named<'_>, namespace: &str) -> Self {
        let Named { group, plural, name } = named;
        let object = Object::Resource {
            group: group.to_owned(),
            resource: plural.to_owned(),
            subresource: String::new(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        Self { verb: verb.to_owned(), object }
    }

    /// Reads them from a request.
    pub(crate) fn read(method: &Method, uri: &Uri) -> Result<Self, Status> {
        let path = uri.path();
        let rest = path.strip_prefix('/').unwrap_or(path);
        let parts: Vec<&str> = rest.splitn(4, '/').collect();
        let (group, below) = match parts.as_slice() {
            ["api", _, below] => ("", (*below).to_owned()),
            ["api", _, first, more] => ("", format!("{first}/{more}")),
            ["apis", group, _, below] => (*group, (*below).to_owned()),
            _ => ("", String::new()),
        };
        if below.trim_matches('/').is_empty() {
            let verb = method.as_str().to_ascii_lowercase();
            return Ok(Self { verb, object: Object::Path(path.to_owned()) });
        }
        let address = Address::read(&below)?;
        let query = Query::read(uri)?;
        let watches = address.watch || query.flag("watch");
        let verb = verb(method, watches, address.name.is_some());
        let mut name = address.name.unwrap_or_default();
        if name.is_empty() && matches!(verb, "list" | "watch" | "deletecollection") {
            // A collection of one object by its name is as good as that object.
            name = query.text("fieldSelector").and_then(Selectors::only_name).unwrap_or_default();
        }
        let namespace = match address.namespace {
            None if address.plural == "namespaces" && group.is_empty() => name.clone(),
            namespace => namespace.unwrap_or_default(),
        };
        let object = Object::Resource {
            group: group.to_owned(),
            resource: address.plural,
            subresource: address.subresource.unwrap_or_default(),
            namespace,
            name,
        };
        Ok(Self { verb: verb.to_owned(), object })
    }

    /// The refusal, in the words of the real server.
    pub(crate) fn refusal(&self, username: &str, reason: &str) -> Status {
        let verb = &self.verb;
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        match &self.object {
            Object::Path(path) => {
                Status::forbidden_path(&format!("User {username:?} cannot {verb} path {path:?}{reason}"))
            }
            Object::Resource { group, resource, subresource, namespace, name } => {
                let whole = joined(resource, subresource);
                let place = if namespace.is_empty() {
                    "at the cluster scope".to_owned()
                } else {
                    format!("in the namespace {namespace:?}")
                };
                let message = format!(
                    "User {username:?} cannot {verb} resource {whole:?} in API group {group:?} {place}{reason}"
                );
                Status::forbidden(Named { group, plural: resource, name }, &message)
            }
        }
    }
}

/// A resource with its subresource, as rules name it.
pub(crate) fn joined(resource: &str, subresource: &str) -> String {
    if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") }
}

fn verb(method: &Method, watches: bool, named: bool) -> &'static str {
    match *method {
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if named => "delete",
        Method::DELETE => "deletecollection",
        _ if watches => "watch",
        _ if named => "get",
        _ => "list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(method: Method, uri: &str) -> String {
        let attributes = Attributes::read(&method, &uri.parse().unwrap()).unwrap();
        attributes.refusal("dev1", "").message().to_owned()
    }

    #[test]
    fn requests_in_words() {
        let cases = [
            (
                Method::GET,
                "/api/v1/namespaces/default/secrets",
                "secrets is forbidden: User \"dev1\" cannot list resource \"secrets\" in API group \"\" in the \
                 namespace \"default\"",
            ),
            (
                Method::PATCH,
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/sneaky?force=true",
                "clusterroles.rbac.authorization.k8s.io \"sneaky\" is forbidden: User \"dev1\" cannot patch resource \
                 \"clusterroles\" in API group \"rbac.authorization.k8s.io\" at the cluster scope",
            ),
            (
                Method::GET,
                "/api/v1/namespaces/dev2",
                "namespaces \"dev2\" is forbidden: User \"dev1\" cannot get resource \"namespaces\" in API group \"\" \
                 in the namespace \"dev2\"",
            ),
            (
                Method::POST,
                "/api/v1/namespaces/a/pods/b/eviction",
                "pods \"b\" is forbidden: User \"dev1\" cannot create resource \"pods/eviction\" in API group \"\" in \
                 the namespace \"a\"",
            ),
            (
                Method::GET,
                "/apis/apps/v1/namespaces/a/deployments?watch=true&fieldSelector=metadata.name%3Db",
                "deployments.apps \"b\" is forbidden: User \"dev1\" cannot watch resource \"deployments\" in API group \
                 \"apps\" in the namespace \"a\"",
            ),
            (
                Method::DELETE,
                "/api/v1/nodes",
                "nodes is forbidden: User \"dev1\" cannot deletecollection resource \"nodes\" in API group \"\" at the \
                 cluster scope",
            ),
            (Method::GET, "/metrics", "forbidden: User \"dev1\" cannot get path \"/metrics\""),
            (Method::GET, "/apis/apps/v1", "forbidden: User \"dev1\" cannot get path \"/apis/apps/v1\""),
            (Method::GET, "/api/v1/", "forbidden: User \"dev1\" cannot get path \"/api/v1/\""),
        ];
        for (method, uri, expected) in cases {
            assert_eq!(said(method, uri), expected, "{uri}");
        }
    }
}
