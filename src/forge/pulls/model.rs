//! What is kept of pull requests, their reviews and comments. Numbers and ids count within a repository.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where the commits come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The repository's id: the same, or that of a fork.
    pub(crate) repository: u64,
    pub(crate) branch: String,
}

/// How a pull request ended well.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Merged {
    pub(crate) at: Timestamp,
    /// The user's id.
    pub(crate) by: u64,
    pub(crate) commit: String,
    /// Where the branches had parted: what the changes are compared with from then on.
    pub(crate) merge_base: String,
}

/// What a reviewer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ReviewState {
    Approved,
    RequestChanges,
    Comment,
    RequestReview,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Review {
    pub(crate) id: u64,
    /// Its place among the comments, for links.
    pub(crate) comment: u64,
    /// The user's id.
    pub(crate) user: u64,
    pub(crate) state: ReviewState,
    pub(crate) body: String,
    pub(crate) commit: String,
    /// Whether it counts for the branch's rules.
    pub(crate) official: bool,
    pub(crate) dismissed: bool,
    /// Whether commits came after it.
    pub(crate) stale: bool,
    pub(crate) submitted: Timestamp,
    pub(crate) updated: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    /// The user's id.
    pub(crate) user: u64,
    pub(crate) body: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PullRequest {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: String,
    /// The user's id.
    pub(crate) author: u64,
    /// The branch to be merged into.
    pub(crate) base: String,
    pub(crate) head: Head,
    /// The newest commit of the head; it stays when the branch goes.
    pub(crate) head_id: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) closed: Option<Timestamp>,
    pub(crate) merged: Option<Merged>,
    pub(crate) reviews: Vec<Review>,
    pub(crate) comments: Vec<Comment>,
}

impl PullRequest {
    pub(crate) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Work in progress is not merged; the title says so.
    pub(crate) fn is_draft(&self) -> bool {
        let title = self.title.trim_start().to_ascii_uppercase();
        title.starts_with("WIP:") || title.starts_with("[WIP]")
    }

    /// The newest approval, rejection or request of each reviewer, by the reviewers' ids.
    pub(crate) fn verdicts(&self) -> Vec<&Review> {
        let mut newest = BTreeMap::new();
        for review in self.reviews.iter().filter(|review| review.state != ReviewState::Comment) {
            newest.insert(review.user, review);
        }
        newest.into_values().collect()
    }

    /// Those who were asked, or spoke without being asked.
    pub(crate) fn reviewers(&self) -> BTreeSet<u64> {
        self.verdicts().into_iter().map(|review| review.user).collect()
    }

    /// Comments of all sorts.
    pub(crate) fn talk(&self) -> usize {
        let spoken = |review: &&Review| review.state != ReviewState::RequestReview;
        self.comments.len() + self.reviews.iter().filter(spoken).count()
    }
}

/// All pull requests of a repository.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pulls {
    last_number: u64,
    last_comment: u64,
    last_review: u64,
    pub(crate) all: BTreeMap<u64, PullRequest>,
}

impl Pulls {
    pub(crate) fn next_number(&self) -> u64 {
        self.last_number + 1
    }

    pub(crate) fn add(&mut self, pull: PullRequest) -> PullRequest {
        self.last_number += 1;
        let made = PullRequest { number: self.last_number, ..pull };
        self.all.insert(made.number, made.clone());
        made
    }

    pub(crate) fn next_comment(&mut self) -> u64 {
        self.last_comment += 1;
        self.last_comment
    }

    pub(crate) fn next_review(&mut self) -> u64 {
        self.last_review += 1;
        self.last_review
    }

    /// The open one between two branches, if there is one.
    pub(crate) fn open_between(&self, base: &str, head: &Head) -> Option<&PullRequest> {
        self.all.values().find(|pull| pull.is_open() && pull.base == base && pull.head == *head)
    }

    pub(crate) fn open(&self) -> usize {
        self.all.values().filter(|pull| pull.is_open()).count()
    }
}
