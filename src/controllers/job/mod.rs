//! `Job`: Pods that come to an end, until enough of them came to a good one.

mod count;
mod indexes;
mod orphans;
mod policy;
mod reconcile;
mod verdict;

pub(super) use reconcile::run;
