//! The built program as people use it: one file per command, named after it.

mod config;
mod credentials;
mod doctor;
mod down;
mod env;
mod export;
mod global;
mod learn;
mod lint;
mod logs;
mod rehearse;
mod run;
mod status;
mod stop;
mod up;
