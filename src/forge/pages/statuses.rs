//! Statuses of commits, in words and colours: the colour is never all that tells.

use maud::{Markup, html};

use super::visit::Seen;
use crate::forge::server::Shared;
use crate::forge::statuses::{State, combined};

fn class(state: State) -> &'static str {
    match state {
        State::Success => "good",
        State::Pending | State::Warning => "wait",
        State::Failure | State::Error => "bad",
    }
}

fn mark(state: State) -> &'static str {
    match state {
        State::Success => "✓",
        State::Pending => "●",
        State::Warning => "!",
        State::Failure | State::Error => "✗",
    }
}

/// All of a commit, one line each; nothing when there are none.
pub(super) fn statuses(shared: &Shared, seen: &Seen, sha: &str) -> Markup {
    let current = seen.repository.statuses.look(|all| all.current(sha));
    let creator = |id: u64| shared.users.by_id(id).map(|user| user.login).unwrap_or_default();
    html! {
        @if !current.is_empty() {
            h2 { "Checks" }
            div.box { table {
                @for status in &current {
                    tr {
                        td class=(class(status.state)) { (mark(status.state)) " " (status.state.name()) }
                        td { (status.context) }
                        td { (status.description) }
                        td { @if !status.target_url.is_empty() { a href=(status.target_url) { "Details" } } }
                        td.dim.right { (creator(status.creator)) }
                    }
                }
            } }
        }
    }
}

/// All of a commit in one mark; nothing when there are none.
pub(super) fn summary(seen: &Seen, sha: &str) -> Markup {
    let state = seen.repository.statuses.look(|all| combined(&all.current(sha)));
    html! { @if let Some(state) = state { span class=(class(state)) title=(state.name()) { (mark(state)) } } }
}
