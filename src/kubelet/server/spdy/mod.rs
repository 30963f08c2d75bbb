//! SPDY/3.1 as far as Kubernetes' streams need it: a peer opens streams and both sides send on them. No priorities,
//! no flow control beyond the connection's own, which is how the clients speak it.
//! <https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/>

mod dictionary;
mod frame;
mod headers;
mod session;

pub(super) use frame::data;
pub(super) use session::{Opened, serve};
