//! Pages for people: HTML made here, without scripts, light or dark as the browser wishes, legible from the back of a
//! room. Addresses are Gitea's, so that links in answers of the REST API lead here.

pub(super) mod avatars;
mod changes;
pub(super) mod commit;
pub(super) mod commits;
mod graph;
mod layout;
pub(super) mod pull;
pub(super) mod pull_forms;
pub(super) mod pulls;
pub(super) mod raw;
pub(super) mod repositories;
pub(super) mod session;
pub(super) mod src;
mod statuses;
mod visit;

pub(super) use session::Sessions;
