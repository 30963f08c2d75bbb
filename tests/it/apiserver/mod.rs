//! The API server, called in process and, where the client is kubectl, over TLS.

mod access;
mod audit;
mod client;
mod conformance;
mod definitions;
mod discovery;
mod durability;
mod fuzz;
mod kubectl;
mod life_cycle;
mod patches;
mod policies;
mod proxy;
mod quotas;
mod verbs;
mod watches;
mod world;
