//! Which requests are written down, and how much of them.
//! <https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/#audit-k8s-io-v1-Policy>

use serde::Deserialize;

use crate::accounts::Identity;
use crate::apiserver::access::{Attributes, Object};

/// Why a policy cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no policy.
    #[error("the audit policy is not an `audit.k8s.io/v1` Policy: {message}")]
    Malformed {
        /// What is wrong with it, and where.
        message: String,
    },
    /// It is something else.
    #[error("the audit policy says `{field}: {given}`, which would have to be `{wanted}`")]
    Kind {
        /// `apiVersion` or `kind`.
        field: &'static str,
        /// What it says.
        given: String,
        /// What it would have to say.
        wanted: &'static str,
    },
    /// The log cannot be written.
    #[error("the audit log `{path}` cannot be written")]
    Log {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// How much is written of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) enum Level {
    /// Nothing.
    #[default]
    None,
    /// Who did what to which object.
    Metadata,
    /// What was sent as well.
    Request,
    /// What was answered as well.
    RequestResponse,
}

impl Level {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Metadata => "Metadata",
            Self::Request => "Request",
            Self::RequestResponse => "RequestResponse",
        }
    }
}

/// A point in the life of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Stage {
    RequestReceived,
    ResponseStarted,
    ResponseComplete,
    Panic,
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RequestReceived => "RequestReceived",
            Self::ResponseStarted => "ResponseStarted",
            Self::ResponseComplete => "ResponseComplete",
            Self::Panic => "Panic",
        }
    }
}

/// A policy: the first rule that fits counts, and what none fits is not written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Policy {
    api_version: String,
    kind: String,
    rules: Vec<Rule>,
    omit_stages: Vec<Stage>,
    omit_managed_fields: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Rule {
    level: Level,
    users: Vec<String>,
    user_groups: Vec<String>,
    verbs: Vec<String>,
    resources: Vec<GroupResources>,
    namespaces: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    non_resource_urls: Vec<String>,
    omit_stages: Vec<Stage>,
    omit_managed_fields: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct GroupResources {
    group: String,
    resources: Vec<String>,
    resource_names: Vec<String>,
}

/// What is to be written of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) level: Level,
    pub(super) omitted: Vec<Stage>,
    pub(super) omit_managed_fields: bool,
}

impl Policy {
    /// Reads a policy.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let policy: Self =
            serde_saphyr::from_str(text).map_err(|error| Error::Malformed { message: error.to_string() })?;
        for (field, given, wanted) in
            [("apiVersion", &policy.api_version, "audit.k8s.io/v1"), ("kind", &policy.kind, "Policy")]
        {
            if given != wanted {
                return Err(Error::Kind { field, given: given.clone(), wanted });
            }
        }
        Ok(policy)
    }

    /// What is written of a request.
    pub(super) fn extent(&self, identity: &Identity, attributes: &Attributes) -> Extent {
        let Some(rule) = self.rules.iter().find(|rule| rule.fits(identity, attributes)) else {
            return Extent::default();
        };
        let most = if holds_secrets(attributes) { Level::Metadata } else { Level::RequestResponse };
        Extent {
            level: rule.level.min(most),
            omitted: self.omit_stages.iter().chain(&rule.omit_stages).copied().collect(),
            omit_managed_fields: rule.omit_managed_fields.unwrap_or(self.omit_managed_fields),
        }
    }
}

/// Whatever a policy says, no secret gets into the log: neither what holds secrets nor what asks about them.
fn holds_secrets(attributes: &Attributes) -> bool {
    let Object::Resource { group, resource, subresource, .. } = &attributes.object else { return false };
    match (group.as_str(), resource.as_str()) {
        ("", "secrets" | "configmaps") | ("authentication.k8s.io", _) => true,
        ("", "serviceaccounts") => subresource == "token",
        // The address of a tunnel or a proxied request may hold anything.
        ("", _) => matches!(subresource.as_str(), "proxy" | "exec" | "attach" | "portforward"),
        _ => false,
    }
}

impl Rule {
    fn fits(&self, identity: &Identity, attributes: &Attributes) -> bool {
        let open = |list: &[String], wanted: &str| list.is_empty() || list.iter().any(|one| one == wanted);
        let member = self.user_groups.is_empty()
            || self.user_groups.iter().any(|group| identity.groups.contains(group));
        if !member || !open(&self.users, &identity.username) || !open(&self.verbs, &attributes.verb) {
            return false;
        }
        if self.resources.is_empty() && self.namespaces.is_empty() && self.non_resource_urls.is_empty() {
            return true;
        }
        match &attributes.object {
            Object::Path(path) => self.non_resource_urls.iter().any(|url| match url.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => url == path,
            }),
            Object::Resource { group, resource, subresource, namespace, name } => {
                if !self.non_resource_urls.is_empty() && self.resources.is_empty() {
                    return false;
                }
                open(&self.namespaces, namespace)
                    && (self.resources.is_empty()
                        || self.resources.iter().any(|one| one.fits(group, (resource, subresource), name)))
            }
        }
    }
}

