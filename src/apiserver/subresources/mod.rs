//! What is below an object's address: one file per name in the URL.

mod attach;
mod binding;
mod dispatch;
mod eviction;
mod exec;
mod finalize;
mod kubelet;
mod log;
mod portforward;
mod proxy;
mod review;
mod scale;
mod token;
mod tunnel;
mod upgrade;

pub(crate) use dispatch::{answer, served};
pub(crate) use kubelet::Kubelets;
pub(crate) use scale::scale;
