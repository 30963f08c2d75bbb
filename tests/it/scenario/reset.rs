//! Going back: trees by new commits, objects, tags, facts; nothing else is touched.

use atelier::artifacts::Remote;
use atelier::scenario::{Looked, RehearseOptions, State};
use serde_json::json;

use super::lab::{Lab, PASSWORD, push};

const STEPS: &str = r#"steps:
- id: first
  title: First
  explain: First.
  do:
  - commit: { repo: site, message: first, files: [ { path: first.txt, content: one } ] }
  verify:
  - git: { id: pushed, repo: site, file: first.txt, save: { commit: commit.sha } }
- id: second
  title: Second
  explain: Second.
  do:
  - commit: { repo: site, message: second, remove: [kept.txt], files: [ { path: app/second.txt, content: two } ] }
  - image: { name: dev/page, tag: "1.0", from: files }
  - apply:
      content: |
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings }
        data: { colour: red }
  verify:
  - git: { id: pushed, repo: site, file: app/second.txt, no_file: kept.txt, save: { commit: commit.sha } }
  - registry: { id: image, name: dev/page, tag: "1.0", save: { digest: artifact.digest } }
  - k8s: { id: settings, apiVersion: v1, kind: ConfigMap, name: settings, match: { data: { colour: red } } }
"#;

/// The files of a branch and their hashes.
async fn tree(lab: &Lab, reference: &str) -> Vec<(String, String)> {
    let entries = lab.session.platform.forge.api().tree("dev", "site", reference).await.unwrap();
    entries.into_iter().map(|entry| (entry.path, entry.sha)).collect()
}

async fn tags(lab: &Lab) -> Vec<String> {
    let url = lab.session.platform.forge.url();
    Remote::new(&url, "dev/page", "dev", &lab.session.actors["dev"].token).tags().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_before_a_step_comes_back_and_the_way_goes_on_from_there() {
    let lab = Lab::new(STEPS).await;
    let files = lab.world.path("scenarios/small/files");
    std::fs::create_dir_all(&files).unwrap();
    std::fs::write(files.join("index.html"), "<p>one</p>").unwrap();
    push(&lab, "main", "kept.txt", "kept").await;
    assert_eq!(lab.session.solve("dev", None).await.unwrap(), ["dev.first"]);
    let before = tree(&lab, "main").await;
    for side in ["side", "other"] {
        assert!(lab.session.show_next("dev").await.unwrap());
        // The learner does it all by hand: with kubectl here, and with what the tool would do there.
        let config = json!({"metadata": {"name": "settings"}, "data": {"colour": "red"}});
        lab.create("v1", "ConfigMap", "dev", config).await;
        lab.by_hand(1, &[0, 1]).await;
        push(&lab, side, &format!("{side}.txt"), "side").await;
        assert_eq!(
            lab.session.check("dev", None).await.unwrap(),
            Looked::Complete { step: "dev.second".to_owned() }
        );
        assert_eq!(tags(&lab).await, ["1.0"]);
        let head =
            lab.session.platform.forge.api().branch("dev", "site", "main").await.unwrap().unwrap().commit;
        let plan = lab.session.plan_reset("dev", "second").await.unwrap();
        assert_eq!(plan.steps, ["dev.second"]);
        let branches: Vec<_> =
            plan.branches.iter().map(|(repository, branch, _)| format!("{repository} {branch}")).collect();
        let mut expected = ["dev/site main".to_owned(), format!("dev/site {side}")];
        expected.sort();
        assert_eq!(branches, expected);
        assert_eq!(plan.objects, ["ConfigMap `settings` goes"]);
        assert_eq!(lab.session.reset(&plan).await.unwrap(), Vec::<String>::new());
        assert_eq!(tree(&lab, "main").await, before);
        let commits = lab.session.platform.forge.api().commits("dev", "site", "main", 1).await.unwrap();
        assert_eq!(commits[0].parents, [head], "a new commit, and no force");
        assert!(lab.session.platform.forge.api().branch("dev", "site", side).await.unwrap().is_none());
        assert_eq!(tags(&lab).await, Vec::<String>::new());
        assert!(lab.api("v1", "ConfigMap", "dev").get_opt("settings").await.unwrap().is_none());
        let states: Vec<_> =
            lab.session.progress("dev").unwrap().into_iter().map(|step| step.state).collect();
        assert_eq!(states, [State::Complete, State::Pending]);
    }
    // Going back to the first step undoes the second one, too.
    let plan = lab.session.plan_reset("dev", "first").await.unwrap();
    assert_eq!(plan.steps, ["dev.first"]);
    let unknown = lab.session.plan_reset("dev", "third").await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no step `dev.third`; the track has: first, second");
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_are_told_to_others_on_the_same_cluster() {
    let lab = Lab::new(STEPS).await;
    push(&lab, "main", "kept.txt", "kept").await;
    lab.session.solve("dev", None).await.unwrap();
    let object = lab.api("v1", "ConfigMap", "atelier-system").get("dev-first").await.unwrap();
    assert!(object.data["data"]["facts"].as_str().unwrap().contains("\"pushed\""), "{object:?}");
    // On another machine there is no journal, and the step is known all the same.
    std::fs::remove_dir_all(lab.world.path("journal")).unwrap();
    let states: Vec<_> = lab.session.progress("dev").unwrap().into_iter().map(|step| step.state).collect();
    assert_eq!(states, [State::Pending, State::Pending]);
    let team = lab.session.team().await.unwrap();
    let states: Vec<_> = team["dev"].iter().map(|step| step.progress.state).collect();
    assert_eq!(states, [State::Complete, State::Pending]);
    assert_eq!(team["boss"][0].waits, Vec::<String>::new());
    assert_eq!(lab.session.solve("boss", Some("enter")).await.unwrap(), ["boss.enter"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_same_a_second_time_is_named() {
    let twice = RehearseOptions { twice: true, ..RehearseOptions::default() };
    let tracks = ["dev".to_owned()];
    let steps = STEPS.split("- id: second").next().unwrap();
    let lab = Lab::new(steps).await;
    lab.session.rehearse(&tracks, &twice).await.unwrap();
    // A file whose contents are another each time.
    let count = "cat count 2>/dev/null | wc -c && printf x >> count";
    let run = format!(
        "  - run: \"{count}; git -C site pull -q; cp count site/count; git -C site add .; git -C site -c user.name=d -c user.email=d@e commit -qm x; git -C site push -q $PUSH main\"\n"
    );
    let changing = steps.replace("  verify:\n", &format!("{run}  verify:\n"));
    let mut lab = Lab::new(&changing).await;
    let url = lab.session.platform.forge.url().replace("//", &format!("//dev:{PASSWORD}@"));
    let actor = lab.session.actors.get_mut("dev").unwrap();
    actor.environment.insert("PUSH".to_owned(), format!("{url}/dev/site.git"));
    actor.environment.insert("GIT_CONFIG_COUNT".to_owned(), "1".to_owned());
    actor.environment.insert("GIT_CONFIG_KEY_0".to_owned(), format!("url.{url}.insteadOf"));
    actor
        .environment
        .insert("GIT_CONFIG_VALUE_0".to_owned(), "http://forge.atelier.internal:3000".to_owned());
    let error = lab.session.rehearse(&tracks, &twice).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the actions of `dev.first`, done a second time, change something: `count` on `main` of `dev/site` is another"
    );
}
