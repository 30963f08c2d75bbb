//! The fuzz target of what reads artefacts, fed with its corpus, and with good input that was broken in many ways.

use crate::support::source::package;

#[path = "../../fuzz/artifact.rs"]
mod artifact;

/// Numbers that look like chance, and are the same each time.
fn chance(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap()
}

#[test]
fn the_corpus_does_no_harm() {
    let folder = package().join("tests/fuzz/corpus/artifact");
    let fed = std::fs::read_dir(folder).unwrap();
    let fed = fed.map(|file| artifact::feed(&std::fs::read(file.unwrap().path()).unwrap())).count();
    assert!(fed >= 27, "{fed} inputs");
}

#[test]
fn good_input_broken_anywhere_does_no_harm() {
    let mut state = 6;
    for name in ["dockerfile", "ignore", "archive", "chart", "name", "values"] {
        let good = std::fs::read(package().join("tests/fuzz/corpus/artifact").join(name)).unwrap();
        for round in 0..300 {
            let mut bytes = good.clone();
            for _ in 0..=round % 4 {
                let at = 1 + chance(&mut state) % (bytes.len() - 1);
                match chance(&mut state) % 4 {
                    0 => bytes.truncate(at.max(2)),
                    1 if bytes.len() > 2 => drop(bytes.remove(at)),
                    2 => bytes[at] = bytes[1 + chance(&mut state) % (bytes.len() - 1)],
                    _ => bytes.insert(at, b"\"'\\${}[]*\n\0\xff"[chance(&mut state) % 12]),
                }
            }
            artifact::feed(&bytes);
        }
    }
}
