//! The fuzz target of the loader, fed with its corpus, and with a good file that was broken in many ways.

use crate::support::source::package;

#[path = "../../fuzz/material.rs"]
mod material;

/// Numbers that look like chance, and are the same each time.
fn chance(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap()
}

#[test]
fn the_corpus_does_no_harm() {
    let folder = package().join("tests/fuzz/corpus/material");
    let fed = std::fs::read_dir(folder).unwrap();
    let fed = fed.map(|file| material::feed(&std::fs::read(file.unwrap().path()).unwrap())).count();
    assert!(fed >= 18, "{fed} inputs");
}

#[test]
fn a_good_file_broken_anywhere_is_told_with_its_place() {
    let good = std::fs::read(package().join("tests/fuzz/corpus/material/good")).unwrap();
    let words: [&[u8]; 12] =
        [b"\t", b"\n", b"- ", b": ", b"{{", b"}}", b"{%", b"&a ", b"*a", b"[", b"\"", b"\xff"];
    let mut state = 8;
    for round in 0..400 {
        let mut bytes = good.clone();
        for _ in 0..=round % 3 {
            let at = chance(&mut state) % bytes.len();
            match chance(&mut state) % 4 {
                0 => bytes.truncate(at.max(1)),
                1 => drop(bytes.remove(at)),
                2 => bytes[at] = bytes[chance(&mut state) % bytes.len()],
                _ => {
                    let word = words[chance(&mut state) % words.len()];
                    bytes.splice(at..at, word.iter().copied());
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        material::feed(&bytes);
    }
}
