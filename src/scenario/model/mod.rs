//! What a workshop and its tracks are made of, as written: every part knows its place in its file. The bodies of
//! actions and checks are beside their code, in `actions/` and `checks/`.

mod length;
mod part;
mod placed;
mod scenario;
mod step;
mod workshop;

pub use length::Length;
pub(crate) use part::Part;
pub use placed::{At, Placed, Text};
pub use scenario::{Difficulty, Requires, Scenario};
pub use step::{Before, Hint, Step, Style};
pub(crate) use workshop::WorkshopFile;
pub use workshop::{App, Cluster, Environment, Repository, Track};
