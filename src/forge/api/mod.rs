//! The REST API below `/api/v1`, one file per segment of its paths. Answers agree with Gitea 1.24, field by field.
//! <https://docs.gitea.com/api/1.24/>

pub(super) mod admin;
pub(super) mod branch_protections;
pub(super) mod branches;
pub(super) mod call;
pub(super) mod collaborators;
pub(super) mod commits;
pub(super) mod compare;
pub(super) mod contents;
mod error;
pub(super) mod forks;
pub(super) mod git;
pub(super) mod hooks;
pub(super) mod issues;
pub(super) mod keys;
pub(super) mod orgs;
pub(super) mod packages;
mod paging;
pub(super) mod pulls;
pub(super) mod pushes;
pub(super) mod raw;
pub(super) mod releases;
pub(super) mod repos;
pub(super) mod statuses;
pub(super) mod tags;
pub(super) mod teams;
pub(super) mod tokens;
pub(super) mod user;
pub(super) mod users;
pub(super) mod version;

pub(super) use error::{ApiError, with_address};
pub(super) use repos::person;
pub(super) use users::View;
