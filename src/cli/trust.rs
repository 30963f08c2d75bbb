//! A workshop from elsewhere is code: before its first command runs, a person sees what it may do and is asked. What was
//! trusted is remembered by its fingerprint in the lab's folder, so that a change is asked about again.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::global::Global;
use super::session::confirm;
use crate::error::{Failure, Kind};
use crate::lab::{LabFolder, Spec, write_private};
use crate::scenario::Workshop;
use crate::ui::Mode;

/// The most commands that are shown.
const SHOWN: usize = 20;

/// Lets a workshop pass that came with the program, that runs nothing, or that somebody trusts.
pub(super) fn require(
    global: &Global,
    lab: &LabFolder,
    spec: &Spec,
    workshop: &Workshop,
) -> Result<(), Failure> {
    let commands = workshop.commands();
    let Some(folder) = global.scenarios(Some(spec)).filter(|_| !commands.is_empty()) else { return Ok(()) };
    let path = lab.path().join("trusted.json");
    let known = std::fs::read(&path).unwrap_or_default();
    let mut known: BTreeSet<String> = serde_json::from_slice(&known).unwrap_or_default();
    let fingerprint = workshop.fingerprint();
    if known.contains(&fingerprint) {
        return Ok(());
    }
    if !global.trust {
        let refused = || {
            let text = format!("the workshop `{}` in `{}` is not trusted", workshop.id, folder.display());
            Failure::new(Kind::Untrusted, text)
                .hint("read its files: they hold commands that run on this machine, as you")
                .hint("`--trust` says that you do")
        };
        if global.ui.mode() == Mode::Json || !global.ui.is_interactive() {
            return Err(refused());
        }
        global.ui.explain(&account(workshop, &commands));
        if !confirm(global, "Do you trust it?")? {
            return Err(refused());
        }
    }
    known.insert(fingerprint);
    let text = serde_json::to_vec(&known).unwrap_or_default();
    write_private(&path, &text)?;
    Ok(())
}

fn account(workshop: &Workshop, commands: &[(String, String)]) -> String {
    let mut text = format!(
        "The workshop **{}** did not come with this program. Its commands run on this machine, as you, in folders of the lab:\n\n",
        workshop.title
    );
    for (step, command) in commands.iter().take(SHOWN) {
        let line = command.lines().next().unwrap_or_default();
        let _ = writeln!(text, "- {step}: `{line}`");
    }
    if commands.len() > SHOWN {
        let _ = writeln!(text, "- … and {} more", commands.len() - SHOWN);
    }
    text
}
