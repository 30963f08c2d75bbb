//! What a body of an action or a check holds, seen by lint: which strings are templates, which are expressions,
//! which name something that must exist.

use serde_json::Value;

use super::{Placed, Text};

/// One string (or tree) of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    /// Rendered before use.
    Template(&'a Text),
    /// A CEL expression, and the variables that it may use besides `facts`.
    Expression(&'a Text, &'static [&'static str]),
    /// A tree whose strings are templates.
    Tree(&'a Placed<Value>),
    /// The path of a file or folder beside the scenario.
    File(&'a Text),
    /// The name of an actor.
    Actor(&'a Text),
    /// A repository, `<owner>/<name>` or `<name>`, a template.
    Repository(&'a Text),
    /// A regular expression, a template.
    Pattern(&'a Text),
}
