//! Releases: a tag with a name and notes. Tags are made when a release is published that names none there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Release {
    pub(super) id: u64,
    pub(super) tag: String,
    /// The branch or commit that the tag is made at.
    pub(super) target: String,
    pub(super) name: String,
    pub(super) body: String,
    /// Not to be seen by readers yet; has no tag.
    pub(super) draft: bool,
    pub(super) prerelease: bool,
    /// The user's id.
    pub(super) author: u64,
    pub(super) created: Timestamp,
}

/// All releases of a repository.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Releases {
    last: u64,
    pub(super) all: BTreeMap<u64, Release>,
}

impl Releases {
    pub(super) fn add(&mut self, release: Release) -> Release {
        self.last += 1;
        let made = Release { id: self.last, ..release };
        self.all.insert(made.id, made.clone());
        made
    }

    /// The one with a tag, in any case of letters.
    pub(super) fn of_tag(&self, tag: &str) -> Option<&Release> {
        self.all.values().find(|release| release.tag.eq_ignore_ascii_case(tag))
    }

    /// The newest that is neither a draft nor a trial.
    pub(super) fn latest(&self) -> Option<&Release> {
        self.all.values().rev().find(|release| !release.draft && !release.prerelease)
    }

    pub(super) fn published(&self) -> usize {
        self.all.values().filter(|release| !release.draft).count()
    }
}
