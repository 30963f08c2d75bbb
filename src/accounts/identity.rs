//! Who makes a request, as Kubernetes sees it.
//! <https://kubernetes.io/docs/reference/access-authn-authz/authentication/>

/// An authenticated user of the API server. Servers find it as an extension of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `dev2`, `system:serviceaccount:<namespace>:<name>`, …
    pub username: String,
    /// Groups, without `system:authenticated`, which the API server adds.
    pub groups: Vec<String>,
}

impl Identity {
    /// The administrator: a member of `system:masters`, whom nothing is forbidden.
    pub fn administrator() -> Self {
        Self::new("system:admin", &["system:masters"])
    }

    /// A user with groups.
    pub fn new(username: &str, groups: &[&str]) -> Self {
        Self { username: username.to_owned(), groups: groups.iter().map(|&group| group.to_owned()).collect() }
    }

    /// A service account, with the groups that Kubernetes gives it.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self {
            username: format!("system:serviceaccount:{namespace}:{name}"),
            groups: vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")],
        }
    }
}
