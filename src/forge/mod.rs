//! A Gitea that is part of this process: git over HTTP on libgit2, the part of the REST API `/api/v1` that a Gitea
//! client uses, webhooks, and pages for people. Users are those of `accounts`.

mod access;
mod api;
mod browse;
mod commit;
mod error;
mod git;
mod metadata;
mod news;
mod pages;
mod pulls;
mod push;
mod releases;
mod repository;
mod router;
mod server;
mod statuses;
mod storage;
mod stored;
mod webhooks;

pub use error::Error;
pub use server::{Config, Forge, Push};
