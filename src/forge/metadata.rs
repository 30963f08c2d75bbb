//! What the forge knows of a repository besides its objects: settings, webhooks, protected branches, collaborators.
//! One JSON file (mode 0600, since webhooks have secrets) in the repository's folder.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::accounts::Permission;

/// The file's name.
const FILE: &str = "atelier.json";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Metadata {
    pub(super) id: u64,
    /// The owner's id among the accounts.
    pub(super) owner: u64,
    /// The owner's name, as it was typed.
    pub(super) owner_name: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) private: bool,
    #[serde(default)]
    pub(super) archived: bool,
    /// Whether others may be made from its files.
    #[serde(default)]
    pub(super) template: bool,
    /// The repository that this one is a fork of, by its id.
    #[serde(default)]
    pub(super) parent: Option<u64>,
    pub(super) default_branch: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    #[serde(default)]
    pub(super) next_hook: u64,
    #[serde(default)]
    pub(super) hooks: Vec<Hook>,
    #[serde(default)]
    pub(super) protections: Vec<Protection>,
    #[serde(default)]
    pub(super) next_key: u64,
    #[serde(default)]
    pub(super) keys: Vec<DeployKey>,
    /// By the user's id.
    #[serde(default)]
    pub(super) collaborators: BTreeMap<u64, Permission>,
}

/// A public key for SSH.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DeployKey {
    pub(super) id: u64,
    pub(super) title: String,
    /// As in `authorized_keys`.
    pub(super) key: String,
    pub(super) read_only: bool,
    pub(super) created: Timestamp,
}

/// A webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Hook {
    pub(super) id: u64,
    /// `gitea`, or another format, which is answered and not told apart.
    pub(super) kind: String,
    pub(super) url: String,
    pub(super) content_type: String,
    pub(super) secret: String,
    pub(super) authorization_header: String,
    pub(super) branch_filter: String,
    pub(super) events: Vec<String>,
    pub(super) active: bool,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

/// A rule for branches.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Protection {
    /// A branch's name, in which `*` stands for anything but a slash.
    pub(super) rule_name: String,
    #[serde(default)]
    pub(super) enable_push: bool,
    #[serde(default)]
    pub(super) enable_push_whitelist: bool,
    #[serde(default)]
    pub(super) push_whitelist_usernames: Vec<String>,
    #[serde(default)]
    pub(super) enable_force_push: bool,
    #[serde(default)]
    pub(super) required_approvals: u64,
    #[serde(flatten)]
    pub(super) merging: Merging,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

/// What a rule asks of pull requests to its branches, besides approvals.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of Gitea's")]
pub(super) struct Merging {
    pub(super) enable_merge_whitelist: bool,
    pub(super) merge_whitelist_usernames: Vec<String>,
    pub(super) enable_status_check: bool,
    /// Patterns as those of branches; with none, all statuses must be good.
    pub(super) status_check_contexts: Vec<String>,
    pub(super) enable_approvals_whitelist: bool,
    pub(super) approvals_whitelist_username: Vec<String>,
    pub(super) block_on_rejected_reviews: bool,
    pub(super) block_on_official_review_requests: bool,
    pub(super) block_on_outdated_branch: bool,
    pub(super) dismiss_stale_approvals: bool,
    pub(super) ignore_stale_approvals: bool,
    pub(super) block_admin_merge_override: bool,
}

impl Metadata {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner_name, self.name)
    }

    /// The rule for a branch: the first that names it, else the first whose pattern matches it.
    pub(super) fn protection(&self, branch: &str) -> Option<&Protection> {
        let named = self.protections.iter().find(|rule| rule.rule_name == branch);
        named.or_else(|| self.protections.iter().find(|rule| matches(&rule.rule_name, branch)))
    }

    pub(super) fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        let bytes = std::fs::read(&path).map_err(Error::file(&path))?;
        serde_json::from_slice(&bytes).map_err(|source| Error::Format { path, source })
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(FILE);
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(file.as_file_mut(), self)?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(Error::file(&path))
    }
}

impl Protection {
    /// Whether somebody with the right to write may push to the branch.
    pub(super) fn lets_push(&self, login: &str) -> bool {
        self.enable_push && (!self.enable_push_whitelist || listed(&self.push_whitelist_usernames, login))
    }

    /// Whether somebody with the right to write may merge into the branch.
    pub(super) fn lets_merge(&self, login: &str) -> bool {
        !self.merging.enable_merge_whitelist || listed(&self.merging.merge_whitelist_usernames, login)
    }

    /// Whether the approval of somebody with the right to write counts.
    pub(super) fn counts_approval(&self, login: &str) -> bool {
        !self.merging.enable_approvals_whitelist || listed(&self.merging.approvals_whitelist_username, login)
    }
}

fn listed(names: &[String], login: &str) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(login))
}

/// `*` stands for any characters but a slash, `**` for any.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some(star) = pattern.find('*') else { return pattern == text };
    let (head, tail) = pattern.split_at(star);
    let (tail, deep) = match tail.strip_prefix("**") {
        Some(tail) => (tail, true),
        None => (&tail[1..], false),
    };
    let Some(rest) = text.strip_prefix(head) else { return false };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    let mut ends = ends.take_while(|&at| deep || !rest[..at].contains('/'));
    ends.any(|at| matches(tail, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_does_not_match_a_slash_and_two_do() {
        assert!(matches("main", "main") && !matches("main", "main2"));
        assert!(matches("release/*", "release/1.2") && !matches("release/*", "release/1/2"));
        assert!(matches("release/**", "release/1/2") && matches("*-x", "a-x") && !matches("*-x", "a/b-x"));
    }
}
