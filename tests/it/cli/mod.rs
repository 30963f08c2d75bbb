//! The built program as people use it: one file per command, named after it.

mod down;
mod env;
mod learn;
mod lint;
mod rehearse;
mod stop;
mod up;
