//! `atelier completions SHELL`: what a shell needs to complete words.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::arguments::Arguments;
use super::global::Global;

/// Print what a shell needs to complete words
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(global: &Global, args: &CompletionsArgs) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "atelier", &mut text);
    global.ui.data(&String::from_utf8_lossy(&text));
    0
}
