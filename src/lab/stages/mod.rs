//! The stages, one file each.

mod actors;
mod folder;
mod operator;
mod receiver;
mod repositories;
mod server;

pub(super) use actors::Actors;
pub(super) use folder::Folder;
pub(super) use operator::Operator;
pub(super) use receiver::Receiver;
pub(super) use repositories::Repositories;
pub(super) use server::Server;
