//! The Docker engine (or Podman's, which speaks the same language), by its API: finding it, and the few things that
//! a lab asks of it. <https://docs.docker.com/reference/api/engine/>

mod attach;
mod connect;
mod container;
mod facts;
mod image;
mod network;
mod search;
mod volume;

pub use attach::Attached;
pub(super) use attach::Interactive;
pub use connect::Engine;
pub(super) use connect::REQUEST_SECONDS;
pub(super) use container::{Container, ContainerSpec};
pub use facts::Facts;
pub(super) use image::{Image, Progress, build_of};
pub(super) use network::NetworkSpec;
pub use search::Search;
