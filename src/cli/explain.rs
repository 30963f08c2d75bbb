//! `atelier explain`: what a code of lint means, with an example of what is wrong and of what is right.

use clap::Args;
use serde_json::json;

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::scenario::Code;
use crate::ui::{Mode, table};

/// Say what a code of lint means
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The code, such as `W202` [default: list all]
    code: Option<String>,
}

pub(super) fn run(global: &Global, args: ExplainArgs) -> Result<u8, Failure> {
    let Some(name) = args.code else {
        let rows: Vec<_> =
            Code::ALL.iter().map(|code| vec![code.name().to_owned(), code.title().to_owned()]).collect();
        match global.ui.mode() {
            Mode::Json => {
                let codes = Code::ALL.iter().map(|code| json!({"code": code, "title": code.title()}));
                global.ui.document(&codes.collect::<Vec<_>>());
            }
            Mode::Human => global.ui.data(&table(&rows)),
        }
        return Ok(0);
    };
    let Some(code) = Code::ALL.into_iter().find(|code| code.name().eq_ignore_ascii_case(&name)) else {
        return Err(Failure::new(Kind::Arguments, format!("there is no code `{name}`"))
            .hint("`atelier explain` lists all codes"));
    };
    match global.ui.mode() {
        Mode::Json => {
            global.ui.document(&json!({"code": code, "severity": code.severity(), "title": code.title(),
            "explanation": code.explanation()}));
        }
        Mode::Human => {
            global.ui.data(&format!("{}: {}\n\n{}\n", code.name(), code.title(), code.explanation()));
        }
    }
    Ok(0)
}
