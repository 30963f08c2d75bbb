//! The stages, one file each.

mod actors;
mod cluster;
mod folder;
mod forge;
mod images;
mod import;
mod manifest;
mod network;
mod operator;
mod preflight;
mod receiver;
mod repositories;
mod server;

pub(super) use actors::Actors;
pub(super) use cluster::Cluster;
pub(super) use folder::Folder;
pub(super) use forge::Forge;
pub(super) use images::Images;
pub(super) use import::Import;
pub(super) use manifest::Manifest;
pub(super) use network::Network;
pub(super) use operator::{Definitions, Operator};
pub(super) use preflight::Preflight;
pub(super) use receiver::Receiver;
pub(super) use repositories::Repositories;
pub(super) use server::Server;
