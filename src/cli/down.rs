//! `atelier down`: removes the lab and every trace of it.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::global::Global;
use crate::error::Failure;
use crate::events::Outcome;
use crate::lab::{Error, Inventory, LabFolder, Lock, Material, Plan, Spec, stuck, unpushed};
use crate::platform::Kind;
use crate::platform::k3d::{self, Engine, Holding, Settings, Site};
use crate::ui::Mode;

/// Remove the lab and every trace of it
#[derive(Debug, Args)]
pub(super) struct DownArgs {
    /// Remove all labs of this machine, and what labs left in the engine whose state folder is gone
    #[arg(long)]
    all: bool,
    /// Remove the images and the files too that were got for the lab
    #[arg(long)]
    purge: bool,
    /// Remove commits too that were never pushed
    #[arg(long)]
    force: bool,
}

/// What was there, and what is kept.
#[derive(Default)]
struct Removed {
    outcome: Option<Outcome>,
    items: Vec<String>,
    kept: Kept,
}

/// What was got for the lab and is good for another one, with sizes in bytes.
#[derive(Default)]
struct Kept {
    images: Vec<(String, u64)>,
    files: Vec<(PathBuf, u64)>,
}

pub(super) async fn run(global: &Global, args: DownArgs) -> Result<u8, Failure> {
    if args.all {
        return all(global, &args).await;
    }
    let folder = global.lab()?;
    let removed = one(global, &folder, &args).await?;
    Ok(done(global, folder.name(), &removed))
}

async fn one(global: &Global, folder: &LabFolder, args: &DownArgs) -> Result<Removed, Failure> {
    if !folder.path().exists() {
        return Ok(Removed::default());
    }
    // A description that is damaged, of a newer program or half-made must not keep anybody from removing the lab.
    let spec = match folder.spec() {
        Ok(spec) => spec,
        Err(error @ (Error::File { .. } | Error::NotAFolder { .. })) => return Err(error.into()),
        Err(_) => Spec::new(folder.name(), guess(folder), ""),
    };
    let _lock = Lock::take(folder, "down")?;
    let clones = unpushed(folder);
    if !args.force && !clones.is_empty() {
        let clone = |clone: &crate::lab::Clone| format!("`{}` ({})", clone.path.display(), clone.commits);
        let clones = clones.iter().map(clone).collect::<Vec<_>>().join(", ");
        return Err(Error::Unpushed { lab: folder.name().to_owned(), clones }.into());
    }
    let settings = global.configuration(Some(folder)).and_then(|found| found.settings()).unwrap_or_default();
    let plan = Plan::of(&spec);
    let material = Material { spec, repositories: Vec::new(), operator: Vec::new(), settings, bundle: None };
    let context = global.context(folder.clone(), material)?;
    let had = Inventory::take(&context).await?;
    let kept =
        kept(global, folder, &context.material.settings, context.material.spec.platform, args.purge).await?;
    for object in stuck(&context).await {
        context.events.note(format!("{object}; it goes with its cluster"));
    }
    let outcome = plan.down(&context).await?;
    let items = had.items().iter().map(ToString::to_string).collect();
    Ok(Removed { outcome: Some(outcome), items, kept })
}

/// The platform of a lab whose description cannot be read.
fn guess(folder: &LabFolder) -> Kind {
    match k3d::Folder::new(folder.platform()).record() {
        Ok(Some(_)) => Kind::K3d,
        _ => Kind::Embedded,
    }
}

/// What was got for the lab; removed with `--purge`, images where no other container needs them.
async fn kept(
    global: &Global,
    folder: &LabFolder,
    settings: &Settings,
    platform: Kind,
    purge: bool,
) -> Result<Kept, Failure> {
    if platform != Kind::K3d {
        return Ok(Kept::default());
    }
    let files = k3d::manifests(global.home.path());
    if purge {
        k3d::forget_manifests(global.home.path())?;
    }
    let place = k3d::Folder::new(folder.platform());
    let found = Site::find(place, folder.name(), global.home.path(), settings).await?;
    let images = match &found {
        Some(site) => site.pulled().await?,
        None => Vec::new(),
    };
    if !purge {
        return Ok(Kept { images, files });
    }
    if let Some(site) = found {
        // Images can only be removed when the containers are gone.
        k3d::remove(site.engine(), &site.holdings().await?).await.map_err(crate::platform::Error::from)?;
        site.purge(&images).await?;
    }
    Ok(Kept::default())
}

/// All labs of the state folder, then what the engine holds of labs, whatever their state folder.
async fn all(global: &Global, args: &DownArgs) -> Result<u8, Failure> {
    let mut whole = Removed::default();
    for name in global.home.labs() {
        let removed = one(global, &global.home.lab(&name)?, args).await?;
        whole.outcome = whole.outcome.or(removed.outcome);
        whole.items.extend(removed.items);
        whole.kept.images.extend(removed.kept.images);
        // They are the state folder's, whichever lab told of them.
        whole.kept.files = removed.kept.files;
    }
    let settings = global.configuration(None)?.settings()?;
    // Who has no engine has no such labs.
    if let Ok(engine) = Engine::connect(&settings.search).await {
        let asked = k3d::holdings(&engine, &["atelier.lab".to_owned()]).await;
        let held = asked.map_err(crate::platform::Error::from)?;
        k3d::remove(&engine, &held).await.map_err(crate::platform::Error::from)?;
        let left = k3d::holdings(&engine, &["atelier.lab".to_owned()]).await;
        let left = left.map_err(crate::platform::Error::from)?;
        if !left.is_empty() {
            let left = left.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(Error::Left { lab: "*".to_owned(), left }.into());
        }
        if !held.is_empty() {
            whole.outcome = Some(Outcome::Removed);
        }
        whole.items.extend(held.iter().map(Holding::to_string));
    }
    Ok(done(global, "*", &whole))
}

fn done(global: &Global, lab: &str, removed: &Removed) -> u8 {
    let outcome = removed.outcome.unwrap_or(Outcome::Unchanged);
    if global.ui.mode() == Mode::Json {
        let images = removed.kept.images.iter().map(|(name, size)| json!({"image": name, "bytes": size}));
        let files = removed.kept.files.iter().map(|(path, size)| json!({"file": path, "bytes": size}));
        let kept = images.chain(files);
        global.ui.document(&json!({"lab": lab, "outcome": outcome, "removed": removed.items, "left": [],
            "kept": kept.collect::<Vec<_>>()}));
        return 0;
    }
    let whose = if lab == "*" { "any lab".to_owned() } else { format!("lab {lab}") };
    if outcome == Outcome::Unchanged {
        let none = if lab == "*" { "there is no lab".to_owned() } else { format!("there is no {whose}") };
        global.ui.data(&format!("nothing to do: {none}\n"));
        return 0;
    }
    let gone = removed.items.iter().map(|item| format!("gone: {item}\n"));
    let images = removed.kept.images.iter().map(|(name, size)| (format!("image `{name}`"), size));
    let files = removed.kept.files.iter().map(|(path, size)| (format!("file `{}`", path.display()), size));
    let kept = images.chain(files).map(|(what, size)| {
        format!("kept: {what}, {:.1} MB (`down --purge` removes it)\n", megabytes(*size))
    });
    let text = gone.chain(kept).collect::<String>();
    global.ui.data(&format!("{text}nothing of {whose} is left\n"));
    0
}

#[expect(clippy::cast_precision_loss, reason = "one decimal place is shown")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
