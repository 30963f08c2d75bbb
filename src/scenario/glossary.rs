//! The words of a workshop: what each means, and where texts mark it. A text marks a word as a link to a heading
//! that has its name, `[reconciles](#reconciliation)`, which is plain Markdown for every other reader.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use super::lint::did_you_mean;
use super::model::{Step, Term};
use super::workshop::Workshop;

static MARK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[([^\[\]`]+)\]\(#([^()\s]*)\)").expect("the pattern is one"));

/// A word that a text marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark<'a> {
    /// The word as the text has it.
    pub(crate) word: &'a str,
    /// Which word of the glossary is meant, as [`anchor`] has it.
    pub(crate) anchor: &'a str,
    /// Where the mark begins, in bytes.
    pub(crate) start: usize,
    /// Where it ends, in bytes.
    pub(crate) end: usize,
}

/// The words that a text marks, in order.
pub(crate) fn marks(text: &str) -> impl Iterator<Item = Mark<'_>> {
    MARK.captures_iter(text).filter_map(|found| {
        let (whole, word, anchor) = (found.get(0)?, found.get(1)?, found.get(2)?);
        let (start, end) = (whole.start(), whole.end());
        Some(Mark { word: word.as_str(), anchor: anchor.as_str(), start, end })
    })
}

/// A text without its marks: the words stay.
pub(crate) fn unmarked(text: &str) -> String {
    MARK.replace_all(text, "$1").into_owned()
}

/// The name of a word in links, as headings of Markdown have it: `Pull request` is `pull-request`.
pub(crate) fn anchor(word: &str) -> String {
    let letter = |letter: char| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ => letter.is_alphanumeric().then_some(letter),
    };
    word.trim().to_lowercase().chars().filter_map(letter).collect()
}

/// A word, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Word {
    /// The word.
    pub term: String,
    /// Its name in links.
    pub anchor: String,
    /// Other spellings.
    pub also: Vec<String>,
    /// What it means, Markdown.
    pub text: String,
    /// The first step of every track that marks it, `<track>.<step>`.
    pub first: Vec<String>,
}

impl Workshop {
    /// All words, by the alphabet.
    pub fn words(&self) -> Vec<Word> {
        let mut words: Vec<_> = self.glossary.iter().map(|(name, term)| self.explained(name, term)).collect();
        words.sort_by_key(|word| word.term.to_lowercase());
        words
    }

    /// The word that is written so, or has this name in links.
    pub fn word(&self, written: &str) -> Option<Word> {
        let (name, term) = self.glossary.iter().find(|(name, term)| is_meant(written, name, term))?;
        Some(self.explained(name, term))
    }

    /// What somebody may have meant who asked for a word that is not there.
    pub fn nearest_words(&self, written: &str) -> String {
        let names = self.words().into_iter().flat_map(|word| [vec![word.term], word.also].concat());
        did_you_mean(written, names.collect::<Vec<_>>().iter().map(String::as_str), "words are")
    }

    /// The words that a step's text marks, in their order there, each once.
    pub(crate) fn words_of(&self, step: &Step) -> Vec<Word> {
        let mut found: Vec<Word> = Vec::new();
        for word in marks(&step.explain).filter_map(|mark| self.word(mark.anchor)) {
            if !found.contains(&word) {
                found.push(word);
            }
        }
        found
    }

    fn explained(&self, name: &str, term: &Term) -> Word {
        let marked = |step: &Step| marks(&step.explain).any(|mark| is_meant(mark.anchor, name, term));
        let first = self.scenarios.iter().filter_map(|(track, scenario)| {
            let step = scenario.steps.iter().find(|step| marked(step))?;
            Some(format!("{track}.{}", step.id.value))
        });
        Word {
            term: name.to_owned(),
            anchor: anchor(name),
            also: term.also.iter().map(|also| also.value.clone()).collect(),
            text: term.text.split_whitespace().collect::<Vec<_>>().join(" "),
            first: first.collect(),
        }
    }
}

/// Whether this term is meant, by its own spelling or by another.
pub(crate) fn is_meant(written: &str, name: &str, term: &Term) -> bool {
    let mut names = std::iter::once(name).chain(term.also.iter().map(|also| also.value.as_str()));
    let written = anchor(written);
    names.any(|name| anchor(name) == written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_links_to_a_word_and_nothing_else_is() {
        let text = "A [Pod](#pod) [x](http://y) `[[ -f a ]](#no` **[pull request](#pull-request)s** [a] (#b)";
        let found: Vec<_> = marks(text).map(|mark| (mark.word, mark.anchor)).collect();
        assert_eq!(found, [("Pod", "pod"), ("pull request", "pull-request")]);
        assert_eq!(unmarked("A [Pod](#pod), [x](http://y)"), "A Pod, [x](http://y)");
    }

    #[test]
    fn names_in_links_are_those_of_headings() {
        let cases = [("Pull request", "pull-request"), ("ErrImagePull", "errimagepull"), ("a/b (c)", "ab-c")];
        for (word, expected) in cases {
            assert_eq!(anchor(word), expected);
        }
    }
}
