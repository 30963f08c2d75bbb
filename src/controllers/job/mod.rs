//! `Job`: Pods that come to an end, until enough of them came to a good one.

mod count;
mod orphans;
mod reconcile;
mod verdict;

pub(super) use reconcile::run;
