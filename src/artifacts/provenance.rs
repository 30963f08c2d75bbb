//! Where files come from, as the annotations of the image specification say it.
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>

use std::collections::BTreeMap;
use std::path::Path;

/// The commit that a folder's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Where the clone is from, without a name and a password.
    pub source: Option<String>,
    /// The commit; with `-dirty` when files differ from it.
    pub revision: String,
    /// The commit's time, as RFC 3339 has it.
    pub created: String,
    /// The branch, where one is checked out.
    pub branch: Option<String>,
}

impl Provenance {
    /// Looks at the clone that a folder is in; nothing when it is in none, or when nothing is committed.
    pub fn of(folder: &Path) -> Option<Self> {
        let repository = git2::Repository::discover(folder).ok()?;
        let commit = repository.head().ok()?.peel_to_commit().ok()?;
        let root = repository.workdir()?.canonicalize().ok()?;
        let inner = folder.canonicalize().ok()?.strip_prefix(root).ok()?.to_owned();
        let mut options = git2::StatusOptions::new();
        options.include_untracked(true).disable_pathspec_match(true);
        if inner != Path::new("") {
            options.pathspec(&inner);
        }
        let is_dirty = repository.statuses(Some(&mut options)).is_ok_and(|found| !found.is_empty());
        let remote = repository.find_remote("origin").ok();
        let source = remote.and_then(|remote| remote.url().ok().map(bare));
        let time = jiff::Timestamp::from_second(commit.time().seconds()).unwrap_or_default();
        let mark = if is_dirty { "-dirty" } else { "" };
        let head = repository.head().ok().filter(git2::Reference::is_branch);
        let branch = head.and_then(|head| head.shorthand().ok().map(str::to_owned));
        Some(Self { source, revision: format!("{}{mark}", commit.id()), created: time.to_string(), branch })
    }

    /// The revision as Flux writes it.
    pub fn flux_revision(&self) -> String {
        match &self.branch {
            Some(branch) => format!("{branch}@sha1:{}", self.revision),
            None => format!("sha1:{}", self.revision),
        }
    }

    /// The annotations.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        let named = |name: &str, value: &str| (format!("org.opencontainers.image.{name}"), value.to_owned());
        let source = self.source.as_ref().map(|source| named("source", source));
        [named("revision", &self.revision), named("created", &self.created)]
            .into_iter()
            .chain(source)
            .collect()
    }
}

/// An address without its name and password.
fn bare(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            format!("{scheme}://{host}/{path}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_tells_its_commit_and_whether_files_differ() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Provenance::of(folder.path()), None);
        let repository = git2::Repository::init(folder.path()).unwrap();
        repository.remote("origin", "http://dev2:secret@forge/dev2/site.git").unwrap();
        std::fs::create_dir(folder.path().join("site")).unwrap();
        std::fs::write(folder.path().join("site/a"), "1").unwrap();
        let mut index = repository.index().unwrap();
        index.add_path(Path::new("site/a")).unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        index.write().unwrap();
        let who = git2::Signature::new("Dev", "dev@example.org", &git2::Time::new(1_000_000_000, 0)).unwrap();
        let commit = repository.commit(Some("HEAD"), &who, &who, "one", &tree, &[]).unwrap();
        std::fs::write(folder.path().join("elsewhere"), "1").unwrap();
        let found = Provenance::of(&folder.path().join("site")).unwrap();
        let expected = Provenance {
            source: Some("http://forge/dev2/site.git".to_owned()),
            revision: commit.to_string(),
            created: "2001-09-09T01:46:40Z".to_owned(),
            branch: found.branch.clone(),
        };
        assert_eq!(found, expected);
        std::fs::write(folder.path().join("site/a"), "2").unwrap();
        assert_eq!(Provenance::of(&folder.path().join("site")).unwrap().revision, format!("{commit}-dirty"));
    }
}
