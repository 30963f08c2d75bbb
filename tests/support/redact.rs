//! Replaces what differs from run to run, so that whole outputs can be compared.

use regex::{Captures, Regex};

/// What is replaced, in this order: given texts first, then patterns.
pub(crate) struct Redaction {
    texts: Vec<(String, &'static str)>,
    patterns: Vec<(Regex, &'static str)>,
}

impl Redaction {
    /// Replaces each of `texts` (folders of a test, say) and what no two runs have in common.
    pub(crate) fn new(texts: Vec<(String, &'static str)>) -> Self {
        let patterns = [
            (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uuid>"),
            (r"\b[0-9a-f]{64}\b", "<sha256>"),
            (r"\b[0-9a-f]{40}\b", "<sha1>"),
            (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", "<time>"),
            (r"\b(127\.0\.0\.1|localhost):\d{2,5}\b", "$1:<port>"),
            (r"\b(port) \d{2,5}\b", "$1 <port>"),
            (r"\b(process|pid) \d+\b", "$1 <pid>"),
            (r"\b\d+(\.\d+)? ?(ms|µs|s)\b", "<duration>"),
            (r"\b\d+\.\d MB\b", "<size>"),
        ];
        let patterns = patterns.map(|(pattern, word)| (Regex::new(pattern).unwrap(), word));
        Self { texts, patterns: patterns.into() }
    }

    /// The text with all of it replaced; a short hash is replaced only where it cannot be a word or a number.
    pub(crate) fn apply(&self, text: &str) -> String {
        let text = self.texts.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        let replace = |text: String, (pattern, word): &(Regex, &'static str)| {
            pattern.replace_all(&text, *word).into_owned()
        };
        let text = self.patterns.iter().fold(text, replace);
        let short = Regex::new(r"\b[0-9a-f]{7,12}\b").unwrap();
        let mixed =
            |word: &str| word.contains(|c: char| c.is_ascii_digit()) && word.contains(char::is_alphabetic);
        let short_hash = |found: &Captures| match &found[0] {
            word if mixed(word) => "<hash>".to_owned(),
            word => word.to_owned(),
        };
        short.replace_all(&text, short_hash).into_owned()
    }
}

#[test]
fn what_differs_is_replaced_and_what_does_not_is_kept() {
    let text = "lab `one` at /tmp/x1/state, since 2026-11-21T08:03:02.5Z, http://127.0.0.1:40001/a, port 40002,\n\
        process 4711, took 1.25s and 12 ms, 1.5 MB, main@sha1:9c3f0a1b, postcard-5d9f6c7b8-abcde, 4 copies in 2m, port\n\
        03d71afc5a31d9098a119ccf625a8683366b8518 28aee21b-8369-4a41-bbd6-7346d5e42452 deadbeef 12345678";
    insta::assert_snapshot!(Redaction::new(vec![("/tmp/x1".to_owned(), "<world>")]).apply(text), @"
    lab `one` at <world>/state, since <time>, http://127.0.0.1:<port>/a, port <port>,
    process <pid>, took <duration> and <duration>, <size>, main@sha1:<hash>, postcard-<hash>-abcde, 4 copies in 2m, port
    <sha1> <uuid> deadbeef 12345678
    ");
}

/// What kubectl says of a removal in its older words: since 1.33 it names the namespace as well.
pub(crate) fn without_namespace(text: &str) -> String {
    Regex::new(r"(?m)( deleted) from [a-z0-9-]+ namespace$").unwrap().replace_all(text, "$1").into_owned()
}
