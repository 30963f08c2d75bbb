//! One shell command as an actor: the actor's environment and nothing else, in the actor's working folder.

use std::time::Duration;

use crate::process::{Command, Error, Output};
use crate::scenario::session::ActorContext;

/// Runs a command line. `bash` where there is one, else `sh`; the first command that fails ends it.
pub(crate) async fn execute(
    actor: &ActorContext,
    line: &str,
    folder: Option<&str>,
    limit: Duration,
) -> Result<Output, Error> {
    let folder = folder.map_or_else(|| actor.work.clone(), |folder| actor.work.join(folder));
    if folder.starts_with(&actor.work) {
        // A folder that cannot be made shows itself when the command starts in it.
        let _ = std::fs::create_dir_all(&folder);
    }
    let run = |shell: &str| {
        let command =
            Command::new(shell).args(["-e", "-c", line]).clean_environment().folder(&folder).limit(limit);
        actor.environment.iter().fold(command, |command, (name, value)| command.env(name, value)).output()
    };
    match run("bash").await {
        Err(Error::NotFound { .. }) => run("sh").await,
        result => result,
    }
}
