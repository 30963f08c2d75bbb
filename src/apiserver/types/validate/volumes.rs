//! What Kubernetes checks in the volumes of a Pod and in their mounts, after `ValidateVolumes` of
//! `pkg/apis/core/validation`.

use super::FieldError;
use super::field::{Errors, Field};

/// Where the name of what a volume holds is said.
const NAMED: [(&str, &str); 3] =
    [("configMap", "name"), ("persistentVolumeClaim", "claimName"), ("secret", "secretName")];

/// Checks the volumes; returns their names.
pub(super) fn all<'a>(volumes: &Field<'a>, errors: &mut Errors) -> Vec<&'a str> {
    let mut names = Vec::new();
    for volume in volumes.items() {
        let mut own = Vec::new();
        let kinds = volume.value.as_object().into_iter().flatten().map(|(kind, _)| kind.as_str());
        let mut kinds: Vec<_> = kinds.filter(|kind| *kind != "name").collect();
        // In the order of the original's fields.
        let order =
            ["emptyDir", "hostPath", "gitRepo", "secret", "nfs", "persistentVolumeClaim", "configMap"];
        kinds.sort_by_key(|kind| order.iter().position(|known| known == kind).unwrap_or(order.len()));
        for (place, kind) in kinds.iter().enumerate() {
            if place > 0 {
                volume.get(kind).forbidden("may not specify more than 1 volume type", &mut own);
            } else {
                source(kind, &volume.get(kind), &mut own);
            }
        }
        let name = volume.get("name");
        if name.must_be_text("", &mut own) {
            name.label(&mut own);
            if names.contains(&name.text()) {
                name.duplicate(&mut own);
            }
        }
        names.push(name.text());
        errors.append(&mut own);
    }
    names
}

fn source(kind: &str, source: &Field, errors: &mut Errors) {
    if let Some((_, name)) = NAMED.iter().find(|(named, _)| *named == kind) {
        source.get(name).must_be_text("", errors);
    }
    let mode = source.get("defaultMode");
    if mode.is_set() && !(0..=0o777).contains(&mode.count()) {
        mode.invalid("must be a number between 0 and 0777 (octal), both inclusive", errors);
    }
    if kind == "hostPath" {
        host_path(source, errors);
    }
}

/// A path of the node's own.
pub(super) fn host_path(source: &Field, errors: &mut Errors) {
    let path = source.get("path");
    if path.must_be_text("", errors) && path.text().split('/').any(|part| part == "..") {
        path.invalid("must not contain '..'", errors);
    }
}

/// Checks the mounts of a container in a Pod whose volumes are called `volumes`.
pub(super) fn mounts(mounts: &Field, volumes: &[&str], errors: &mut Errors) {
    let mut paths = Vec::new();
    for mount in mounts.items() {
        let (name, path) = (mount.get("name"), mount.get("mountPath"));
        if name.must_be_text("", errors) && !volumes.contains(&name.text()) {
            errors.push(FieldError::not_found(&name.path, name.value));
        }
        path.must_be_text("", errors);
        if paths.contains(&path.text()) && !path.text().is_empty() {
            path.invalid("must be unique", errors);
        }
        paths.push(path.text());
        let inner = mount.get("subPath");
        let at = Field { value: inner.value, path: format!("{}.subPath", mounts.path) };
        if inner.text().starts_with('/') {
            at.invalid("must be a relative path", errors);
        } else if inner.text().split('/').any(|part| part == "..") {
            at.invalid("must not contain '..'", errors);
        }
    }
}
