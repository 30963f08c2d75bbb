//! Tables for `kubectl get`: the columns of a kind and the cells of an object. Which columns a client shows is the
//! client's choice; a row always has all cells.

mod access;
mod age;
mod cluster;
mod columns;
mod custom;
mod json_path;
mod network;
mod pods;
mod row;
mod selector;
mod storage;
#[cfg(test)]
mod tests;
mod workloads;

pub(crate) use columns::{Column, columns};
pub(crate) use row::row;