impl GroupResources {
    fn fits(&self, group: &str, (resource, below): (&str, &str), name: &str) -> bool {
        let named = |wanted: &String| match wanted.split_once('/') {
            _ if wanted == "*" => true,
            None => wanted == resource && below.is_empty(),
            Some((of, sub)) => {
                (of == "*" || of == resource) && !below.is_empty() && (sub == "*" || sub == below)
            }
        };
        self.group == group
            && (self.resources.is_empty() || self.resources.iter().any(named))
            && (self.resource_names.is_empty() || self.resource_names.iter().any(|own| own == name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::apiserver::status::Named;

    const POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, verbs: [get, list, watch]}
- {level: None, users: [kubelet], resources: [{group: '', resources: ['nodes/*', nodes]}]}
- {level: Request, resources: [{group: '', resources: ['*/scale']}]}
- {level: RequestResponse, resources: [{group: ''}], omitStages: [ResponseStarted], omitManagedFields: true}
- {level: Request, namespaces: [team], resources: [{group: apps, resources: [deployments], resourceNames: [web]}]}
- {level: None, nonResourceURLs: ['/healthz*', '/version']}
- {level: Metadata, userGroups: [people]}
";

    #[test]
    fn the_first_rule_that_fits_counts() {
        let policy = Policy::read(POLICY).unwrap();
        let level = |user: &str, verb: &str, group: &str, whole: &str, name: &str| {
            let (plural, below) = whole.split_once('/').unwrap_or((whole, ""));
            let mut attributes = Attributes::resource(verb, Named { group, plural, name }, "team");
            if let Object::Resource { subresource, .. } = &mut attributes.object {
                below.clone_into(subresource);
            }
            policy.extent(&Identity::new(user, &["people"]), &attributes).level.name()
        };
        for (user, verb, group, whole, name, expected) in [
            ("dev1", "get", "", "pods", "a", "None"),
            ("dev1", "create", "", "pods", "a", "RequestResponse"),
            ("dev1", "create", "", "secrets", "a", "Metadata"),
            ("dev1", "create", "", "configmaps", "a", "Metadata"),
            ("dev1", "create", "", "serviceaccounts/token", "a", "Metadata"),
            ("dev1", "create", "", "serviceaccounts", "a", "RequestResponse"),
            ("dev1", "create", "authentication.k8s.io", "tokenreviews", "", "Metadata"),
            ("dev1", "create", "", "pods/exec", "a", "Metadata"),
            ("dev1", "update", "", "pods/scale", "a", "Request"),
            ("kubelet", "update", "", "nodes/status", "a", "None"),
            ("kubelet", "update", "", "nodes", "a", "None"),
            ("dev1", "update", "", "nodes/status", "a", "RequestResponse"),
            ("dev1", "update", "apps", "deployments", "web", "Request"),
            ("dev1", "update", "apps", "deployments", "db", "Metadata"),
        ] {
            assert_eq!(level(user, verb, group, whole, name), expected, "{user} {verb} {whole} {name}");
        }
        let path = |path: &str| Attributes { verb: "post".into(), object: Object::Path(path.into()) };
        let people = Identity::new("dev1", &["people"]);
        assert_eq!(policy.extent(&people, &path("/healthz/etcd")).level, Level::None);
        assert_eq!(policy.extent(&people, &path("/metrics")).level, Level::Metadata);
        assert_eq!(policy.extent(&Identity::anonymous(), &path("/metrics")), Extent::default());
        let pods = Attributes::resource("create", Named { group: "", plural: "pods", name: "" }, "");
        let expected = Extent {
            level: Level::RequestResponse,
            omitted: vec![Stage::RequestReceived, Stage::ResponseStarted],
            omit_managed_fields: true,
        };
        assert_eq!(policy.extent(&people, &pods), expected);
    }

    #[test]
    fn what_is_no_policy_is_told() {
        for (text, expected) in [
            (
                "apiVersion: v1\nkind: Policy",
                "the audit policy says `apiVersion: v1`, which would have to be `audit.k8s.io/v1`",
            ),
            (
                "apiVersion: audit.k8s.io/v1\nkind: Pod",
                "the audit policy says `kind: Pod`, which would have to be `Policy`",
            ),
        ] {
            assert_eq!(Policy::read(text).unwrap_err().to_string(), expected);
        }
        let unknown = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: All}]";
        assert!(Policy::read(unknown).unwrap_err().to_string().contains("All"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = Policy::read(&text);
        }
    }
}
