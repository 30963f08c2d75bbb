//! The scenario engine without a lab: loading, lint, and runs on a stand-in of a platform.

mod checks;
mod combined;
mod commit;
mod fuzz;
mod lab;
mod learn;
mod lint;
mod mistakes;
mod plan;
mod pull_request;
mod rehearse;
mod reset;
mod single;
mod trust;
mod world;
