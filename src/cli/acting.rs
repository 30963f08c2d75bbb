//! As whom a command speaks to the lab's registry, and what it needs for it.

use clap::Args;

use super::global::Global;
use crate::artifacts::Layout;
use crate::error::{Failure, Kind};
use crate::lab::ActorFolder;
use crate::platform::{self, Platform};
use crate::scenario::{Supply, Workshop};

/// The flag of who it is.
#[derive(Debug, Args)]
pub(super) struct AsArgs {
    /// Act as this actor [default: the one of this shell]
    #[arg(long = "as", env = "ATELIER_ACTOR", value_name = "ACTOR", hide_env_values = true)]
    actor: Option<String>,
}

/// An actor of a lab that runs.
pub(super) struct Acting {
    platform: Platform,
    workshop: Workshop,
    folder: ActorFolder,
    name: String,
    token: String,
}

impl Acting {
    pub(super) fn open(global: &Global, args: AsArgs) -> Result<Self, Failure> {
        let (lab, spec) = global.running_lab()?;
        let Some(name) = args.actor else {
            let names = spec.actors.iter().map(|actor| format!("`{}`", actor.name)).collect::<Vec<_>>();
            let text = format!("as whom? The actors are {}", names.join(", "));
            return Err(Failure::new(Kind::Arguments, text)
                .hint("name one with `--as ACTOR`, or work in an actor's shell: `atelier shell ACTOR`"));
        };
        let actor = spec.actor(&name)?;
        let folder = ActorFolder::new(&lab, actor);
        let token = folder.token().unwrap_or_default();
        let platform = platform::open(spec.platform, &lab.platform())?;
        let workshop = global.library(Some(&spec))?.workshop(&spec.workshop)?;
        Ok(Self { platform, workshop, folder, name: actor.name.clone(), token })
    }

    /// The registry, with the actor's token.
    pub(super) fn supply(&self) -> Supply<'_> {
        Supply { platform: &self.platform, workshop: &self.workshop, user: &self.name, token: &self.token }
    }

    /// The images that were built and not yet pushed.
    pub(super) fn layout(&self) -> Layout {
        Layout::new(self.folder.images())
    }
}

/// Reads `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it is written NAME=VALUE".to_owned()),
    }
}
