//! Git's smart HTTP protocol, version 0, which every client speaks or falls back to.
//! <https://git-scm.com/docs/http-protocol>, <https://git-scm.com/docs/pack-protocol>

mod body;
mod info_refs;
mod negotiation;
mod packet;
mod receive_pack;
mod report;
mod selection;
mod service;
mod upload_pack;
mod upload_request;

pub(super) use info_refs::info_refs;
pub(super) use receive_pack::receive_pack;
pub(super) use service::challenge;
pub(super) use upload_pack::upload_pack;

/// What we call ourselves to clients.
const AGENT: &str = concat!("agent=atelier/", env!("CARGO_PKG_VERSION"));
