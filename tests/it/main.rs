//! Integration tests: one binary, no Docker, no network. What a test needs of the world around it is in `support`;
//! the rest is named after what it tests.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail, also in what tests share")]

#[path = "../support/mod.rs"]
mod support;

mod apiserver;
mod architecture;
mod artifacts;
mod cli;
mod content;
mod controllers;
mod forge;
mod kubelet;
mod manifests;
mod platform;
mod readme;
mod registry;
mod scenario;
mod words;
mod workloads;
mod world;
