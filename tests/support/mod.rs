//! What tests share: a world of their own to run the built program in, the redaction of what differs from run to
//! run, the source tree as data, and the platform cases with the grounds that they run on.

#[path = "stand_in/engine.rs"]
pub(crate) mod engine;
pub(crate) mod ground;
mod interrupt;
mod needs;
pub(crate) mod platform_cases;
pub(crate) mod redact;
mod screen;
pub(crate) mod source;
mod stand_ins;
mod world;

pub(crate) use needs::{needs, skipped};
pub(crate) use redact::Redaction;
pub(crate) use screen::Screen;
pub(crate) use stand_ins::stand_ins;
pub(crate) use world::{Ran, World};
