//! `atelier image build`: builds an image of a folder and a base, by its `Dockerfile` where there is one.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::artifacts::{Provenance, Recipe, Reference, read_folder};
use crate::cli::acting::{Acting, AsArgs, pair};
use crate::cli::global::Global;
use crate::error::{Failure, Kind};
use crate::ui::Mode;

/// Build an image of a folder and keep it, to be pushed
///
/// Of a Dockerfile, FROM, COPY, ENV, EXPOSE, USER, WORKDIR, ENTRYPOINT, CMD and LABEL are read; nothing is run. The
/// base comes from the lab's registry, or is `scratch`. The same files give the same image.
#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    /// The folder whose files it is made of
    folder: PathBuf,
    /// Its name: `OWNER/NAME:TAG`
    #[arg(long, short, value_name = "NAME")]
    tag: String,
    /// The Dockerfile, by its path in the folder [default: `Dockerfile`, where there is one]
    #[arg(long, short, value_name = "FILE")]
    file: Option<String>,
    /// What it is built on, without a Dockerfile [default: nothing]
    #[arg(long, value_name = "NAME")]
    base: Option<String>,
    /// Where in the image the files go, without a Dockerfile [default: /]
    #[arg(long, value_name = "DIR")]
    into: Option<String>,
    /// Set a variable of its program, without a Dockerfile
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,
    /// Name its program, without a Dockerfile; once more for each argument
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    entrypoint: Vec<String>,
    /// Set a label
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    label: Vec<(String, String)>,
    /// Set an annotation, beside those that tell the version and the commit
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    annotation: Vec<(String, String)>,
    /// Build for these platforms, such as `linux/arm64` [default: all of the base, or this machine's]
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    platform: Vec<String>,
    /// Push it, too
    #[arg(long)]
    push: bool,
    #[command(flatten)]
    actor: AsArgs,
}

pub(super) async fn run(global: &Global, args: BuildArgs) -> Result<u8, Failure> {
    if !args.folder.is_dir() {
        let text = format!("`{}` is not a folder", args.folder.display());
        return Err(
            Failure::new(Kind::Arguments, text).hint("name the folder whose files the image is made of")
        );
    }
    let acting = Acting::open(global, args.actor)?;
    let supply = acting.supply();
    let name = supply.reference(&args.tag)?;
    let tag = tag_of(&name)?;
    let provenance = Provenance::of(&args.folder);
    let mut annotations = provenance.as_ref().map(Provenance::annotations).unwrap_or_default();
    annotations.insert("org.opencontainers.image.version".to_owned(), tag.clone());
    annotations.extend(args.annotation);
    let recipe = Recipe {
        file: args.file,
        base: args.base,
        into: args.into,
        environment: args.env.into_iter().collect(),
        entrypoint: args.entrypoint,
        labels: args.label.into_iter().collect(),
        annotations,
        created: provenance.map(|provenance| provenance.created),
    };
    let packed = supply.image(read_folder(&args.folder)?, &recipe, &args.platform).await?;
    acting.layout().put(&name.short(), &packed)?;
    if args.push {
        supply.remote(&name.name).push(&tag, &packed).await?;
    }
    let digest = packed.digest();
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"name": name.short(), "digest": digest, "pushed": args.push}));
        return Ok(0);
    }
    global.ui.data(&format!("{}@{digest}\n", name.short()));
    if !args.push {
        global.ui.talk(&format!("`atelier image push {}` pushes it", name.short()));
    }
    Ok(0)
}

/// The tag of an image that is built or pushed; a digest cannot be chosen.
pub(super) fn tag_of(name: &Reference) -> Result<String, Failure> {
    if name.digest.is_some() {
        let text = format!("`{}` names a digest, which only its content gives", name.short());
        return Err(Failure::new(Kind::Arguments, text).hint("name a tag: `OWNER/NAME:TAG`"));
    }
    Ok(name.wanted().to_owned())
}
