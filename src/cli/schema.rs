//! `atelier schema`: prints the JSON schema of scenario files, for editors.

use clap::Args;

use super::global::Global;
use crate::scenario::schema;

/// Print the JSON schema of scenario files
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {}

pub(super) fn run(global: &Global, _args: &SchemaArgs) -> u8 {
    global.ui.data(&(serde_json::to_string_pretty(&schema()).unwrap_or_default() + "\n"));
    0
}
