//! `atelier down`: removes the lab and every trace of it.

use clap::Args;
use serde_json::json;

use super::global::Global;
use crate::error::Failure;
use crate::events::Outcome;
use crate::lab::{Error, Inventory, Lock, Material, Plan, Spec};
use crate::platform::Kind;
use crate::ui::Mode;

/// Remove the lab and every trace of it
#[derive(Debug, Args)]
pub(super) struct DownArgs {}

pub(super) async fn run(global: &Global, _args: DownArgs) -> Result<u8, Failure> {
    let folder = global.lab()?;
    if !folder.path().exists() {
        return Ok(done(global, folder.name(), Outcome::Unchanged, &[]));
    }
    // A description that is damaged, of a newer program or half-made must not keep anybody from removing the lab.
    let spec = match folder.spec() {
        Ok(spec) => spec,
        Err(error @ (Error::File { .. } | Error::NotAFolder { .. })) => return Err(error.into()),
        Err(_) => Spec::new(folder.name(), Kind::Embedded, ""),
    };
    let _lock = Lock::take(&folder, "down")?;
    let name = folder.name().to_owned();
    let had = Inventory::take(&folder);
    let plan = Plan::of(spec.platform, spec.operator);
    let material = Material { spec, repositories: Vec::new(), operator: Vec::new() };
    let context = global.context(folder, material)?;
    let outcome = plan.down(&context).await?;
    let removed = had.items().iter().map(ToString::to_string).collect::<Vec<_>>();
    Ok(done(global, &name, outcome, &removed))
}

fn done(global: &Global, lab: &str, outcome: Outcome, removed: &[String]) -> u8 {
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"lab": lab, "outcome": outcome, "removed": removed, "left": []}));
    } else if outcome == Outcome::Unchanged {
        global.ui.data(&format!("nothing to do: there is no lab {lab}\n"));
    } else {
        let gone = removed.iter().map(|item| format!("gone: {item}")).collect::<Vec<_>>().join("\n");
        global.ui.data(&format!("{gone}\nnothing of lab {lab} is left\n"));
    }
    0
}
