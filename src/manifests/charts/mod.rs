//! Helm charts, rendered in-process as Helm 4 does: files in, manifests out, errors in Helm's words.
//!
//! ```text
//! let chart = Chart::from_archive(&bytes)?;          // or Chart::from_files(files), Chart::from_folder(path)
//! let rendered = render(&chart, &values, &Release { .. }, &Capabilities::default(), &Options::default())?;
//! rendered.crds        // of crds/, to be applied first, never deleted
//! rendered.hooks       // with events, weight and delete policies, in the order in which they run
//! rendered.manifests   // all else, in the order in which kinds are installed
//! rendered.notes       // of templates/NOTES.txt
//! ```
//!
//! `values` are the user's alone; those of the chart and its subcharts are merged in, conditions, tags, aliases and
//! imports are followed, and `values.schema.json` is checked. `Options::lookup` answers `lookup`; without it every
//! object is missing, as with `helm template`. Rendering is bounded in output, steps and stack, and blocks: call it off
//! the async threads. Two renderings of the same input differ only in what is random or asks for the time.
//!
//! The language is [`text/template`](https://pkg.go.dev/text/template) and is in `template`, which knows nothing of
//! Helm; the functions are in `functions`.

mod capabilities;
mod chart;
mod coalesce;
mod dates;
mod dependencies;
mod encoding;
mod engine;
mod error;
mod files;
mod functions;
mod ignore;
mod lint;
mod lint_chart;
mod lint_templates;
mod load;
mod manifest;
mod metadata;
mod release;
mod render;
mod schema;
mod set;
mod template;

pub use capabilities::Capabilities;
pub use chart::{Chart, File};
pub use error::Error;
pub use lint::{Finding, Severity, lint};
pub use load::{LoadError, archive_files, folder_files, read_values, without_ignored};
pub use manifest::{Hook, HookEvent, Manifest};
pub use metadata::{Dependency, Metadata};
pub use release::Release;
pub use render::{Lookup, Options, Rendered, render, render_files};
pub use set::set_values;
