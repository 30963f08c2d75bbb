//! What tests share: a world of their own to run the built program in, the redaction of what differs from run to
//! run, and the source tree as data.

#[path = "stand_in/engine.rs"]
pub(crate) mod engine;
mod interrupt;
mod needs;
mod redact;
mod screen;
pub(crate) mod source;
mod world;

pub(crate) use needs::needs;
pub(crate) use redact::Redaction;
pub(crate) use screen::Screen;
pub(crate) use world::World;
