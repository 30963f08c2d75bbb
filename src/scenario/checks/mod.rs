//! How a step is known to be done. One file per key of `verify`; each holds the body as written, what it looks at,
//! and what wakes it.

mod answer;
mod check;
mod clauses;
mod combined;
mod flux;
mod git;
mod http;
mod inside;
mod k8s;
mod look;
mod pull_request;
mod registry;
mod run;

pub use answer::Answer;
pub use check::Check;
pub(crate) use clauses::Clauses;
pub use combined::{Not, Several};
pub use flux::Flux;
pub use git::Git;
pub use http::{Http, HttpBody};
pub(crate) use inside::image as asking_image;
pub use k8s::K8s;
pub(crate) use look::{Look, Verdict};
pub use pull_request::{PullRequest, Stage};
pub use registry::Registry;
pub use run::Run;
