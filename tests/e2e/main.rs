//! The real thing: Docker, k3d, k3s, Gitea and Flux, as configured by `ATELIER_CONFIG`. `make e2e` runs it; nothing
//! else does, since it takes minutes and needs images.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail, also in what tests share")]
#![expect(dead_code, unused_imports, reason = "what tests share is shared with others")]

#[path = "../support/mod.rs"]
mod support;

mod k3d;
