//! Commits of a merge, in all of Gitea's styles. Nothing here moves a branch.

use git2::{Commit, Oid, Repository as Git, Signature};
use serde::Deserialize;

use super::Ends;

/// How the head gets into the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Style {
    /// A commit with two parents.
    Merge,
    /// The head's commits again, on top of the base.
    Rebase,
    /// The same, and a commit with two parents.
    RebaseMerge,
    /// One commit of all changes.
    Squash,
    /// The base moves to the head, when it has nothing of its own.
    FastForwardOnly,
    /// Somebody did it elsewhere; no repository of ours allows that.
    ManuallyMerged,
}

impl Style {
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("merge", Self::Merge),
        ("rebase", Self::Rebase),
        ("rebase-merge", Self::RebaseMerge),
        ("squash", Self::Squash),
        ("fast-forward-only", Self::FastForwardOnly),
        ("manually-merged", Self::ManuallyMerged),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, style)| *style == self).map_or("merge", |(name, _)| name)
    }
}

/// Why there is no merge.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("merge failed because of conflict")]
    Conflict,
    #[error("the branches have diverged: a fast-forward is not possible")]
    Diverged,
    #[error("fatal: refusing to merge unrelated histories")]
    Unrelated { style: &'static str },
    #[error(transparent)]
    Git(#[from] git2::Error),
}

/// Who merges what, in which words.
pub(crate) struct Work<'g> {
    pub(crate) git: &'g Git,
    pub(crate) ends: Ends,
    pub(crate) message: String,
    /// Whose work it is, for the one commit of a squash.
    pub(crate) author: Signature<'static>,
    pub(crate) committer: Signature<'static>,
}

impl Work<'_> {
    /// Makes the commits, and tells where the base is to be.
    pub(crate) fn done(&self, style: Style) -> Result<Oid, Failure> {
        let Ends { base, head, .. } = self.ends;
        // Git puts commits on top of any others, but merges only what has something in common.
        if !matches!(style, Style::Rebase | Style::FastForwardOnly) && !self.ends.are_related(self.git)? {
            return Err(Failure::Unrelated { style: style.name() });
        }
        match style {
            Style::Merge | Style::ManuallyMerged => self.joined(base, head),
            Style::Squash => {
                let tree = self.tree(base, head)?;
                self.commit(&self.author, &self.message, tree, &[base])
            }
            Style::Rebase => self.rebased(),
            Style::RebaseMerge => self.joined(base, self.rebased()?),
            Style::FastForwardOnly if self.ends.is_behind() => Err(Failure::Diverged),
            Style::FastForwardOnly => Ok(head),
        }
    }

    /// A commit with two parents.
    fn joined(&self, base: Oid, head: Oid) -> Result<Oid, Failure> {
        let tree = self.tree(base, head)?;
        self.commit(&self.committer, &self.message, tree, &[base, head])
    }

    fn tree(&self, base: Oid, head: Oid) -> Result<Oid, Failure> {
        let (base, head) = (self.git.find_commit(base)?, self.git.find_commit(head)?);
        let mut index = self.git.merge_commits(&base, &head, None)?;
        if index.has_conflicts() {
            return Err(Failure::Conflict);
        }
        Ok(index.write_tree_to(self.git)?)
    }

    fn commit(
        &self,
        author: &Signature<'_>,
        message: &str,
        tree: Oid,
        parents: &[Oid],
    ) -> Result<Oid, Failure> {
        let parents = parents.iter().map(|&id| self.git.find_commit(id)).collect::<Result<Vec<_>, _>>()?;
        let parents: Vec<&Commit<'_>> = parents.iter().collect();
        let message = git2::message_prettify(message, None)?;
        let tree = self.git.find_tree(tree)?;
        Ok(self.git.commit(None, author, &self.committer, &message, &tree, &parents)?)
    }

    /// The head's commits on top of the base; those that merge are left out, as git does.
    fn rebased(&self) -> Result<Oid, Failure> {
        if !self.ends.is_behind() {
            return Ok(self.ends.head);
        }
        let mut tip = self.ends.base;
        for id in self.ends.commits(self.git)?.into_iter().rev() {
            let commit = self.git.find_commit(id)?;
            if commit.parent_count() > 1 {
                continue;
            }
            let onto = self.git.find_commit(tip)?;
            let mut index = self.git.cherrypick_commit(&commit, &onto, 0, None)?;
            if index.has_conflicts() {
                return Err(Failure::Conflict);
            }
            let tree = index.write_tree_to(self.git)?;
            // What the base has already is not committed again.
            if tree != onto.tree_id() {
                let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
                tip = self.commit(&commit.author().to_owned(), &message, tree, &[tip])?;
            }
        }
        Ok(tip)
    }
}
