//! The only place that prints. Data goes to standard output, talk to standard error; `--json` gives the same facts
//! as data; colour is never the only carrier of anything.

mod human;
mod markdown;
mod output;
mod words;

pub use output::{Mode, Ui};
pub use words::{caret, duration, minutes, table};
