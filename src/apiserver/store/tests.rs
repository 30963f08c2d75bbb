//! What must be so whatever is written: order, no lost update, every earlier state still to be had, nothing lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};

use super::shelf::Place;
use super::{ChangeKind, Expect, Key, Object, Rejected, Store};

fn open(folder: &std::path::Path) -> Arc<Store> {
    Arc::new(Store::open(folder).unwrap())
}

fn key(name: &str) -> Key {
    Key::new("things.example.org", if name < "d" { "one" } else { "two" }, name)
}

/// Name → content of everything there is.
fn state(store: &Store) -> BTreeMap<String, String> {
    contents(&store.list("things.example.org", None).1)
}

fn contents(items: &[(Place, Object)]) -> BTreeMap<String, String> {
    let text = |object: &Object| String::from_utf8(object.json.to_vec()).unwrap();
    items.iter().map(|((_, name), object)| (name.to_string(), text(object))).collect()
}

#[test]
fn concurrent_swaps_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.put(&key("a"), Expect::Absent, |_| b"0".to_vec()).unwrap();
    let mut watcher = store.watch("things.example.org", 0).unwrap();
    let add = || {
        for _ in 0..25 {
            loop {
                let object = store.get(&key("a")).unwrap();
                let number: u64 = std::str::from_utf8(&object.json).unwrap().parse().unwrap();
                let next = move |_| (number + 1).to_string().into_bytes();
                match store.put(&key("a"), Expect::Revision(object.revision), next) {
                    Ok(_) => break,
                    Err(Rejected::Changed) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(add);
        }
    });
    assert_eq!(&*store.get(&key("a")).unwrap().json, b"200");
    let changes = watcher.ready().unwrap();
    let revisions: Vec<_> = changes.iter().map(|change| change.revision).collect();
    assert_eq!(revisions, (1..=201).collect::<Vec<_>>());
    assert_eq!(watcher.position(), 201);
}

#[test]
fn expectations_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let write = |expect| store.put(&key("a"), expect, |_| Vec::new());
    assert!(matches!(write(Expect::Revision(1)), Err(Rejected::Absent)));
    let revision = write(Expect::Absent).unwrap().revision;
    assert!(matches!(write(Expect::Absent), Err(Rejected::Exists)));
    assert!(matches!(write(Expect::Revision(revision + 1)), Err(Rejected::Changed)));
    assert!(matches!(store.delete(&key("a"), revision + 1, |_| Vec::new()), Err(Rejected::Changed)));
    store.delete(&key("a"), revision, |_| Vec::new()).unwrap();
    assert!(matches!(store.delete(&key("a"), revision, |_| Vec::new()), Err(Rejected::Absent)));
}

#[test]
fn a_log_of_mostly_history_is_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let large = |_| vec![b'x'; 1 << 20];
    let mut revision = store.put(&key("a"), Expect::Absent, large).unwrap().revision;
    for _ in 0..40 {
        revision = store.put(&key("a"), Expect::Revision(revision), large).unwrap().revision;
    }
    let size = std::fs::metadata(folder.path().join("objects.log")).unwrap().len();
    assert!(size < 10 << 20, "{size}");
    let before = state(&store);
    drop(store);
    let store = open(folder.path());
    assert_eq!((store.revision(), state(&store)), (revision, before));
}

#[derive(Clone, Debug)]
enum Operation {
    Put(String, u8),
    Delete(String),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let put = ("[a-f]", any::<u8>()).prop_map(|(name, content)| Operation::Put(name, content));
    let delete = "[a-f]".prop_map(Operation::Delete);
    prop::collection::vec(prop::strategy::Union::new([put.boxed(), delete.boxed()]), 1..60)
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Lists at earlier revisions, watches from them and reopened stores all tell the same story.
    #[test]
    fn history_is_one(operations in operations()) {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let mut states = vec![(0, state(&store))];
        for operation in operations {
            let written = match &operation {
                Operation::Put(name, content) => {
                    let found = store.get(&key(name));
                    let expect = found.map_or(Expect::Absent, |object| Expect::Revision(object.revision));
                    store.put(&key(name), expect, |_| content.to_string().into_bytes()).unwrap()
                }
                Operation::Delete(name) => {
                    let Some(object) = store.get(&key(name)) else { continue };
                    store.delete(&key(name), object.revision, |_| Vec::new()).unwrap()
                }
            };
            prop_assert_eq!(written.revision, states.last().unwrap().0 + 1);
            states.push((written.revision, state(&store)));
        }
        for (revision, then) in &states {
            let listed = store.list_at("things.example.org", None, *revision).unwrap();
            prop_assert_eq!(&contents(&listed), then);
            let mut now = then.clone();
            for change in store.watch("things.example.org", *revision).unwrap().ready().unwrap() {
                let content = String::from_utf8(change.json.to_vec()).unwrap();
                match change.kind {
                    ChangeKind::Deleted => now.remove(&*change.key.name),
                    _ => now.insert(change.key.name.to_string(), content),
                };
            }
            prop_assert_eq!(&now, &states.last().unwrap().1);
        }
        let (revision, last) = states.pop().unwrap();
        drop(store);
        let store = open(folder.path());
        prop_assert_eq!((store.revision(), state(&store)), (revision, last));
    }
}
