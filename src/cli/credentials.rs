//! `atelier credentials ACTOR`: prints what an actor signs in to the forge with, for a browser. A password is made
//! each time, since none is kept; the token that git uses stays good.

use clap::Args;
use rand::Rng as _;
use serde_json::json;

use super::global::Global;
use crate::error::Failure;
use crate::platform;
use crate::ui::{Mode, table};

/// Print what an actor signs in to the forge with
#[derive(Debug, Args)]
pub(super) struct CredentialsArgs {
    /// Whose
    actor: String,
}

pub(super) async fn run(global: &Global, args: CredentialsArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.running_lab()?;
    let actor = spec.actor(&args.actor)?;
    let platform = platform::open(spec.platform, &folder.platform())?;
    let password: String =
        rand::rng().sample_iter(rand::distr::Alphanumeric).take(16).map(char::from).collect();
    platform.forge.api().set_password(&actor.name, &password).await?;
    let url = platform.forge.url();
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"url": url, "user": actor.name, "password": password}));
        return Ok(0);
    }
    let row = |label: &str, value: &str| vec![label.to_owned(), value.to_owned()];
    global.ui.data(&table(&[row("forge", &url), row("user", &actor.name), row("password", &password)]));
    Ok(0)
}
