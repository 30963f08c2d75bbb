//! What happens, as data. Everything below the user interface tells it through an [`Events`] handle and never
//! prints; `ui` turns events into lines or JSON. No event carries a secret.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

/// What a stage's `ensure` or `remove` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was so already.
    Unchanged,
    /// It did not exist before.
    Created,
    /// It existed and was changed.
    Updated,
    /// It existed and is gone now.
    Removed,
}

impl Outcome {
    /// Merges the outcomes of the parts of a whole: any change makes the whole changed.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unchanged, other) => other,
            (this, Self::Unchanged) => this,
            (Self::Created, Self::Created) => Self::Created,
            (Self::Removed, Self::Removed) => Self::Removed,
            _ => Self::Updated,
        }
    }
}

/// How far one check of a chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// It has passed.
    Passed,
    /// It is the one that is waited for.
    Open,
    /// It is looked at when those before it have passed.
    Later,
}

/// One check of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The check's id.
    pub check: String,
    /// What must become true.
    pub expects: String,
    /// What was last observed; nothing before the first look.
    pub observed: String,
    /// How far it is.
    pub state: LinkState,
}

/// A word and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// The word.
    pub term: String,
    /// What it means, Markdown.
    pub text: String,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A stage of set-up or teardown began.
    StageStarted {
        /// The stage's name.
        stage: String,
    },
    /// A stage tells what it waits for.
    StageWaiting {
        /// The stage's name.
        stage: String,
        /// What must become true, as a noun phrase.
        waits_for: String,
    },
    /// A stage came to its end.
    StageFinished {
        /// The stage's name.
        stage: String,
        /// What it did.
        outcome: Outcome,
        /// How long it took.
        took: Duration,
        /// What it made, in a few words.
        detail: String,
    },
    /// A step of a track began.
    StepStarted {
        /// `<track>.<step>`.
        step: String,
        /// The step's title.
        title: String,
        /// The rendered text for the learner, Markdown.
        explain: String,
        /// Whom the tool plays in this step, when it does.
        played_as: Option<String>,
        /// Its place in the track, from 1.
        number: usize,
        /// How many steps the track has.
        of: usize,
        /// How long a person needs for it.
        estimated: Option<Duration>,
        /// How long a person needs to the end of the track, this step included.
        left: Duration,
    },
    /// The text of an earlier step is shown again; nothing else happens.
    StepRecalled {
        /// `<track>.<step>`.
        step: String,
        /// The step's title.
        title: String,
        /// The rendered text for the learner, Markdown.
        explain: String,
    },
    /// What a learner is to type or to change in a guided step, one entry for each action.
    StepCommands {
        /// `<track>.<step>`.
        step: String,
        /// The commands, each of one or more lines.
        commands: Vec<String>,
    },
    /// What words of a step mean, for a learner who asks.
    Words {
        /// `<track>.<step>`.
        step: String,
        /// The words, in their order in the text.
        words: Vec<Meaning>,
    },
    /// Help for a learner.
    Hint {
        /// `<track>.<step>`.
        step: String,
        /// The help, rendered, Markdown.
        text: String,
    },
    /// A step is left out: a learner wants it so, or it cannot be done here.
    StepSkipped {
        /// `<track>.<step>`.
        step: String,
        /// Why it cannot be done here.
        reason: Option<String>,
    },
    /// A step waits for steps of other tracks.
    StepGated {
        /// `<track>.<step>`.
        step: String,
        /// The steps that are not complete yet.
        needs: Vec<String>,
        /// Whose they are, in the workshop's words.
        who: String,
        /// What to do meanwhile, rendered.
        while_waiting: Option<String>,
    },
    /// Where the chain of a step's checks stands.
    Chain {
        /// `<track>.<step>`.
        step: String,
        /// True for a step of others that is waited for.
        waited_for: bool,
        /// True when somebody has asked for all that is known.
        detailed: bool,
        /// The checks, in order.
        links: Vec<Link>,
    },
    /// An action was started.
    ActionStarted {
        /// `<track>.<step>`.
        step: String,
        /// The actor it runs as.
        actor: String,
        /// The command or change as a person would type or describe it; may have several lines.
        shown: String,
    },
    /// An action's output, at most some lines of it.
    ActionOutput {
        /// `<track>.<step>`.
        step: String,
        /// What the command printed.
        text: String,
    },
    /// What an action has changed in files.
    ActionChanged {
        /// `<track>.<step>`.
        step: String,
        /// For each file its path, then its lines: new ones after `+`, gone ones after `-`, others after a blank.
        difference: String,
    },
    /// An action ended well.
    ActionFinished {
        /// `<track>.<step>`.
        step: String,
        /// The command or change.
        shown: String,
        /// True when nothing had to be done.
        unchanged: bool,
        /// How long it took.
        took: Duration,
    },
    /// A check does not hold yet. Sent when the observation changes, not at every look.
    CheckWaiting {
        /// `<track>.<step>`.
        step: String,
        /// The check's id.
        check: String,
        /// What must become true.
        expects: String,
        /// What was last observed.
        observed: String,
    },
    /// A check holds.
    CheckPassed {
        /// `<track>.<step>`.
        step: String,
        /// The check's id.
        check: String,
        /// What became true.
        expects: String,
        /// How long it was waited for.
        took: Duration,
    },
    /// A check will not become true: its time is over, or its author says that it cannot.
    CheckFailed {
        /// `<track>.<step>`.
        step: String,
        /// The check's id.
        check: String,
        /// What should have become true.
        expects: String,
        /// What was last observed.
        observed: String,
        /// How long it was waited for.
        took: Duration,
    },
    /// A step is complete.
    StepFinished {
        /// `<track>.<step>`.
        step: String,
        /// True when it was complete before (from the journal).
        resumed: bool,
        /// How long it took.
        took: Duration,
    },
    /// Something a person should know.
    Note {
        /// One sentence.
        text: String,
    },
}

/// Where events go. Cheap to clone.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Sends every event to `sink`, which must not block.
    pub fn to(sink: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Drops every event.
    pub fn discard() -> Self {
        Self::to(|_| ())
    }

    /// Sends one event.
    pub fn send(&self, event: Event) {
        (self.0)(event);
    }

    /// Sends a [`Event::Note`].
    pub fn note(&self, text: impl Into<String>) {
        self.send(Event::Note { text: text.into() });
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Events")
    }
}
