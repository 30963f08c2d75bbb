//! Integration tests: one binary, no Docker, no network.
mod scenario;
