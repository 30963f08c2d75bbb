//! `/api/v1/repos/{owner}/{repo}/pulls`: pull requests, one file per segment below it.

mod answer;
pub(in crate::forge) mod changes;
pub(in crate::forge) mod list;
pub(in crate::forge) mod merge;
pub(in crate::forge) mod pull;
pub(in crate::forge) mod requested_reviewers;
pub(in crate::forge) mod reviews;

pub(in crate::forge) use answer::{Detail, pull_request};
