//! The roles of a cluster by name and its bindings by subject, so that a question costs what the asker's own
//! bindings cost, however many others there are.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::attributes::{Attributes, Object};
use super::role::{Binding, Role, RoleRef, Roles, Subject};
use super::rule::Rule;
use crate::accounts::Identity;
use crate::apiserver::status::Status;
use crate::apiserver::store::{Key, Store};

/// The group to whom nothing is forbidden.
const MASTERS: &str = "system:masters";
const GROUP: &str = "rbac.authorization.k8s.io";

/// The answer to a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether somebody may.
    pub(crate) allowed: bool,
    /// By which binding; or what is wrong with bindings that might have allowed it.
    pub(crate) reason: String,
}

/// The index.
#[derive(Default)]
pub(crate) struct Access(RwLock<Index>);

#[derive(Default)]
struct Index {
    /// By namespace, empty for cluster roles, and name.
    roles: Roles,
    bindings: HashMap<(Arc<str>, Arc<str>), Binding>,
    /// By namespace, empty for cluster role bindings.
    bound: HashMap<Arc<str>, Bound>,
}

/// The bindings of one namespace, by subject.
#[derive(Default)]
struct Bound {
    users: HashMap<String, Entries>,
    groups: HashMap<String, Entries>,
}

/// By the binding's name.
type Entries = BTreeMap<Arc<str>, (RoleRef, Subject)>;

/// One binding that speaks of somebody.
struct Granted<'a> {
    namespace: &'a str,
    binding: &'a str,
    role: &'a RoleRef,
    subject: &'a Subject,
}

/// What is wrong with a role: nothing is granted by it.
fn missing(namespace: &str, role: &RoleRef) -> String {
    let singular = if role.place(namespace).is_empty() { "clusterrole" } else { "role" };
    format!("{singular}.{GROUP} \"{}\" not found", role.name)
}

impl Access {
    /// Reads every role and binding of the store.
    pub(crate) fn open(store: &Store) -> Self {
        let access = Self::default();
        for resource in ["roles", "clusterroles", "rolebindings", "clusterrolebindings"] {
            let resource = format!("{resource}.{GROUP}");
            for ((namespace, name), _) in store.list(&resource, None).1 {
                let key = Key { resource: resource.as_str().into(), namespace, name };
                access.refresh(store, &key);
            }
        }
        access
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what has become of an object; says whether it is a cluster role.
    pub(crate) fn refresh(&self, store: &Store, key: &Key) -> bool {
        let Some((plural, GROUP)) = key.resource.split_once('.') else { return false };
        // The object is read under the lock, so that the last to come here has seen the last write.
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let stored = store.get(key).map(|object| object.json);
        let place = (Arc::clone(&key.namespace), Arc::clone(&key.name));
        match plural {
            "roles" | "clusterroles" => {
                let role = stored.and_then(|json| serde_json::from_slice::<Role>(&json).ok());
                match role {
                    Some(role) => index.roles.insert(place, Arc::new(role)),
                    None => index.roles.remove(&place),
                };
            }
            "rolebindings" | "clusterrolebindings" => {
                let binding = stored.and_then(|json| serde_json::from_slice::<Binding>(&json).ok());
                index.unbind(&place);
                if let Some(binding) = binding {
                    index.bind(place, binding);
                }
            }
            _ => {}
        }
        plural == "clusterroles"
    }

    /// Whether somebody may do something.
    pub(crate) fn verdict(&self, identity: &Identity, attributes: &Attributes) -> Verdict {
        if is_master(identity) {
            return Verdict { allowed: true, reason: String::new() };
        }
        let namespace = match &attributes.object {
            Object::Resource { namespace, .. } => namespace.as_str(),
            Object::Path(_) => "",
        };
        let index = self.read();
        let mut wrong = Vec::new();
        for granted in index.granted(identity, namespace) {
            match index.role(granted.namespace, granted.role) {
                Some(role) if role.rules.iter().any(|rule| rule.allows(attributes)) => {
                    return Verdict { allowed: true, reason: granted.reason() };
                }
                Some(_) => {}
                None => wrong.push(missing(granted.namespace, granted.role)),
            }
        }
        let reason = match wrong.as_slice() {
            [] => String::new(),
            [only] => format!("RBAC: {only}"),
            several => format!("RBAC: [{}]", several.join(", ")),
        };
        Verdict { allowed: false, reason }
    }

    /// Refuses what somebody may not do.
    pub(crate) fn authorize(&self, identity: &Identity, attributes: &Attributes) -> Result<(), Status> {
        let Verdict { allowed, reason } = self.verdict(identity, attributes);
        if allowed { Ok(()) } else { Err(attributes.refusal(&identity.username, &reason)) }
    }

    /// Every rule that somebody has in a namespace, and what is wrong with their bindings.
    pub(crate) fn rules(&self, identity: &Identity, namespace: &str) -> (Vec<Rule>, Vec<String>) {
        let index = self.read();
        let (mut rules, mut wrong) = (Vec::new(), Vec::new());
        for granted in index.granted(identity, namespace) {
            match index.role(granted.namespace, granted.role) {
                Some(role) => rules.extend(role.rules.iter().cloned()),
                None => wrong.push(missing(granted.namespace, granted.role)),
            }
        }
        (rules, wrong)
    }

    /// The role that a binding in `namespace` names.
    pub(super) fn role(&self, namespace: &str, role: &RoleRef) -> Option<Arc<Role>> {
        self.read().role(namespace, role).cloned()
    }

    /// The cluster roles, by name.
    pub(super) fn cluster_roles(&self) -> Vec<(Arc<str>, Arc<Role>)> {
        let index = self.read();
        let roles = index.roles.iter().take_while(|((namespace, _), _)| namespace.is_empty());
        roles.map(|((_, name), role)| (Arc::clone(name), Arc::clone(role))).collect()
    }
}

/// Whether nothing is forbidden to somebody.
pub(super) fn is_master(identity: &Identity) -> bool {
    identity.groups.iter().any(|group| group == MASTERS)
}

impl Granted<'_> {
    fn reason(&self) -> String {
        let (kind, mut binding) = match self.namespace {
            "" => ("ClusterRoleBinding", self.binding.to_owned()),
            _ => ("RoleBinding", self.binding.to_owned()),
        };
        if !self.namespace.is_empty() {
            let _ = write!(binding, "/{}", self.namespace);
        }
        let RoleRef { kind: role_kind, name } = self.role;
        format!("RBAC: allowed by {kind} {binding:?} of {role_kind} {name:?} to {}", self.subject)
    }
}

