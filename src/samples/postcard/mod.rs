//! Postcard, a small site that shows which version runs where, and what it was told to say.
//!
//! It is configured by its environment only: `POSTCARD_VERSION`, `POSTCARD_ENVIRONMENT`, `POSTCARD_MESSAGE`.

mod page;
mod router;
mod settings;

pub use router::{Log, router};
pub use settings::Error;

/// The port that it listens on.
pub const PORT: u16 = 8080;
