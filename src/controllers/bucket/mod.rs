//! The controller of `Bucket`, which says that nothing is fetched: this platform has no client of object storages.
//! <https://fluxcd.io/flux/components/source/buckets/>

mod fetch;
mod run;

pub(super) use run::run_buckets;
