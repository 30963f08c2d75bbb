//! Conformance as data: every case of `cases/` is a sequence of requests, `answers/` holds what a real Kubernetes 1.34
//! answered, and `differences.yaml` what we answer otherwise and why. `make test` plays the cases against our server,
//! `make compare` against a real one as well.

mod answers;
mod case;
mod compare;
mod difference;
mod neutral;
mod play;
mod server;
mod sheets;
