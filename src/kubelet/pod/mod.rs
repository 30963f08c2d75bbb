//! One Pod on a simulated node.

mod board;
mod status;
mod worker;

pub(super) use board::{Board, Boards};
pub(super) use worker::{Context, Worker};
