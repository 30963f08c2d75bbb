//! The sample applications: our own code, served in a container on a real cluster and in-process by the simulated
//! nodes.

pub mod postcard;
