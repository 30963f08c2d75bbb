//! The `atelier` program: all of it is [`atelier::cli::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    atelier::cli::run(std::env::args_os())
}
