//! `atelier glossary`: what words mean, without a lab.

use serde_json::Value;

use crate::support::World;

#[test]
fn words_are_explained_in_any_spelling() {
    let world = World::new();
    insta::assert_snapshot!(world.atelier(&["glossary", "pull", "requests"]), @"
    $ atelier glossary pull requests
    pull request, pull requests
      A change that waits to be read: it shows what one branch has and another has not. Others
      comment and approve, then somebody merges it.
      First in dev1.promote, dev2.overlay, ops.promote.
    --- exit code 0
    ");
    let same = world.atelier(&["glossary", "Pull-Request"]).ok();
    assert!(same.stdout().starts_with("pull request, pull requests\n"), "{same}");
    let unknown = world.atelier(&["glossary", "kustomise"]);
    assert_eq!(unknown.code(), 2, "{unknown}");
    assert!(unknown.stderr().contains("the workshop `one` does not explain `kustomise`"), "{unknown}");
    assert!(unknown.stderr().contains("did you mean `Kustomize`?"), "{unknown}");
    assert!(!world.state().exists(), "nothing is made");
}

#[test]
fn all_words_of_a_workshop_are_listed() {
    let world = World::new();
    let listed = world.atelier(&["--workshop", "first_steps", "glossary"]).ok();
    assert!(listed.stdout().starts_with("cluster, clusters\n  One machine or many"), "{listed}");
    let words = world.atelier(&["--json", "glossary"]).json();
    let words = words.as_array().unwrap();
    let names: Vec<_> = words.iter().map(|word| word["term"].as_str().unwrap().to_lowercase()).collect();
    assert!(names.len() > 50 && names.is_sorted(), "{names:?}");
    let nowhere: Vec<_> = words.iter().filter(|word| word["first"] == Value::Array(Vec::new())).collect();
    assert_eq!(nowhere, Vec::<&Value>::new());
}
