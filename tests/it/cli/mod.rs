//! The built program as people use it: one file per command, named after it.

mod audit;
mod down;
mod env;
mod global;
mod learn;
mod lint;
mod logs;
mod rehearse;
mod run;
mod status;
mod stop;
mod up;
