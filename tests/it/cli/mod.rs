//! The built program as people use it: one file per command, named after it.

mod audit;
mod config;
mod credentials;
mod doctor;
mod down;
mod env;
mod explain;
mod export;
mod global;
mod graph;
mod learn;
mod lint;
mod logs;
mod manifest;
mod next;
mod present;
mod recreate;
mod rehearse;
mod reset;
mod run;
mod schema;
mod status;
mod stop;
mod team;
mod trust;
mod up;
