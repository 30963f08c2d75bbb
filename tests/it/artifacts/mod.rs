//! Artefacts and the programs of others that read and write them.

mod clients;
mod docker;
mod fuzz;
