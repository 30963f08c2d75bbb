//! The forge over real HTTP: real git and git2 as clients, the REST API compared with recordings of a real one.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod access;
mod api;
mod conversations;
mod driver;
mod fetch;
mod git2_client;
mod pages;
mod protected;
mod pulls;
mod push;
mod recordings;
mod rights;
mod soak;
mod webhooks;
mod world;
