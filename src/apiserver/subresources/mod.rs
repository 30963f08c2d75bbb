//! What is below an object's address: one file per name in the URL.

mod dispatch;
mod eviction;
mod finalize;
mod kubelet;
mod log;
mod proxy;
mod scale;
mod token;

pub(crate) use dispatch::{answer, served};
pub(crate) use kubelet::Kubelets;
