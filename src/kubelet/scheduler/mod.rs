//! Which node takes a Pod: the part of kube-scheduler that a small cluster shows.

mod claims;
mod fit;
mod run;

pub(super) use run::run;
