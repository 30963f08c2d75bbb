//! What others (a pipeline, mostly) say of a commit: one status per context, of which the newest counts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::metadata::matches;

/// Statuses of one commit.
const LIMIT: usize = 1000;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Pending,
    Success,
    Warning,
    Failure,
    Error,
}

impl State {
    pub(super) const ALL: [Self; 5] =
        [Self::Pending, Self::Success, Self::Warning, Self::Failure, Self::Error];

    /// The word of the API.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Failure => "failure",
            Self::Error => "error",
        }
    }

    fn is_good(self) -> bool {
        matches!(self, Self::Success | Self::Warning)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Status {
    pub(super) id: u64,
    pub(super) sha: String,
    pub(super) state: State,
    pub(super) context: String,
    pub(super) description: String,
    pub(super) target_url: String,
    /// The user's id.
    pub(super) creator: u64,
    pub(super) created: Timestamp,
}

/// All statuses of a repository, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Statuses {
    all: Vec<Status>,
}

impl Statuses {
    /// Adds one and gives it its id; nothing when the commit has too many.
    pub(super) fn add(&mut self, status: Status) -> Option<Status> {
        if self.all.iter().filter(|other| other.sha == status.sha).count() >= LIMIT {
            return None;
        }
        let made = Status { id: self.all.last().map_or(1, |last| last.id + 1), ..status };
        self.all.push(made.clone());
        Some(made)
    }

    /// Those of a commit, oldest first.
    pub(super) fn of(&self, sha: &str) -> Vec<Status> {
        self.all.iter().filter(|status| status.sha == sha).cloned().collect()
    }

    /// The newest of each context of a commit, oldest first.
    pub(super) fn current(&self, sha: &str) -> Vec<Status> {
        let of = self.of(sha);
        let newer =
            |status: &Status| of.iter().any(|other| other.context == status.context && other.id > status.id);
        of.iter().filter(|status| !newer(status)).cloned().collect()
    }
}

/// What several say together; nothing when there are none.
pub(super) fn combined(statuses: &[Status]) -> Option<State> {
    let any = |wanted: &[State]| statuses.iter().any(|status| wanted.contains(&status.state));
    match () {
        () if statuses.is_empty() => None,
        () if any(&[State::Error, State::Failure]) => Some(State::Failure),
        () if any(&[State::Pending]) => Some(State::Pending),
        () => Some(State::Success),
    }
}

/// Whether what a rule asks for is there and good: each wanted context, or everything there is.
pub(super) fn satisfy(statuses: &[Status], wanted: &[String]) -> bool {
    if wanted.is_empty() {
        return combined(statuses) == Some(State::Success);
    }
    wanted.iter().all(|pattern| {
        let mut found = statuses.iter().filter(|status| matches(pattern, &status.context)).peekable();
        found.peek().is_some() && found.all(|status| status.state.is_good())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(states: &[(&str, State)]) -> Statuses {
        let mut all = Statuses::default();
        for (context, state) in states {
            let one = Status {
                id: 0,
                sha: "a".to_owned(),
                state: *state,
                context: (*context).to_owned(),
                description: String::new(),
                target_url: String::new(),
                creator: 1,
                created: Timestamp::UNIX_EPOCH,
            };
            assert!(all.add(one).is_some());
        }
        all
    }

    #[test]
    fn the_newest_of_each_context_counts() {
        let wanted = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        for (states, together, build, all) in [
            (vec![], None, false, false),
            (vec![("build", State::Pending)], Some(State::Pending), false, false),
            (vec![("build", State::Failure), ("build", State::Success)], Some(State::Success), true, true),
            (vec![("build", State::Success), ("lint", State::Error)], Some(State::Failure), true, false),
            (vec![("lint", State::Success)], Some(State::Success), false, true),
        ] {
            let current = of(&states).current("a");
            assert_eq!(combined(&current), together, "{states:?}");
            assert_eq!(satisfy(&current, &wanted(&["build"])), build, "{states:?}");
            assert_eq!(satisfy(&current, &[]), all, "{states:?}");
        }
        assert!(of(&[("build", State::Success)]).current("b").is_empty());
    }
}
