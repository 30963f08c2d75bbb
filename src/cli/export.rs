//! `atelier export`: takes home what would go with the lab: repositories, working folders, journals.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::lab::{Lock, export};
use crate::platform;
use crate::ui::{Mode, table};

/// Take repositories, working folders and journals home
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Where to put them, a new or empty folder [default: `atelier-` and the lab's name, in this folder]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Only what this actor may read and has worked on
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
}

pub(super) async fn run(global: &Global, args: ExportArgs) -> Result<u8, Failure> {
    let (lab, spec) = global.running_lab()?;
    let actors = match &args.actor {
        Some(name) => vec![spec.actor(name)?.clone()],
        None => spec.actors.clone(),
    };
    let target = args.folder.unwrap_or_else(|| format!("atelier-{}", lab.name()).into());
    let target = std::path::absolute(target).map_err(|error| Failure::new(Kind::Machine, error))?;
    let forge = platform::open(spec.platform, &lab.platform())?.forge.url();
    let _lock = Lock::take(&lab, "export")?;
    let taken = export(&lab, &actors, &forge, &target).await?;
    if global.ui.mode() == Mode::Json {
        let mut document = serde_json::to_value(&taken).unwrap_or_default();
        document["lab"] = json!(lab.name());
        document["folder"] = json!(target);
        global.ui.document(&document);
        return Ok(0);
    }
    let repositories = taken.repositories.iter().map(|repository| {
        let branches = if repository.branches == 1 { "branch" } else { "branches" };
        let text = format!("{} {branches}", repository.branches);
        vec!["repository".to_owned(), format!("repositories/{}", repository.name), text]
    });
    let work = taken.work.iter().map(|actor| {
        vec!["work".to_owned(), format!("work/{actor}"), "clones and files as they were".to_owned()]
    });
    let journals = (taken.journals > 0)
        .then(|| vec!["journal".to_owned(), "journal".to_owned(), "what was done, and when".to_owned()]);
    global.ui.data(&table(&repositories.chain(work).chain(journals).collect::<Vec<_>>()));
    global.ui.data(&format!("all of it is in {}\n", target.display()));
    Ok(0)
}
