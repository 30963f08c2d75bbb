//! `atelier artifact push`: manifests as an artefact of the registry, which an `OCIRepository` reads.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::acting::{Acting, AsArgs, pair};
use super::global::Global;
use crate::artifacts::{Provenance, pack_manifests, read_folder};
use crate::error::{Failure, Kind};
use crate::ui::Mode;

/// Push manifests as an artefact that Flux reads
#[derive(Debug, Args)]
pub(super) struct ArtifactArgs {
    #[command(subcommand)]
    command: Command,
}

/// What is done with artefacts.
#[derive(Debug, Subcommand)]
enum Command {
    /// Push a folder of manifests, as `flux push artifact` does
    Push(PushArgs),
}

/// Push a folder of manifests, as `flux push artifact` does
#[derive(Debug, Args)]
struct PushArgs {
    /// The folder
    folder: PathBuf,
    /// Its name: `OWNER/NAME:TAG`, also as `oci://HOST/OWNER/NAME:TAG`
    name: String,
    /// Where the manifests are from [default: the clone's origin]
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// Which version of them they are, such as `main@sha1:COMMIT` [default: the clone's branch and commit]
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    /// Set an annotation
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    annotation: Vec<(String, String)>,
    #[command(flatten)]
    actor: AsArgs,
}

pub(super) async fn run(global: &Global, args: ArtifactArgs) -> Result<u8, Failure> {
    let Command::Push(args) = args.command;
    if !args.folder.is_dir() {
        let text = format!("`{}` is not a folder", args.folder.display());
        return Err(Failure::new(Kind::Arguments, text).hint("name a folder of manifests"));
    }
    let acting = Acting::open(global, args.actor)?;
    let supply = acting.supply();
    let name = supply.reference(args.name.trim_start_matches("oci://"))?;
    if name.digest.is_some() {
        let text = format!("`{}` names a digest, which only its content gives", name.short());
        return Err(Failure::new(Kind::Arguments, text).hint("name a tag: `OWNER/NAME:TAG`"));
    }
    let provenance = Provenance::of(&args.folder);
    let mut annotations = provenance.as_ref().map(Provenance::annotations).unwrap_or_default();
    let revision = args.revision.or_else(|| provenance.map(|found| found.flux_revision()));
    let given = [("revision", revision), ("source", args.source)];
    for (name, value) in given.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        annotations.insert(format!("org.opencontainers.image.{name}"), value);
    }
    annotations.extend(args.annotation);
    let packed = pack_manifests(&read_folder(&args.folder)?, annotations)?;
    let changed = supply.remote(&name.name).push(name.wanted(), &packed).await?;
    let digest = packed.digest();
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"name": name.short(), "digest": digest, "changed": changed}));
        return Ok(0);
    }
    global.ui.data(&format!("{}@{digest}\n", name.short()));
    if !changed {
        global.ui.talk("the registry had it already");
    }
    Ok(0)
}
