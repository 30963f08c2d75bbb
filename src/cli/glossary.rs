//! `atelier glossary`: what the words of a workshop mean. Needs no lab.

use clap::Args;

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::scenario::Word;
use crate::ui::Mode;

/// Say what the words of a workshop mean
#[derive(Debug, Args)]
pub(super) struct GlossaryArgs {
    /// The word, in any of its spellings [default: all]
    term: Vec<String>,
}

pub(super) fn run(global: &Global, args: &GlossaryArgs) -> Result<u8, Failure> {
    let spec = global.existing_lab().ok().map(|(_, spec)| spec);
    let workshop = global.library(spec.as_ref())?.workshop(&global.workshop(spec.as_ref()))?;
    let asked = args.term.join(" ");
    let words = if asked.is_empty() {
        workshop.words()
    } else {
        let Some(word) = workshop.word(&asked) else {
            let text = format!("the workshop `{}` does not explain `{asked}`", workshop.id);
            return Err(Failure::new(Kind::Arguments, text)
                .hint(workshop.nearest_words(&asked))
                .hint("`atelier glossary` lists all"));
        };
        vec![word]
    };
    match global.ui.mode() {
        Mode::Json => global.ui.document(&words),
        Mode::Human => {
            let texts = words.iter().map(|word| shown(global, word));
            global.ui.data(&texts.collect::<Vec<_>>().join("\n"));
        }
    }
    Ok(0)
}

/// A word with its spellings, below it what it means and where it comes first.
fn shown(global: &Global, word: &Word) -> String {
    let also = word.also.iter().fold(String::new(), |text, also| format!("{text}, {also}"));
    let first = match word.first.as_slice() {
        [] => String::new(),
        steps => format!("  First in {}.\n", steps.join(", ")),
    };
    format!("{}{also}\n{}\n{first}", word.term, global.ui.paragraph(&word.text, "  "))
}
