//! The commits of a pull request: where its two branches are, and where they parted.

use git2::{Diff, DiffFindOptions, Oid, Repository as Git, Sort};

use super::PullRequest;

/// Commits of one pull request that are looked at.
const COMMITS: usize = 10_000;

/// The reference that keeps a pull request's commits, whatever becomes of its branch.
pub(crate) fn pull_reference(number: u64) -> String {
    format!("refs/pull/{number}/head")
}

/// Three commits of the base's repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The newest commit of the branch to be merged into.
    pub(crate) base: Oid,
    /// The newest commit to be merged.
    pub(crate) head: Oid,
    /// Where they parted.
    pub(crate) merge_base: Oid,
}

impl Ends {
    /// Of a pull request as it is now; of a merged one, as it was then.
    pub(crate) fn of(git: &Git, pull: &PullRequest) -> Result<Self, git2::Error> {
        let head = Oid::from_str(&pull.head_id)?;
        if let Some(merged) = &pull.merged {
            let merge_base = Oid::from_str(&merged.merge_base)?;
            let base = git.refname_to_id(&format!("refs/heads/{}", pull.base)).unwrap_or(merge_base);
            return Ok(Self { base, head, merge_base });
        }
        let base = git.refname_to_id(&format!("refs/heads/{}", pull.base))?;
        Self::between(git, base, head)
    }

    pub(crate) fn between(git: &Git, base: Oid, head: Oid) -> Result<Self, git2::Error> {
        // Histories without a common commit: all of the head is new.
        let merge_base = match git.merge_base(base, head) {
            Err(error) if error.code() == git2::ErrorCode::NotFound => base,
            found => found?,
        };
        Ok(Self { base, head, merge_base })
    }

    /// Whether the two have a commit in common.
    pub(crate) fn are_related(&self, git: &Git) -> Result<bool, git2::Error> {
        match git.merge_base(self.base, self.head) {
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(false),
            found => found.map(|_| true),
        }
    }

    /// The commits that the base has not, newest first.
    pub(crate) fn commits(&self, git: &Git) -> Result<Vec<Oid>, git2::Error> {
        let mut walk = git.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
        walk.push(self.head)?;
        walk.hide(self.merge_base)?;
        walk.take(COMMITS).collect()
    }

    /// What the commits change together.
    pub(crate) fn diff<'g>(&self, git: &'g Git) -> Result<Diff<'g>, git2::Error> {
        let (old, new) = (git.find_commit(self.merge_base)?.tree()?, git.find_commit(self.head)?.tree()?);
        let mut diff = git.diff_tree_to_tree(Some(&old), Some(&new), None)?;
        diff.find_similar(Some(DiffFindOptions::new().renames(true)))?;
        Ok(diff)
    }

    /// Whether git can merge the head without asking anybody.
    pub(crate) fn merges(&self, git: &Git) -> Result<bool, git2::Error> {
        if self.merge_base == self.base {
            return Ok(true);
        }
        let index = git.merge_commits(&git.find_commit(self.base)?, &git.find_commit(self.head)?, None)?;
        Ok(!index.has_conflicts())
    }

    /// Whether the base has commits that the head has not.
    pub(crate) fn is_behind(&self) -> bool {
        self.merge_base != self.base
    }
}
