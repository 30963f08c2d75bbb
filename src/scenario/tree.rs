//! Read-only trees of files: a folder of this machine, or the material inside the program.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The largest file that is read.
const FILE_LIMIT: u64 = 16 << 20;
/// The most files that a folder may have, those of its folders included.
const COUNT_LIMIT: usize = 2_000;
/// The deepest that folders may be in each other.
const DEPTH_LIMIT: usize = 32;

#[derive(rust_embed::RustEmbed)]
#[folder = "scenarios/"]
#[allow_missing = true]
struct Scenarios;

#[derive(rust_embed::RustEmbed)]
#[folder = "templates/"]
#[allow_missing = true]
struct Templates;

/// A tree of files.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    /// A folder of `scenarios/` inside the program; its path is empty or ends with a slash.
    Scenarios(String),
    /// A folder of `templates/` inside the program, likewise.
    Templates(String),
    /// A folder of this machine.
    Folder(PathBuf),
}

impl Tree {
    /// The tree below `folder`.
    pub(crate) fn join(&self, folder: &str) -> Self {
        match self {
            Self::Scenarios(prefix) => Self::Scenarios(format!("{prefix}{folder}/")),
            Self::Templates(prefix) => Self::Templates(format!("{prefix}{folder}/")),
            Self::Folder(path) => Self::Folder(path.join(folder)),
        }
    }

    /// What messages call a file of this tree.
    pub(crate) fn shown(&self, path: &str) -> String {
        match self {
            Self::Scenarios(prefix) => format!("scenarios/{prefix}{path}"),
            Self::Templates(prefix) => format!("templates/{prefix}{path}"),
            Self::Folder(folder) => folder.join(path).display().to_string(),
        }
    }

    /// The contents of a file.
    pub(crate) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let inner = safe(path)?;
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        match self {
            Self::Scenarios(prefix) => Scenarios::get(&format!("{prefix}{inner}"))
                .map(|file| file.data.into_owned())
                .ok_or_else(missing),
            Self::Templates(prefix) => Templates::get(&format!("{prefix}{inner}"))
                .map(|file| file.data.into_owned())
                .ok_or_else(missing),
            Self::Folder(folder) => {
                let path = folder.join(inner);
                let about = std::fs::metadata(&path)?;
                // A pipe would be waited for, and a device has no end.
                if !about.is_file() {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
                }
                let length = about.len();
                if length > FILE_LIMIT {
                    return Err(io::Error::other(format!("{length} bytes; at most {FILE_LIMIT} are read")));
                }
                std::fs::read(path)
            }
        }
    }

    /// The files below a folder, with paths relative to it, in order; the file itself (an empty path) when `path`
    /// names one. Nothing when there is no such thing.
    pub(crate) fn files(&self, path: &str) -> io::Result<Vec<String>> {
        let inner = safe(path)?;
        let found = match self {
            Self::Scenarios(prefix) => below(Scenarios::iter(), &format!("{prefix}{inner}")),
            Self::Templates(prefix) => below(Templates::iter(), &format!("{prefix}{inner}")),
            Self::Folder(folder) => {
                let start = folder.join(inner);
                let mut found = BTreeSet::new();
                if start.is_file() {
                    found.insert(String::new());
                } else if start.is_dir() {
                    walk(&start, "", 0, &mut found)?;
                }
                found
            }
        };
        Ok(found.into_iter().collect())
    }

    /// The names of the folders at the top.
    pub(crate) fn folders(&self) -> Vec<String> {
        let first = |path: &str| path.split_once('/').map(|(folder, _)| folder.to_owned());
        let names: BTreeSet<_> = match self {
            Self::Folder(folder) => std::fs::read_dir(folder)
                .into_iter()
                .flatten()
                .flatten()
                .filter(|entry| entry.path().is_dir())
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect(),
            Self::Scenarios(_) | Self::Templates(_) => {
                self.files("").unwrap_or_default().iter().filter_map(|path| first(path)).collect()
            }
        };
        names.into_iter().collect()
    }
}

/// Refuses paths that lead out of the tree.
fn safe(path: &str) -> io::Result<&str> {
    let inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let path = path.trim_end_matches('/');
    if Path::new(path).components().all(inside) {
        return Ok(path.trim_start_matches("./"));
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "the path leads out of the workshop's folder"))
}

fn below(files: impl Iterator<Item = std::borrow::Cow<'static, str>>, path: &str) -> BTreeSet<String> {
    files
        .filter_map(|file| {
            let rest = file.strip_prefix(path)?;
            let whole = rest.is_empty() || path.is_empty() || path.ends_with('/');
            whole.then(|| rest.to_owned()).or_else(|| rest.strip_prefix('/').map(str::to_owned))
        })
        .collect()
}

fn walk(folder: &Path, prefix: &str, depth: usize, found: &mut BTreeSet<String>) -> io::Result<()> {
    if depth > DEPTH_LIMIT || found.len() > COUNT_LIMIT {
        let limits = format!("over {COUNT_LIMIT} files, or folders over {DEPTH_LIMIT} deep");
        return Err(io::Error::other(limits));
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // A link could lead anywhere, so links are not followed.
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{name}/"), depth + 1, found)?;
        } else if kind.is_file() {
            found.insert(name);
        }
    }
    Ok(())
}
