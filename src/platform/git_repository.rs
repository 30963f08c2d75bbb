//! Repositories of the driver's own work with git. They read their own settings and nobody else's: what a person has
//! in `~/.gitconfig` (other addresses, a proxy, hooks, line endings) is for the person's work, not for the tool's.

use std::path::Path;

use git2::{Config, ConfigLevel, Error, Repository, RepositoryInitOptions};

/// The branch that a new repository begins with.
const BRANCH: &str = "main";

/// Makes a repository with a working tree at `path`.
pub fn init(path: &Path) -> Result<Repository, Error> {
    make(path, false)
}

/// Makes a repository without a working tree at `path`.
pub(super) fn init_bare(path: &Path) -> Result<Repository, Error> {
    make(path, true)
}

/// Opens the repository at `path`.
pub fn open(path: &Path) -> Result<Repository, Error> {
    isolated(Repository::open(path)?)
}

fn make(path: &Path, bare: bool) -> Result<Repository, Error> {
    let mut options = RepositoryInitOptions::new();
    // A template would bring the hooks of the person's own.
    options.bare(bare).external_template(false).initial_head(BRANCH);
    isolated(Repository::init_opts(path, &options)?)
}

/// Leaves the repository with its own file of settings alone.
fn isolated(repository: Repository) -> Result<Repository, Error> {
    let mut own = Config::new()?;
    own.add_file(&repository.commondir().join("config"), ConfigLevel::Local, false)?;
    repository.set_config(&own)?;
    Ok(repository)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_repository_itself_says_how_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let repository = init(folder.path()).unwrap();
        repository.remote("origin", "http://127.0.0.1:1/a/b.git").unwrap();
        drop(repository);
        let repository = open(folder.path()).unwrap();
        let config = repository.config().unwrap();
        let mut levels = Vec::new();
        let mut entries = config.entries(None).unwrap();
        while let Some(entry) = entries.next() {
            levels.push(entry.unwrap().level());
        }
        assert!(levels.iter().all(|level| *level == ConfigLevel::Local), "{levels:?}");
        assert_eq!(config.get_string("remote.origin.url").unwrap(), "http://127.0.0.1:1/a/b.git");
        assert!(!repository.path().join("hooks/pre-commit.sample").exists(), "no template is used");
    }
}
