//! Who makes a request, as Kubernetes sees it.
//! <https://kubernetes.io/docs/reference/access-authn-authz/authentication/>

use std::collections::BTreeMap;

/// The group of everybody whose name is known.
const AUTHENTICATED: &str = "system:authenticated";
/// The group of everybody else.
const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The name of everybody else.
const ANONYMOUS: &str = "system:anonymous";

/// An authenticated user of the API server. Servers find it as an extension of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `dev2`, `system:serviceaccount:<namespace>:<name>`, …
    pub username: String,
    /// Groups, without `system:authenticated`, which the API server adds.
    pub groups: Vec<String>,
    /// What tells users of the same name apart; empty where nothing does.
    pub uid: String,
    /// More that is known of the user.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl Identity {
    /// The administrator: a member of `system:masters`, whom nothing is forbidden.
    pub fn administrator() -> Self {
        Self::new("system:admin", &["system:masters"])
    }

    /// A user with groups.
    pub fn new(username: &str, groups: &[&str]) -> Self {
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        Self { username: username.to_owned(), groups, ..Self::default() }
    }

    /// A service account, with the groups that Kubernetes gives it.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self {
            username: format!("system:serviceaccount:{namespace}:{name}"),
            groups: vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")],
            ..Self::default()
        }
    }

    /// Somebody who has not said who they are.
    pub fn anonymous() -> Self {
        Self::new(ANONYMOUS, &[])
    }

    /// The same with the group that tells whether the user's name is known.
    #[must_use]
    pub fn with_system_group(mut self) -> Self {
        let wanted = if self.username == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED };
        if !self.groups.iter().any(|group| group == AUTHENTICATED || group == UNAUTHENTICATED) {
            self.groups.push(wanted.to_owned());
        }
        self
    }
}
