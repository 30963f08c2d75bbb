//! `atelier recreate cluster`: the cluster is lost and made anew; forge and registry stay as they are. This is what
//! a lesson about disasters calls, and what a person types in it.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::global::Global;
use super::{material, session};
use crate::error::{Failure, Kind};
use crate::lab::{LabFolder, Lock, Plan, Spec};
use crate::platform::{self, embedded};
use crate::scenario::Recreate;
use crate::ui::Mode;

/// Lose the cluster and make it anew; the repositories and the registry stay
#[derive(Debug, Args)]
pub(super) struct RecreateArgs {
    /// What is made anew
    what: What,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// What can be made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// The cluster, with everything in it
    Cluster,
}

pub(super) async fn run(global: &Global, args: RecreateArgs) -> Result<u8, Failure> {
    let What::Cluster = args.what;
    let (folder, spec) = global.running_lab()?;
    if !args.yes && !session::confirm(global, "Everything in the cluster is lost. Go on?")? {
        return Ok(Kind::NotDone.exit_code());
    }
    let Some(recreate) = hook(global, &folder, &spec) else {
        let text = format!("the platform `{}` cannot make a cluster anew yet", spec.platform.name());
        return Err(
            Failure::new(Kind::Arguments, text).hint("`atelier down` and `atelier up` make a whole lab anew")
        );
    };
    recreate().await.map_err(|text| Failure::new(Kind::Platform, text))?;
    match global.ui.mode() {
        Mode::Json => global.ui.document(&json!({"recreated": "cluster"})),
        Mode::Human => global.ui.talk("the cluster is a new one; forge and registry are as they were"),
    }
    Ok(0)
}

/// What loses and makes the cluster of a lab, where the platform can.
pub(super) fn hook(global: &Global, folder: &LabFolder, spec: &Spec) -> Option<Recreate> {
    if spec.platform != platform::Kind::Embedded {
        return None;
    }
    let material = material::load(global, folder.name(), spec.platform, &spec.workshop, Some(spec)).ok()?;
    let context = global.context(folder.clone(), material).ok()?;
    Some(Arc::new(move || {
        let context = context.clone();
        Box::pin(async move { anew(&context).await.map_err(|failure| failure.source.to_string()) })
    }))
}

/// The background process forgets its cluster: its objects, and what its controllers have fetched. Certificates and
/// ports stay, so that the actors' kubeconfigs are good for the new one.
async fn anew(context: &crate::lab::Context) -> Result<(), Failure> {
    let _lock = Lock::take(&context.folder, "recreate")?;
    let home = context.folder.platform();
    embedded::Folder::new(&home).stop().await?;
    for part in ["kubernetes", "artifacts"] {
        match std::fs::remove_dir_all(home.join(part)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::new(Kind::Machine, error));
            }
            _ => (),
        }
    }
    let spec = &context.material.spec;
    Plan::of(spec.platform, spec.operator).up(context).await?;
    Ok(())
}
