//! Questions that are asked by creating an object, which nobody stores: who am I, may I, may they.

mod access_review;
mod answers;
mod rules_review;
mod self_review;
mod token_review;

pub(crate) use answers::{answer, is_review};
