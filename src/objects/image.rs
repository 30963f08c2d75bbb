//! The image catalogue of a workshop: what the simulated nodes can run, and what a real cluster must have at hand.

use serde::{Deserialize, Serialize};

/// One image of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Without tag, such as `forge.atelier.internal:3000/fleet/postcard`.
    pub reference: String,
    /// The tags that exist.
    pub tags: Vec<String>,
    /// What a container of it does on the embedded platform.
    pub behaviour: Behaviour,
}

/// What a simulated container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Runs until it is ended and answers nothing.
    Idle,
    /// Does what its command says, as far as that is made of `echo`, `sleep`, `true`, `false` and `exit`, and ends.
    Task,
    /// The sample site of ours, on its port 8080; with the command `sample probe URL` it asks an address, and ends.
    Postcard,
    /// The sample API of ours, on its port 8080; with the command `sample probe URL` it asks an address, and ends.
    Jukebox,
    /// Keeps texts, numbers and lists in memory, as Redis does, on its port 6379.
    Redis,
}

impl Behaviour {
    /// Whether it is a sample of ours, whose image holds our own program.
    pub fn is_sample(self) -> bool {
        matches!(self, Self::Postcard | Self::Jukebox)
    }
}
