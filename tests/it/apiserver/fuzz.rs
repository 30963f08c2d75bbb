//! The fuzz targets' function, fed with their corpus: what once was found, or might be, stays harmless.

use crate::support::source::package;

#[path = "../../fuzz/feed.rs"]
mod feed;

use feed::Parser;

#[test]
fn the_corpus_does_no_harm() {
    let mut fed = 0;
    for (name, parser) in [
        ("path", Parser::Path),
        ("selector", Parser::Selector),
        ("patch", Parser::Patch),
        ("body", Parser::Body),
        ("rule", Parser::Rule),
        ("policy", Parser::Policy),
    ] {
        for file in std::fs::read_dir(package().join("tests/fuzz/corpus").join(name)).unwrap() {
            feed::feed(parser, &std::fs::read(file.unwrap().path()).unwrap());
            fed += 1;
        }
    }
    assert!(fed >= 20, "{fed} inputs");
}
