//! What `COPY` adds to an image: which files of the folder, where they go, and the folders above them that the image
//! has not got yet. Folders that are there keep their modes, and links stay links.

use super::archive::{Entry, Tree, inside, resolve};
use super::base::Names;
use super::pattern::{is_pattern, pattern};

/// How many links may follow each other.
const LINKS_LIMIT: usize = 10;

/// One `COPY`, its words being what they come to.
pub(super) struct Copy<'a> {
    pub(super) sources: &'a [String],
    pub(super) target: &'a str,
    /// What a relative target is relative to.
    pub(super) folder: &'a str,
    pub(super) executable: Option<bool>,
}

impl Copy<'_> {
    /// The files by their paths in the image; `names` are folders and links that it has, and learns new ones.
    pub(super) fn of(&self, context: &Tree, names: &mut Option<Names>) -> Result<Tree, String> {
        let target = absolute(self.folder, self.target);
        let found = self.found(context)?;
        let mut into_folder =
            self.target.ends_with('/') || matches!(self.target.rsplit('/').next(), Some("." | ".."));
        if found.len() > 1 && !into_folder {
            return Err(format!("`{}` is to hold several files: a folder's name ends with `/`", self.target));
        }
        into_folder |= target.is_empty() || names.as_ref().is_some_and(|names| names.contains_key(&target));
        let mut tree = Tree::new();
        for (path, entry) in found {
            match entry {
                Entry::Folder => {
                    let below = if path.is_empty() { String::new() } else { format!("{path}/") };
                    let inner =
                        context.iter().filter_map(|(path, entry)| Some((path.strip_prefix(&below)?, entry)));
                    tree.extend(inner.map(|(path, entry)| (join(&target, path), self.moded(entry))));
                    if !target.is_empty() {
                        tree.insert(target.clone(), Entry::Folder);
                    }
                }
                file => {
                    let name = path.rsplit('/').next().unwrap_or(&path);
                    let place = if into_folder { join(&target, name) } else { target.clone() };
                    tree.insert(place, self.moded(&file));
                }
            }
        }
        grow(&mut tree, names);
        Ok(tree)
    }

    /// What the sources mean, by path in the folder, with links followed.
    fn found(&self, context: &Tree) -> Result<Vec<(String, Entry)>, String> {
        let mut found = Vec::new();
        for source in self.sources {
            if source.split('/').all(|part| matches!(part, "" | ".")) {
                found.push((String::new(), Entry::Folder));
                continue;
            }
            let clean = inside("", source.trim_start_matches('/'))
                .ok_or_else(|| format!("`{source}` is not in the folder"))?;
            let before = found.len();
            if is_pattern(&clean) {
                let wanted = pattern(&clean)?;
                for path in context.keys().filter(|path| wanted.is_match(path)) {
                    found.push((path.clone(), follow(context, path)?));
                }
            } else if context.contains_key(&clean) {
                found.push((clean.clone(), follow(context, &clean)?));
            } else if context.keys().any(|path| path.starts_with(&format!("{clean}/"))) {
                found.push((clean.clone(), Entry::Folder));
            }
            if found.len() == before {
                return Err(format!("the folder has no `{source}`, or `.dockerignore` leaves it out"));
            }
        }
        Ok(found)
    }

    fn moded(&self, entry: &Entry) -> Entry {
        match (entry, self.executable) {
            (Entry::File(bytes), Some(true)) => Entry::Executable(bytes.clone()),
            (Entry::Executable(bytes), Some(false)) => Entry::File(bytes.clone()),
            (entry, _) => entry.clone(),
        }
    }
}

fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// A path in the image, without its leading slash; above the root is the root.
pub(super) fn absolute(folder: &str, path: &str) -> String {
    let mut parts = Vec::new();
    let above = if path.starts_with('/') { "" } else { folder };
    for part in above.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn follow(context: &Tree, path: &str) -> Result<Entry, String> {
    let mut place = path.to_owned();
    for _ in 0..LINKS_LIMIT {
        match context.get(&place) {
            Some(Entry::Link(target)) => {
                place =
                    resolve(&place, target).ok_or_else(|| format!("`{path}` is a link out of the folder"))?;
            }
            // What a link to a folder holds is found under the folder's own name only.
            Some(Entry::Folder) if place != path => {
                return Err(format!("`{path}` is a link to a folder; name `{place}`"));
            }
            Some(entry) => return Ok(entry.clone()),
            None => return Err(format!("`{path}` is a link to `{place}`, which is not there")),
        }
    }
    Err(format!("`{path}` is a link that leads in circles"))
}

/// Adds the folders that are missing, and leaves out those that the image has.
fn grow(tree: &mut Tree, names: &mut Option<Names>) {
    let Some(names) = names else {
        // Nobody knows what the image has: a folder's mode must not be changed by guessing.
        tree.retain(|_, entry| *entry != Entry::Folder);
        return;
    };
    let mut missing = Vec::new();
    for path in tree.keys() {
        for (at, _) in path.match_indices('/') {
            let above = &path[..at];
            // What is behind a link is somewhere else.
            if names.get(above) == Some(&false) {
                break;
            }
            if !names.contains_key(above) && !tree.contains_key(above) {
                missing.push(above.to_owned());
            }
        }
    }
    tree.extend(missing.into_iter().map(|path| (path, Entry::Folder)));
    tree.retain(|path, entry| *entry != Entry::Folder || !names.contains_key(path));
    for (path, entry) in tree.iter() {
        match entry {
            Entry::Folder => drop(names.insert(path.clone(), true)),
            Entry::Link(_) => drop(names.insert(path.clone(), false)),
            _ => drop(names.remove(path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        let file = |text: &str| Entry::File(text.as_bytes().to_vec());
        [
            ("a.txt", file("a")),
            ("b.txt", file("b")),
            ("link", Entry::Link("site/index.html".to_owned())),
            ("out", Entry::Link("../secret".to_owned())),
            ("site", Entry::Folder),
            ("site/empty", Entry::Folder),
            ("site/index.html", file("i")),
        ]
        .map(|(path, entry)| (path.to_owned(), entry))
        .into()
    }

    fn copied(sources: &[&str], target: &str) -> Result<Vec<String>, String> {
        let sources = sources.iter().map(|&source| source.to_owned()).collect::<Vec<_>>();
        let mut names =
            Some([("tmp".to_owned(), true), ("bin".to_owned(), false), ("srv".to_owned(), true)].into());
        let copy = Copy { sources: &sources, target, folder: "srv", executable: None };
        let mark = |(path, entry): (String, Entry)| if entry == Entry::Folder { path + "/" } else { path };
        Ok(copy.of(&tree(), &mut names)?.into_iter().map(mark).collect())
    }

    #[test]
    fn files_go_where_docker_puts_them() {
        let cases: [(&[&str], &str, &[&str]); 10] = [
            (&["a.txt"], "/x", &["x"]),
            (&["a.txt"], "/x/", &["x/", "x/a.txt"]),
            (&["a.txt"], ".", &["srv/a.txt"]),
            (&["a.txt"], "sub/y", &["srv/sub/", "srv/sub/y"]),
            (&["a.txt"], "/tmp", &["tmp/a.txt"]),
            (&["a.txt"], "/bin/a", &["bin/a"]),
            (&["*.txt"], "/x/", &["x/", "x/a.txt", "x/b.txt"]),
            (&["site"], "/w", &["w/", "w/empty/", "w/index.html"]),
            (&["/site/", "a.txt"], "/w/", &["w/", "w/a.txt", "w/empty/", "w/index.html"]),
            (&["link"], "/page", &["page"]),
        ];
        for (sources, target, expected) in cases {
            assert_eq!(copied(sources, target).unwrap(), expected, "{sources:?} {target}");
        }
        assert_eq!(copied(&["."], "/").unwrap().len(), tree().len());
    }

    #[test]
    fn what_is_not_there_or_not_inside_is_told() {
        for (sources, target, expected) in [
            (&["none"][..], "/x", "the folder has no `none`, or `.dockerignore` leaves it out"),
            (&["../a"], "/x", "`../a` is not in the folder"),
            (&["out"], "/x", "`out` is a link out of the folder"),
            (&["a.txt", "b.txt"], "/x", "`/x` is to hold several files: a folder's name ends with `/`"),
        ] {
            assert_eq!(copied(sources, target).unwrap_err(), expected);
        }
    }
}
