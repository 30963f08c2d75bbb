//! `atelier shell ACTOR`: opens an actor's shell in the actor's working folder, with a prompt that says whose it is and
//! the tools' completions. The person's own start-up file is read before, so that aliases and habits are there. With
//! `--container` it is the shell of the work environment's image; with a command, that is run instead.

use std::path::Path;

use clap::Args;

use super::container;
use super::env::{environment, variables};
use super::global::Global;
use super::startup;
use crate::error::Failure;
use crate::lab::{ActorFolder, Environment, write_private};
use crate::process::Command;

/// Open an actor's shell
#[derive(Debug, Args)]
pub(super) struct ShellArgs {
    /// Whose shell it is to be
    actor: String,
    /// In a container with all tools, on the lab's network: nothing but Docker is needed
    #[arg(long)]
    container: bool,
    /// What to run instead of a shell
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) async fn run(global: &Global, args: ShellArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.running_lab()?;
    if args.container {
        let environment = variables(&folder, &spec, &args.actor)?;
        return container::run(global, (&folder, &spec), (&args.actor, environment), args.command).await;
    }
    let environment = environment(&folder, &spec, &args.actor)?;
    let own = ActorFolder::new(&folder, spec.actor(&args.actor)?);
    if let Some((program, words)) = args.command.split_first() {
        let command = Command::new(program).args(words).folder(own.work());
        let command =
            environment.into_iter().fold(command, |command, (name, value)| command.env(name, value));
        return Ok(u8::try_from(command.interact().await?).unwrap_or(1));
    }
    let program =
        std::env::var("SHELL").ok().filter(|shell| !shell.is_empty()).unwrap_or_else(|| "sh".to_owned());
    global.ui.talk(&format!("you are {} in lab {}; `exit` leaves this shell", args.actor, folder.name()));
    let prompt = format!("{}@{}", args.actor, folder.name());
    let command = prepared(&program, &own.tool_home().join("shell"), &prompt, &environment)?;
    let command = environment.into_iter().fold(command, |command, (name, value)| command.env(name, value));
    let code = command.folder(own.work()).interact().await?;
    Ok(u8::try_from(code).unwrap_or(1))
}

/// The shell with a start-up file of the lab's, where its kind is known; any other gets the prompt alone.
fn prepared(
    program: &str,
    folder: &Path,
    prompt: &str,
    environment: &Environment,
) -> Result<Command, Failure> {
    let command = Command::new(program);
    let path = |name: &str| folder.join(name).display().to_string();
    Ok(match program.rsplit('/').next() {
        Some("bash") => {
            write_private(&folder.join("bashrc"), startup::bash(prompt, environment).as_bytes())?;
            command.args(["--rcfile", &path("bashrc"), "-i"])
        }
        Some("zsh") => {
            write_private(&folder.join(".zshenv"), b"[ -r ~/.zshenv ] && . ~/.zshenv\n")?;
            write_private(&folder.join(".zshrc"), startup::zsh(prompt, environment).as_bytes())?;
            command.env("ZDOTDIR", folder.display().to_string()).arg("-i")
        }
        Some("fish") => command.args(["--init-command", &startup::fish(prompt, environment)]),
        _ => command.env("PS1", format!("{prompt} $ ")),
    })
}
