//! The inventory in the status of a Kustomization or HelmRelease: ids of the form `<namespace>_<name>_<group>_<kind>`.

use kube::api::GroupVersionKind;

use super::cluster::Identity;
use crate::objects::flux::{Inventory, InventoryEntry};

/// The entry of an object. A colon, as in the names of roles, is written as two underscores.
pub(super) fn entry(identity: &Identity) -> InventoryEntry {
    let Identity { kind, namespace, name } = identity;
    let name = name.replace(':', "__");
    InventoryEntry {
        id: format!("{namespace}_{name}_{}_{}", kind.group, kind.kind),
        version: kind.version.clone(),
    }
}

/// The object of an entry; nothing for an id of another form.
pub(super) fn identity(entry: &InventoryEntry) -> Option<Identity> {
    let (namespace, rest) = entry.id.split_once('_')?;
    let (rest, kind) = rest.rsplit_once('_')?;
    let (name, group) = rest.rsplit_once('_')?;
    Some(Identity {
        kind: GroupVersionKind::gvk(group, &entry.version, kind),
        namespace: namespace.to_owned(),
        name: name.replace("__", ":"),
    })
}

/// The objects that `old` has and `new` has not, in whatever version.
pub(super) fn stale(old: Option<&Inventory>, new: &Inventory) -> Vec<Identity> {
    let kept = |entry: &&InventoryEntry| new.entries.iter().all(|other| other.id != entry.id);
    old.into_iter().flat_map(|old| &old.entries).filter(kept).filter_map(identity).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_flux_and_are_read_back() {
        for (namespace, name, group, kind, id) in [
            ("dev1-ns", "aspicot", "", "Service", "dev1-ns_aspicot__Service"),
            ("dev1-ns", "aspicot", "apps", "Deployment", "dev1-ns_aspicot_apps_Deployment"),
            (
                "",
                "a:b",
                "rbac.authorization.k8s.io",
                "ClusterRole",
                "_a__b_rbac.authorization.k8s.io_ClusterRole",
            ),
        ] {
            let object = Identity {
                kind: GroupVersionKind::gvk(group, "v1", kind),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            };
            let written = entry(&object);
            assert_eq!(written, InventoryEntry { id: id.to_owned(), version: "v1".to_owned() });
            assert_eq!(identity(&written), Some(object));
        }
    }
}
