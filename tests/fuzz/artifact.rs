//! Hands arbitrary bytes to what reads artefacts: Dockerfiles and `.dockerignore`, archives and charts, names and
//! values on command lines. The first byte chooses. An answer is right when it is an answer within bounds: no panic,
//! nothing outside the tree, and what was read is written and read again the same.

use atelier::artifacts::{Base, Chart, Entry, Recipe, Reference, Tree, pack, unpack};
use atelier::manifests::charts;

/// Feeds bytes to a parser.
pub(crate) fn feed(bytes: &[u8]) {
    let (first, rest) = bytes.split_first().map_or((b'd', bytes), |(first, rest)| (*first, rest));
    match first {
        b'i' => build(b"FROM scratch\nCOPY . /srv/\nCOPY a* /x/\n", rest),
        b'a' => archive(rest),
        b'c' => chart(rest),
        b'n' => name(&String::from_utf8_lossy(rest)),
        b'v' => drop(charts::set_values(&mut serde_json::Map::new(), &String::from_utf8_lossy(rest), false)),
        _ => build(rest, b"*.tmp\n!keep.tmp\n"),
    }
}

fn build(dockerfile: &[u8], ignore: &[u8]) {
    let file = |bytes: &[u8]| Entry::File(bytes.to_vec());
    let tree: Tree = [
        ("Dockerfile", file(dockerfile)),
        (".dockerignore", file(ignore)),
        ("a", file(b"a")),
        ("folder", Entry::Folder),
        ("folder/file", file(b"b")),
        ("link", Entry::Link("folder/file".to_owned())),
        ("circle", Entry::Link("circle".to_owned())),
        ("out", Entry::Link("../../etc/passwd".to_owned())),
    ]
    .map(|(path, entry)| (path.to_owned(), entry))
    .into();
    let Ok((_, image)) = Recipe::default().read(&tree) else { return };
    let base = Base::scratch(&["linux/amd64".to_owned()]).unwrap();
    let Ok(packed) = image.build(&tree, &base) else { return };
    for layer in &packed.blobs[..packed.blobs.len() - 1] {
        // Links may lead anywhere in an image, which is more than our own reader follows.
        if let Ok(files) = unpack(layer) {
            assert!(
                files.keys().all(|path| !path.starts_with('/') && !path.split('/').any(|part| part == ".."))
            );
        }
    }
}

fn archive(bytes: &[u8]) {
    let Ok(files) = unpack(bytes) else { return };
    let inside = |path: &String| {
        !path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
    };
    assert!(files.keys().all(inside), "a path leaves the tree");
    let tree: Tree = files.iter().map(|(path, bytes)| (path.clone(), Entry::File(bytes.clone()))).collect();
    if let Ok(packed) = pack(&tree) {
        assert_eq!(unpack(&packed).unwrap(), files);
    }
}

fn chart(bytes: &[u8]) {
    let _ = charts::Chart::from_archive(bytes);
    if let Ok(chart) = Chart::from_archive(bytes.to_vec()) {
        assert_eq!(chart.packed(), Chart::from_archive(chart.archive.clone()).unwrap().packed());
    }
}

fn name(text: &str) {
    if let Ok(reference) = text.parse::<Reference>() {
        let again: Reference = reference.to_string().parse().unwrap();
        assert_eq!((again.host, again.name), (reference.host, reference.name));
    }
}
