//! The simulated nodes.
