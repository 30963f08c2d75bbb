//! What a workshop and its tracks are made of, as written: every part knows its place in its file. The bodies of
//! actions and checks are beside their code, in `actions/` and `checks/`.

mod length;
mod part;
mod placed;
mod requires;
mod scenario;
mod schema;
mod step;
mod term;
mod workshop;

pub use length::Length;
pub(crate) use part::Part;
pub use placed::{At, Placed, Text};
pub(crate) use requires::Versions;
pub use requires::{Component, Requires};
pub use scenario::{Difficulty, Scenario};
pub(crate) use schema::text_or;
pub use step::{Before, Hint, Step, Style};
pub use term::Term;
pub(crate) use workshop::WorkshopFile;
pub use workshop::{App, Cluster, Environment, Repository, Track};
