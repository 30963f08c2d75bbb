//! The simulated node against the API server in this process.

mod crashing;
mod kubectl;
mod node;
mod pulling;
mod pushed;
mod restart;
mod samples;
mod scheduling;
mod server;
mod streams;
