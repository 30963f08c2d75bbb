//! The files of a source, and paths in it. The root has a name for messages only.

use std::collections::BTreeMap;

/// What a kustomization file may be called.
const FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Files by path, without a leading `/`.
#[derive(Clone, Copy)]
pub(super) struct Tree<'a> {
    pub(super) files: &'a BTreeMap<String, Vec<u8>>,
    pub(super) root: &'a str,
}

impl<'a> Tree<'a> {
    pub(super) fn file(&self, path: &str) -> Option<&'a [u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    pub(super) fn is_folder(&self, path: &str) -> bool {
        path.is_empty() || self.below(path).next().is_some()
    }

    /// The files below a folder, in the order in which a walk finds them.
    pub(super) fn below<'b>(&self, folder: &'b str) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.files
            .range(start.clone()..)
            .map(|(path, _)| path.as_str())
            .take_while(move |path| path.starts_with(&start))
    }

    /// The kustomization file of a folder.
    pub(super) fn kustomization(&self, folder: &str) -> Option<(String, &'a [u8])> {
        FILES.iter().find_map(|name| {
            let path = join(folder, name)?;
            Some((path.clone(), self.file(&path)?))
        })
    }

    /// Whether a folder has more than one kustomization file.
    pub(super) fn has_several(&self, folder: &str) -> bool {
        let there = |name: &&&str| join(folder, name).is_some_and(|path| self.file(&path).is_some());
        FILES.iter().filter(there).count() > 1
    }

    /// A path as messages show it.
    pub(super) fn shown(&self, path: &str) -> String {
        if path.is_empty() { self.root.to_owned() } else { format!("{}/{path}", self.root) }
    }
}

/// Joins and cleans a path; nothing when it leaves the tree.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts = folder.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>();
    if path.starts_with('/') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
