//! `atelier recreate cluster`: the cluster is lost and made anew; forge and registry stay as they are. This is what
//! a lesson about disasters calls, and what a person types in it.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::global::Global;
use super::{material, session};
use crate::error::{Failure, Kind};
use crate::lab::{Context, LabFolder, Lock, Plan, Signals, Spec};
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
    anew(global, &folder, &spec).await?;
    match global.ui.mode() {
        Mode::Json => global.ui.document(&json!({"recreated": "cluster"})),
        Mode::Human => global.ui.talk("the cluster is a new one; forge and registry are as they were"),
    }
    Ok(0)
}

/// What loses and makes the cluster of a lab.
pub(super) fn hook(global: &Global, folder: &LabFolder, spec: &Spec) -> Recreate {
    let known = Arc::new((global.clone(), folder.clone(), spec.clone()));
    Arc::new(move || {
        let known = Arc::clone(&known);
        Box::pin(async move {
            let (global, folder, spec) = known.as_ref();
            anew(global, folder, spec).await.map_err(|failure| failure.source.to_string())
        })
    })
}

async fn anew(global: &Global, folder: &LabFolder, spec: &Spec) -> Result<(), Failure> {
    let material = material::load(global, folder.name(), spec.platform, &spec.workshop, Some(spec))?;
    let context = &global.context(folder.clone(), material)?;
    let _lock = Lock::take(&context.folder, "recreate")?;
    let speed = speed(context).await;
    context.lose_cluster().await?;
    // What tells stages about each other is for one run.
    let context = Context { signals: Signals::default(), ..context.clone() };
    Plan::of(&context.material.spec).up(&context).await?;
    if speed != 1 {
        let client = client(&context).await?;
        embedded::set_speed(&client, speed).await.map_err(|error| Failure::new(Kind::Platform, error))?;
    }
    Ok(())
}

/// How fast the lab's clock goes; as usual where it has none of its own, or where nothing answers any more.
async fn speed(context: &Context) -> u32 {
    if context.material.spec.platform != platform::Kind::Embedded {
        return 1;
    }
    let Ok(client) = client(context).await else { return 1 };
    embedded::speed(&client).await.unwrap_or(1)
}

async fn client(context: &Context) -> Result<kube::Client, Failure> {
    let platform = platform::open(context.material.spec.platform, &context.folder.platform())?;
    Ok(platform.cluster().client().await?)
}
