//! `atelier shell ACTOR`: opens an actor's shell in the actor's working folder.

use clap::Args;

use super::env::environment;
use super::global::Global;
use crate::error::Failure;
use crate::lab::ActorFolder;
use crate::process::Command;

/// Open an actor's shell
#[derive(Debug, Args)]
pub(super) struct ShellArgs {
    /// Whose shell it is to be
    actor: String,
}

pub(super) async fn run(global: &Global, args: ShellArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.running_lab()?;
    let environment = environment(&folder, &spec, &args.actor)?;
    let work = ActorFolder::new(&folder, spec.actor(&args.actor)?).work();
    let program =
        std::env::var("SHELL").ok().filter(|shell| !shell.is_empty()).unwrap_or_else(|| "sh".to_owned());
    global.ui.talk(&format!("you are {} in lab {}; `exit` leaves this shell", args.actor, folder.name()));
    let command = environment
        .into_iter()
        .fold(Command::new(program), |command, (name, value)| command.env(name, value));
    let code = command.folder(work).interact().await?;
    Ok(u8::try_from(code).unwrap_or(1))
}
