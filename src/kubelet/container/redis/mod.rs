//! A Redis, as far as small applications need one: texts, numbers and lists in memory, gone with the container.

mod server;
mod store;

pub(in super::super) use server::Redis;