impl Index {
    fn role(&self, namespace: &str, role: &RoleRef) -> Option<&Arc<Role>> {
        self.roles.get(&(role.place(namespace).into(), role.name.as_str().into()))
    }

    /// The bindings of the cluster that speak of somebody, then those of a namespace.
    fn granted<'a>(
        &'a self,
        identity: &'a Identity,
        namespace: &'a str,
    ) -> impl Iterator<Item = Granted<'a>> {
        let namespaces = ["", namespace].into_iter().take(if namespace.is_empty() { 1 } else { 2 });
        namespaces.filter_map(|namespace| self.bound.get(namespace).map(|bound| (namespace, bound))).flat_map(
            move |(namespace, bound)| {
                let user = bound.users.get(&identity.username).into_iter();
                let groups = identity.groups.iter().filter_map(|group| bound.groups.get(group));
                user.chain(groups).flatten().map(move |(binding, (role, subject))| Granted {
                    namespace,
                    binding,
                    role,
                    subject,
                })
            },
        )
    }

    fn bind(&mut self, place: (Arc<str>, Arc<str>), binding: Binding) {
        let bound = self.bound.entry(Arc::clone(&place.0)).or_default();
        for subject in &binding.subjects {
            if let Some(entries) = bound.entries(subject, &place.0) {
                let entry = (binding.role_ref.clone(), subject.clone());
                entries.insert(Arc::clone(&place.1), entry);
            }
        }
        self.bindings.insert(place, binding);
    }

    fn unbind(&mut self, place: &(Arc<str>, Arc<str>)) {
        let Some(binding) = self.bindings.remove(place) else { return };
        let Some(bound) = self.bound.get_mut(&place.0) else { return };
        for subject in &binding.subjects {
            if let Some(entries) = bound.entries(subject, &place.0) {
                entries.remove(&place.1);
            }
        }
        bound.users.retain(|_, entries| !entries.is_empty());
        bound.groups.retain(|_, entries| !entries.is_empty());
        if bound.users.is_empty() && bound.groups.is_empty() {
            self.bound.remove(&place.0);
        }
    }
}

impl Bound {
    /// Where a subject of a binding in `namespace` is looked up.
    fn entries(&mut self, subject: &Subject, namespace: &str) -> Option<&mut Entries> {
        Some(match subject.kind.as_str() {
            "User" => self.users.entry(subject.name.clone()).or_default(),
            "Group" => self.groups.entry(subject.name.clone()).or_default(),
            "ServiceAccount" => {
                let namespace = if subject.namespace.is_empty() { namespace } else { &subject.namespace };
                let account = Identity::service_account(namespace, &subject.name);
                self.users.entry(account.username).or_default()
            }
            _ => return None,
        })
    }
}
