//! Questions that are asked by creating an object, which nobody stores: who am I, may I.

mod answers;

pub(crate) use answers::{answer, is_review};
