//! What `spec.ref` means among a repository's references.

use super::advertisement::References;
use super::error::Error;
use crate::objects::flux::GitRepositoryRef;

/// A commit, and what the revision says of where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    /// What to fetch: a reference's full name, or nothing for all branches.
    pub(super) fetched: Option<String>,
    /// The commit's hash.
    pub(super) commit: String,
    /// Such as `main@sha1:<commit>`.
    pub(super) revision: String,
}

/// Finds the commit. The branch is `master` where nothing is said, as with Flux.
pub(super) fn resolve(
    wanted: Option<&GitRepositoryRef>,
    references: &References,
    url: &str,
) -> Result<Resolved, Error> {
    let wanted = wanted.cloned().unwrap_or_default();
    let branch = wanted.branch.as_deref().filter(|branch| !branch.is_empty());
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(commit) = given(&wanted.commit) {
        let prefix = branch.map(|branch| format!("{branch}@")).unwrap_or_default();
        let revision = format!("{prefix}sha1:{commit}");
        return Ok(Resolved {
            fetched: branch.map(|branch| format!("refs/heads/{branch}")),
            commit,
            revision,
        });
    }
    let (full, short) = if let Some(name) = given(&wanted.name) {
        (name.clone(), name)
    } else if let Some(range) = given(&wanted.semver) {
        return Err(Error::Reference {
            reason: format!("semver range '{range}' is not served by this platform"),
        });
    } else if let Some(tag) = given(&wanted.tag) {
        (format!("refs/tags/{tag}"), tag)
    } else {
        let branch = branch.unwrap_or("master");
        (format!("refs/heads/{branch}"), branch.to_owned())
    };
    let commit = references.get(&full).ok_or_else(|| Error::Clone {
        url: url.to_owned(),
        reason: format!("couldn't find remote ref \"{full}\""),
    })?;
    Ok(Resolved { fetched: Some(full), commit: commit.clone(), revision: format!("{short}@sha1:{commit}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_tags_names_and_commits() {
        let references: References = [("refs/heads/main", "1"), ("refs/tags/v1", "2")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .into();
        let revision = |wanted: GitRepositoryRef| {
            resolve(Some(&wanted), &references, "http://x/y")
                .map(|found| found.revision)
                .map_err(|e| e.to_string())
        };
        let some = |text: &str| Some(text.to_owned());
        let none = GitRepositoryRef::default;
        assert_eq!(
            revision(GitRepositoryRef { branch: some("main"), ..none() }),
            Ok("main@sha1:1".to_owned())
        );
        assert_eq!(revision(GitRepositoryRef { tag: some("v1"), ..none() }), Ok("v1@sha1:2".to_owned()));
        let named = GitRepositoryRef { name: some("refs/heads/main"), ..none() };
        assert_eq!(revision(named), Ok("refs/heads/main@sha1:1".to_owned()));
        let both = GitRepositoryRef { branch: some("main"), commit: some("9"), ..none() };
        assert_eq!(revision(both), Ok("main@sha1:9".to_owned()));
        let missing = "failed to checkout and determine revision: unable to clone 'http://x/y': couldn't find remote \
                       ref \"refs/heads/master\"";
        assert_eq!(revision(none()), Err(missing.to_owned()));
    }
}
