//! `wait`: a check that must hold before the next action is done.

use serde::{Deserialize, Deserializer};

use crate::scenario::checks::Check;

/// The body: a check.
#[derive(Clone, Debug)]
pub struct Wait(pub Check);

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Check::deserialize(deserializer).map(Self)
    }
}
