//! The command line: one file per command, each with its arguments and a `run` that parses into plain options and
//! calls the library. Configuration (flags, environment) is read here and nowhere below.

mod arguments;
mod audit;
mod bench;
mod config;
mod credentials;
mod doctor;
mod down;
mod env;
mod global;
mod learn;
mod lint;
mod logs;
mod material;
mod open;
mod rehearse;
mod run;
mod sample;
mod serve;
mod session;
mod shell;
mod start;
mod status;
mod stop;
mod up;

pub use arguments::Arguments;
pub use run::run;
