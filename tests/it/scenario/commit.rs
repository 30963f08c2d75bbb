//! `commit` against real repositories: the first push, a second one, one that changes nothing, and a clone that a
//! person works in.

use std::path::Path;

use atelier::scenario::RehearseOptions;
use git2::Repository;

use super::world::World;

const DEV: &str = r#"steps:
- id: first
  title: First
  explain: First.
  do:
  - commit:
      repo: site
      message: "feat: first"
      files:
      - { path: app, from: files/app }
      - { path: note.txt, content: "by {{ actor.name }}\n" }
  verify:
  - run: { id: pushed, cmd: "git -C {{ vars.shared }}/../forge/dev/site.git rev-parse main", save: { commit: stdout } }
- id: second
  title: Second
  explain: Second.
  do:
  - commit:
      repo: dev/site
      message: "feat: four copies"
      remove: [note.txt]
      files:
      - { path: app/values.yaml, set: { replicas: 4 } }
  verify:
  - run:
      id: pushed
      cmd: git -C {{ vars.shared }}/../forge/dev/site.git rev-parse main
      expect: { stdout: { matches: "^[0-9a-f]{40}" } }
      save: { commit: stdout }
  - run: { id: moved, cmd: "test {{ facts.second.pushed.commit }} != {{ facts.first.pushed.commit }}" }
- id: same
  title: Same
  explain: Same.
  before: any
  do:
  - commit: { repo: site, message: again, files: [{ path: app/values.yaml, set: { replicas: 4 } }] }
  verify:
  - run:
      id: still
      cmd: test "$(git -C {{ vars.shared }}/../forge/dev/site.git rev-parse main)" = {{ facts.second.pushed.commit }}
"#;

fn world() -> World {
    let world = World::new("steps: []\n", "steps: []\n");
    let files = world.path("scenarios/small/files/app");
    std::fs::create_dir_all(&files).unwrap();
    std::fs::write(files.join("values.yaml"), "# copies\nreplicas: 1 # one\n").unwrap();
    std::fs::write(files.join("template.yaml"), "{{ .Values.replicas }}\n").unwrap();
    world.write_track("dev", DEV);
    std::fs::create_dir_all(world.path("forge/dev")).unwrap();
    Repository::init_bare(world.path("forge/dev/site.git")).unwrap();
    world
}

fn file(repository: &Path, path: &str) -> Option<String> {
    let repository = Repository::open(repository).unwrap();
    let tree = repository.find_reference("refs/heads/main").unwrap().peel_to_tree().unwrap();
    let entry = tree.get_path(path.as_ref()).ok()?;
    let blob = repository.find_blob(entry.id()).unwrap();
    Some(String::from_utf8(blob.content().to_vec()).unwrap())
}

#[tokio::test]
async fn commits_are_pushed_as_the_actor_and_shown_as_differences() {
    let world = world();
    world
        .session()
        .rehearse(&["dev".to_owned()], &RehearseOptions::default())
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let bare = world.path("forge/dev/site.git");
    assert_eq!(file(&bare, "app/values.yaml").unwrap(), "# copies\nreplicas: 4 # one\n");
    assert_eq!(file(&bare, "app/template.yaml").unwrap(), "{{ .Values.replicas }}\n");
    assert_eq!(file(&bare, "note.txt"), None);
    let repository = Repository::open(&bare).unwrap();
    let head = repository.find_reference("refs/heads/main").unwrap().peel_to_commit().unwrap();
    assert_eq!(head.author().name().unwrap(), "Dana Dev");
    assert_eq!(head.author().email().unwrap(), "dana@example.org");
    assert_eq!(head.parent_count(), 1);
    let clone = Repository::open(world.path("work/dev/site")).unwrap();
    assert_eq!(clone.head().unwrap().peel_to_commit().unwrap().id(), head.id());
    assert!(clone.statuses(None).unwrap().is_empty());
    let origin = clone.find_remote("origin").unwrap();
    assert_eq!(origin.url().unwrap(), "http://forge.atelier.internal:3000/dev/site.git");
    let story = world.story();
    insta::assert_snapshot!(story, @r#"
    # dev.first: First
    dev$ cd "$ATELIER_WORK"/site
    git add app note.txt
    git commit -m 'feat: first'
    git push origin main
    | app/template.yaml (new)
    +{{ .Values.replicas }}
    app/values.yaml (new)
    +# copies
    +replicas: 1 # one
    note.txt (new)
    +by dev
    done
    pushed passed
    finished dev.first
    # dev.second: Second
    dev$ cd "$ATELIER_WORK"/site
    git rm -r note.txt
    git add app/values.yaml
    git commit -m 'feat: four copies'
    git push origin main
    | app/values.yaml
     # copies
    -replicas: 1 # one
    +replicas: 4 # one
    note.txt (removed)
    -by dev
    done
    pushed passed
    moved passed
    finished dev.second
    # dev.same: Same
    dev$ cd "$ATELIER_WORK"/site
    git add app/values.yaml
    git commit -m again
    git push origin main
    done, unchanged
    still passed
    finished dev.same
    "#);
}

#[tokio::test]
async fn what_a_person_does_in_the_clone_is_not_lost() {
    let world = world();
    let session = world.session();
    let until_first =
        "steps:".to_owned() + DEV.split_once("steps:").unwrap().1.split("- id: second").next().unwrap();
    world.write_track("dev", &until_first);
    world.session().rehearse(&["dev".to_owned()], &RehearseOptions::default()).await.unwrap();
    let mine = world.path("work/dev/site/app/values.yaml");
    std::fs::write(&mine, "replicas: 7 # mine\n").unwrap();
    session.rehearse(&["dev".to_owned()], &RehearseOptions::default()).await.unwrap();
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "replicas: 7 # mine\n");
    assert_eq!(
        file(&world.path("forge/dev/site.git"), "app/values.yaml").unwrap(),
        "# copies\nreplicas: 4 # one\n"
    );
}
