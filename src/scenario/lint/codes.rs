//! What every code means, for `atelier explain`.

use super::Code;

impl Code {
    /// All codes, in their order.
    pub const ALL: [Self; 37] = [
        Self::Syntax,
        Self::UnknownField,
        Self::UnknownWord,
        Self::MissingField,
        Self::WrongValue,
        Self::DuplicateKey,
        Self::Version,
        Self::File,
        Self::OneKey,
        Self::Body,
        Self::DuplicateId,
        Self::BadId,
        Self::UnknownStep,
        Self::Cycle,
        Self::UnknownActor,
        Self::UnknownRepository,
        Self::MissingFile,
        Self::Unused,
        Self::DuplicateTerm,
        Self::UnknownTerm,
        Self::Template,
        Self::Undefined,
        Self::EarlyFact,
        Self::Expression,
        Self::UnknownVariable,
        Self::Pattern,
        Self::NoUndo,
        Self::Secret,
        Self::Typed,
        Self::Asker,
        Self::Race,
        Self::NoVerify,
        Self::NoHint,
        Self::LongText,
        Self::Estimate,
        Self::UnusedTerm,
        Self::LongTerm,
    ];

    /// In a few words.
    pub fn title(self) -> &'static str {
        self.texts().0
    }

    /// What is wrong, why that matters, and what would be right.
    pub fn explanation(self) -> &'static str {
        self.texts().1
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Syntax
            | Self::UnknownField
            | Self::UnknownWord
            | Self::MissingField
            | Self::WrongValue
            | Self::DuplicateKey
            | Self::Version
            | Self::File
            | Self::OneKey
            | Self::Body => self.texts_of_files(),
            Self::DuplicateId
            | Self::BadId
            | Self::UnknownStep
            | Self::Cycle
            | Self::UnknownActor
            | Self::UnknownRepository
            | Self::MissingFile
            | Self::Unused
            | Self::DuplicateTerm
            | Self::UnknownTerm => self.texts_of_names(),
            Self::Template
            | Self::Undefined
            | Self::EarlyFact
            | Self::Expression
            | Self::UnknownVariable
            | Self::Pattern => self.texts_of_templates(),
            _ => self.texts_of_advice(),
        }
    }

    fn texts_of_files(self) -> (&'static str, &'static str) {
        match self {
            Self::Syntax => (
                "the file is not YAML",
                "The parser cannot go on at this place; the mistake is often a line\nabove: a quote that is not closed, a tab, an indentation that fits nothing.",
            ),
            Self::UnknownField => (
                "a key means nothing here",
                "Every map takes certain keys and no others, so that a misspelt key is not\nsilently without effect. The help names the keys that are taken.",
            ),
            Self::UnknownWord => (
                "a word is not in the list",
                "Actions, checks, styles and the like are words out of a list. There is no\n`sleep`: wait for a fact with `wait`.",
            ),
            Self::MissingField => (
                "a key is missing",
                "Every step has an `id`, a `title` and an `explain`; bodies of actions and\nchecks have keys of their own that they cannot do without.",
            ),
            Self::WrongValue => (
                "a value is of another type or form",
                "Lengths of time are written `90s`, `2m`, `1h30m`; booleans `true` and `false`;\nversions of tools `>=2.30`.",
            ),
            Self::DuplicateKey => (
                "a key stands twice",
                "Of two values under one key only one could count, and nobody would see which.",
            ),
            Self::Version => (
                "the file is for another program",
                "`apiVersion` says for which version of the format a file is written, `kind`\nwhat it is. A file for a newer version needs a newer program.",
            ),
            Self::File => (
                "the file cannot be read",
                "Files are text in UTF-8, at most one mebibyte, without depths and repetitions\nthat no person writes.",
            ),
            Self::OneKey => (
                "an action or a check has exactly one key",
                "Write `- run: git status`, or `- run:` and below it, indented, the keys of its\nbody. Each begins with `- ` of its own.",
            ),
            _ => (
                "a body has too little or too much",
                "Some keys exclude each other, such as `name` and `labels`: exactly one of them\nsays what is meant.",
            ),
        }
    }

    fn texts_of_names(self) -> (&'static str, &'static str) {
        match self {
            Self::DuplicateId => (
                "an id stands twice",
                "Steps of a track, and checks of a step, are told apart by their ids; a step\nmay not have the name of a track either, since facts are found under both.",
            ),
            Self::BadId => (
                "an id cannot be used in templates",
                "Ids are `snake_case`: in templates and expressions `-` is minus.",
            ),
            Self::UnknownStep => (
                "a step is named that does not exist",
                "`needs` names steps of other tracks, `<track>.<step>`.",
            ),
            Self::Cycle => (
                "steps wait for each other",
                "A step comes after the one above it and after all that it needs. Nobody could\never begin.",
            ),
            Self::UnknownActor => (
                "an actor is named that does not exist",
                "Actors are declared in `workshop.yaml`; a track's is the one of its own name\nunless it says `actor`.",
            ),
            Self::UnknownRepository => (
                "a repository is named that set-up does not make",
                "List it under `repositories` in `workshop.yaml`, with its owner.",
            ),
            Self::MissingFile => (
                "a file is named that does not exist",
                "Files are beside the scenario, usually in `files/`; templates of repositories\nin `templates/`.",
            ),
            Self::DuplicateTerm => (
                "a word is defined twice",
                "Of two texts for one word only one could be shown. Spellings under `also` count,\nand large and small letters are the same.",
            ),
            Self::UnknownTerm => (
                "a word is marked that nobody defines",
                "`[reconciles](#reconciliation)` marks a word; `glossary` in `workshop.yaml` says\nwhat it means, under the name behind `#` or a spelling of it.",
            ),
            _ => (
                "a file has no track",
                "Every file of a workshop's folder is the scenario of a track; declare the track\nin `workshop.yaml`, or move the file away.",
            ),
        }
    }

    fn texts_of_templates(self) -> (&'static str, &'static str) {
        match self {
            Self::Template => (
                "a template is none",
                "Strings are Tera templates. Braces of other tools, such as Go's, go between\n`{% raw %}` and `{% endraw %}`.",
            ),
            Self::Undefined => (
                "a name is not defined",
                "Known are `vars`, `actor`, `git`, `forge`, `registry`, `work`, `cluster` and\n`facts`; in hints and messages also the checks of the step by their ids.",
            ),
            Self::EarlyFact => (
                "a fact is used before it can be known",
                "`facts.<step>.<check>.<name>` is known after that check has passed; facts of\nanother track are known when the step `needs` that one.",
            ),
            Self::Expression => ("an expression is none", "Conditions are CEL, as in Kubernetes."),
            Self::UnknownVariable => (
                "an expression uses an unknown variable",
                "Each kind of check gives its own: `object`, `commit`, `response`, `stdout`, …",
            ),
            _ => (
                "a regular expression is none",
                "Patterns are those of Rust's regex crate: no look-around, no references back.",
            ),
        }
    }

    fn texts_of_advice(self) -> (&'static str, &'static str) {
        match self {
            Self::NoUndo => (
                "a command changes the lab, and nothing undoes it",
                "A `run` with `effects: remote` is opaque: a reset cannot know what to take back.\nWrite `undo` for the step, or use an action such as `apply` or `commit`.",
            ),
            Self::Secret => (
                "a text looks as if it held a secret",
                "Texts are shown on screens, and are in Git. Tokens belong to actors, who have\nthem in their environment already.",
            ),
            Self::Typed => (
                "a command could be an action",
                "`apply`, `delete`, `scale` and `commit` are shown as the same commands, do nothing\nwhere it is so already, and can be undone; a `run` can do neither.",
            ),
            Self::Asker => (
                "nothing in the cluster can ask",
                "A check `http` with `from` makes a Pod in that namespace, of an image that holds\natelier: that of a sample. The workshop lists it under `images`.",
            ),
            Self::Race => (
                "two tracks write the same path in no order",
                "Whoever is second overwrites the first, or is refused. Let one step `need` the\nother, or give each track a path of its own.",
            ),
            Self::NoVerify => (
                "a step cannot tell when it is done",
                "Without `verify` nobody sees progress, and a rehearsal proves nothing. Where the\nfact is in a person's head, ask with `answer`.",
            ),
            Self::NoHint => (
                "a step has no help",
                "Name the commonest mistake; with `when` for exactly the state that shows it.",
            ),
            Self::LongText => (
                "a text is longer than people read",
                "One idea for each step. What is not needed to go on belongs into `notes`.",
            ),
            Self::UnusedTerm => (
                "a word is explained, and no step marks it",
                "People learn that a word can be looked up from the mark where it first appears.\nMark it there, or take it out of the glossary.",
            ),
            Self::LongTerm => (
                "a word is explained at length",
                "Who looks a word up wants to read on. Forty words say what it is; the steps say\nthe rest.",
            ),
            _ => (
                "the estimates do not add up",
                "The `estimated` of the steps come to something else than that of the track, by\nmore than a third. People plan their day by the one, and trainers by the other.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_there_once_with_words_of_its_own() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert!(names.is_sorted(), "{names:?}");
        names.dedup();
        let mut titles: Vec<_> = Code::ALL.iter().map(|code| code.title()).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!((names.len(), titles.len()), (Code::ALL.len(), Code::ALL.len()));
    }
}
