//! A handout of a workshop, for paper and for those who read ahead: made from the same files as the lessons, without
//! a lab. What is known only in a lab stands there as [`UNKNOWN`].

mod collect;
mod gates;
mod html;
mod markdown;
mod paper;
mod prose;

pub(crate) use collect::UNKNOWN;
pub use collect::{Direction, Gate, Handout, HandoutStep, HandoutTrack, Member};
