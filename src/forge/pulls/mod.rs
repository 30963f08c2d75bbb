//! Pull requests: what is known of them, how their branches are merged, and what a branch's rules ask of them. The
//! words of refusals are Gitea's.

mod ends;
mod follow;
mod life;
mod merge;
mod model;
mod rules;

pub(super) use ends::{Ends, pull_reference};
pub(super) use follow::{fetch, follow, source};
pub(super) use life::{Doer, Merge, Opening, Refusal, merge, open, update};
pub(super) use merge::{Failure, Style};
pub(super) use model::{Comment, Head, PullRequest, Pulls, Review, ReviewState};
pub(super) use rules::{blocked, may_merge};
