//! The functions that Helm gives templates: those of sprig v3 without `env` and `expandenv`, and Helm's own.

#![expect(clippy::unnecessary_wraps, reason = "the functions of the table have one signature")]

mod certificates;
mod conversion;
mod crypto;
mod defaults;
mod dicts;
mod flow;
mod lists;
mod numbers;
mod paths;
mod patterns;
mod strings;
mod table;
mod times;
mod toml;
mod urls;
mod versions;
mod words;

pub(super) use flow::{STOP, without_no_value};
pub(super) use table::table;
