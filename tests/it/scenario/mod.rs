//! The scenario engine without a lab: loading, lint, and runs on a stand-in of a platform.

mod checks;
mod commit;
mod learn;
mod lint;
mod rehearse;
mod world;
