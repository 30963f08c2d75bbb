//! `atelier env ACTOR`: prints the variables of an actor's shell, to be evaluated by it.

use clap::{Args, ValueEnum};

use super::global::Global;
use crate::error::Failure;
use crate::lab::{ActorFolder, Environment, LabFolder, Spec};
use crate::platform;
use crate::process::{find, quote};
use crate::ui::Mode;

/// Print what an actor's shell needs
#[derive(Debug, Args)]
pub(super) struct EnvArgs {
    /// Whose shell it is to be
    actor: String,
    /// The shell's language [default: the one of `SHELL`]
    #[arg(long)]
    shell: Option<Shell>,
}

/// Languages of shells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    /// GNU Bash, and every shell of the POSIX family
    Bash,
    /// The Z shell
    Zsh,
    /// The friendly interactive shell
    Fish,
}

pub(super) fn run(global: &Global, args: EnvArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.running_lab()?;
    let environment = environment(&folder, &spec, &args.actor)?;
    if global.ui.mode() == Mode::Json {
        global.ui.document(&environment);
        return Ok(0);
    }
    let shell = args.shell.unwrap_or_else(own_shell);
    global.ui.data(&lines(&environment, shell));
    Ok(0)
}

/// The variables as lines of a shell's language.
pub(super) fn lines(environment: &Environment, shell: Shell) -> String {
    let line = |(name, value): (&String, &String)| match shell {
        Shell::Fish => format!("set -gx {name} {};\n", fish_quote(value)),
        Shell::Bash | Shell::Zsh => format!("export {name}={}\n", quote(value)),
    };
    environment.iter().map(line).collect()
}

/// The variables of an actor of a lab that runs. Without git there is nothing to do in an actor's shell, and it is
/// better said here than in the middle of a lesson.
pub(super) fn environment(folder: &LabFolder, spec: &Spec, actor: &str) -> Result<Environment, Failure> {
    let variables = variables(folder, spec, actor)?;
    find("git")?;
    Ok(variables)
}

/// The same for where git need not be on this machine.
pub(super) fn variables(folder: &LabFolder, spec: &Spec, actor: &str) -> Result<Environment, Failure> {
    let actor = ActorFolder::new(folder, spec.actor(actor)?);
    let platform = platform::open(spec.platform, &folder.platform())?;
    let proxies = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy")).ok();
    // Evaluated twice in one shell, it must not grow.
    let proxies = proxies.filter(|proxies| !proxies.contains("forge.atelier.internal"));
    Ok(actor.environment(&platform.forge.url(), proxies.as_deref()))
}

fn own_shell() -> Shell {
    let shell = std::env::var("SHELL").unwrap_or_default();
    match shell.rsplit('/').next() {
        Some("fish") => Shell::Fish,
        Some("zsh") => Shell::Zsh,
        _ => Shell::Bash,
    }
}

/// Inside single quotes fish knows two escapes. <https://fishshell.com/docs/current/language.html#quotes>
fn fish_quote(word: &str) -> String {
    format!("'{}'", word.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn fish_words_are_quoted() {
        assert_eq!(super::fish_quote(r"it's a \"), r"'it\'s a \\'");
    }
}
