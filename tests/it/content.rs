//! The material itself: what the templates and the files of the scenarios come to, and how long the texts are. That
//! the steps do what they say is shown by rehearsing them.

use std::fmt::Write as _;
use std::path::Path;

use atelier::manifests::charts::{Capabilities, Chart, File, Options, Release, render};
use atelier::scenario::Library;
use regex::Regex;
use serde_json::Value;

use crate::support::source::package;
use crate::support::{World, needs};

/// The most words that the text of a step may have.
const MOST_WORDS: usize = 120;

/// The fewest hints of a step: one for the commonest mistake, and one that tells where to look.
const LEAST_HINTS: usize = 2;

/// The overlays that a learner of `dev2` makes, one after another, each on top of the one before.
#[test]
fn overlays_of_dev2_come_to_what_the_texts_say() {
    if !needs("kubectl") {
        return;
    }
    let world = World::new();
    copy(&package().join("templates/postcard"), &world.work());
    let overlay = world.work().join("overlays/workshop");
    let mut shown = vec![world.run("kubectl", &["kustomize", "overlays/preview"]).ok()];
    for step in ["deploy", "change", "scale"] {
        copy(&package().join("scenarios/one/files/dev2").join(step), &overlay);
        shown.push(world.run("kubectl", &["kustomize", "overlays/workshop"]).ok());
    }
    insta::assert_snapshot!(shown[0], @"
    $ kubectl kustomize overlays/preview
    apiVersion: v1
    kind: Service
    metadata:
      labels:
        app.kubernetes.io/name: postcard
      name: postcard
    spec:
      ports:
      - name: http
        port: 80
        targetPort: http
      selector:
        app.kubernetes.io/name: postcard
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      labels:
        app.kubernetes.io/name: postcard
      name: postcard
    spec:
      replicas: 1
      selector:
        matchLabels:
          app.kubernetes.io/name: postcard
      strategy:
        rollingUpdate:
          maxSurge: 1
          maxUnavailable: 0
        type: RollingUpdate
      template:
        metadata:
          labels:
            app.kubernetes.io/name: postcard
        spec:
          containers:
          - env:
            - name: POSTCARD_ENVIRONMENT
              value: preview
            - name: POSTCARD_MESSAGE
              value: Only a preview.
            image: forge.atelier.internal:3000/fleet/postcard:1.0.0
            livenessProbe:
              httpGet:
                path: /healthz
                port: http
            name: postcard
            ports:
            - containerPort: 8080
              name: http
            readinessProbe:
              httpGet:
                path: /readyz
                port: http
              periodSeconds: 2
            resources:
              limits:
                memory: 64Mi
              requests:
                cpu: 10m
                memory: 16Mi
    --- exit code 0
    ");
    let changes = shown.windows(2).map(|pair| difference(pair[0].stdout(), pair[1].stdout()));
    insta::assert_snapshot!(changes.collect::<Vec<_>>().join("---\n"), @"
    -          value: preview
    +          value: workshop
    -          value: Only a preview.
    +          value: Hello from Dev 2!
    ---
    -          value: Hello from Dev 2!
    +          value: Sent by a commit, not by hand.
    ---
    -  replicas: 1
    +  replicas: 4
    ");
}

#[test]
fn the_tenant_of_dev2_is_whole() {
    if !needs("kubectl") {
        return;
    }
    let world = World::new();
    let files = package().join("scenarios/one/files/ops");
    copy(&files.join("tenants"), &world.work().join("tenants"));
    copy(&files.join("onboard_dev2"), &world.work().join("tenants/workshop"));
    let rendered = world.run("kubectl", &["kustomize", "tenants/workshop/dev2"]).ok();
    let facts =
        rendered.stdout().lines().filter(|line| line.starts_with("kind: ") || line.starts_with("  name: "));
    insta::assert_snapshot!(facts.collect::<Vec<_>>().join("\n"), @"
    kind: Namespace
      name: dev2
    kind: ResourceQuota
      name: team
    kind: ServiceAccount
      name: team
    kind: RoleBinding
      name: developer
      name: edit
      name: dev2
    kind: RoleBinding
      name: reconciler
      name: admin
      name: team
    kind: Kustomization
      name: postcard
    kind: NetworkPolicy
      name: same-namespace
    kind: GitRepository
      name: postcard
    ");
}

/// What a step of `dev1` says in `release.yaml`, and what the chart makes of it.
#[test]
fn the_chart_of_dev1_takes_the_values_of_every_step() {
    let folder = package().join("templates/jukebox/chart/jukebox");
    let chart = Chart::from_files(files(&folder, "")).unwrap();
    let release =
        Release { name: "jukebox".to_owned(), namespace: "dev1".to_owned(), revision: 1, is_upgrade: false };
    let mut shown = String::new();
    for step in ["release", "values", "policy_violation/with", "depends", "promote"] {
        let path = package().join("scenarios/one/files/dev1").join(step).join("release.yaml");
        let object: Value = serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let spec = &object["spec"];
        let values = spec["values"].as_object().unwrap();
        let rendered =
            render(&chart, values, &release, &Capabilities::default(), &Options::default()).unwrap();
        let manifests = rendered.manifests.iter().map(|one| &one.content);
        let manifests = manifests.map(|text| serde_saphyr::from_str::<Value>(text).unwrap());
        let kinds = manifests.map(|one| one["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let hooks = rendered.hooks.iter().map(|hook| hook.manifest.name.as_str()).collect::<Vec<_>>();
        let version = &spec["chart"]["spec"]["version"];
        let (name, redis) = (&chart.metadata.name, &rendered.values["redis"]);
        let (kinds, hooks) = (kinds.join(" and "), hooks.join(" and "));
        writeln!(shown, "{step}: {name} of {version}, {kinds} and {hooks}, {redis}").unwrap();
    }
    insta::assert_snapshot!(shown, @r#"
    release: jukebox of "0.1.0", Service and Deployment and jukebox-listen and jukebox-opening, ""
    values: jukebox of "0.1.x", Service and Deployment and jukebox-listen and jukebox-opening, ""
    policy_violation/with: jukebox of "0.2.x", Service and Deployment and jukebox-listen and jukebox-opening, ""
    depends: jukebox of "0.2.x", Service and Deployment and jukebox-listen and jukebox-opening, "songs:6379"
    promote: jukebox of "0.2.1", Service and Deployment and jukebox-listen and jukebox-opening, ""
    "#);
    let many = serde_json::from_str(r#"{"replicas": "many"}"#).unwrap();
    let error = render(&chart, &many, &release, &Capabilities::default(), &Options::default()).unwrap_err();
    insta::assert_snapshot!(error.to_string(), @r"
    values don't meet the specifications of the schema(s) in the following chart(s):
    jukebox:
    - at '/replicas': got string, want integer
    ");
}

fn files(folder: &Path, prefix: &str) -> Vec<File> {
    let mut found = Vec::new();
    for path in entries(folder) {
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            found.extend(files(&path, &format!("{name}/")));
        } else {
            found.push(File { name, data: std::fs::read(&path).unwrap() });
        }
    }
    found
}

#[test]
fn texts_are_short_and_every_step_can_be_explained_checked_and_helped_with() {
    let mut wrong = Vec::new();
    for path in scenarios() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let scenario: Value = serde_saphyr::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for step in scenario["steps"].as_array().unwrap() {
            let id = format!("{name}.{}", step["id"].as_str().unwrap());
            let words = step["explain"].as_str().unwrap_or_default().split_whitespace().count();
            if !(1..=MOST_WORDS).contains(&words) {
                wrong.push(format!("{id}: {words} words to explain it, at most {MOST_WORDS}"));
            }
            let hints = step["hints"].as_array().map_or(0, Vec::len);
            if hints < LEAST_HINTS {
                wrong.push(format!("{id}: {hints} hints, at least {LEAST_HINTS}"));
            }
            for key in ["do", "verify", "estimated", "solution", "notes"] {
                if step[key].is_null() {
                    wrong.push(format!("{id}: no `{key}`"));
                }
            }
        }
        if scenario["cleanup"].is_null() {
            wrong.push(format!("{name}: no `cleanup`"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Who plays one track alone reads no other: in each, a word is marked where it first appears.
#[test]
fn words_of_the_glossary_are_marked_where_they_first_appear() {
    let library = Library::directory(&package().join("scenarios"));
    let code = Regex::new(r"(?m)`[^`]*`|^    .*$|\]\(#[^)]*\)").unwrap();
    let mut wrong = Vec::new();
    for name in library.workshops() {
        let workshop = library.workshop(&name).unwrap();
        for (track, scenario) in &workshop.scenarios {
            for word in workshop.words() {
                let spellings = std::iter::once(&word.term).chain(&word.also);
                let spellings = spellings.map(|one| regex::escape(one)).collect::<Vec<_>>().join("|");
                let appears = Regex::new(&format!(r"(^|[^\w/-])({spellings})([^\w/-]|$)")).unwrap();
                let first = scenario.steps.iter().find_map(|step| {
                    let text =
                        code.replace_all(&step.explain, " ").split_whitespace().collect::<Vec<_>>().join(" ");
                    let place = appears.captures(&text)?.get(2)?.start();
                    Some((format!("{track}.{}", step.id.value), text[..place].ends_with('[')))
                });
                if let Some((step, marked)) = first
                    && (!marked || !word.first.contains(&step))
                {
                    wrong.push(format!(
                        "{name}: {step} does not mark `{}`, which comes first there",
                        word.term
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Every track's file of every workshop.
fn scenarios() -> Vec<std::path::PathBuf> {
    let workshops = entries(&package().join("scenarios")).into_iter().filter(|path| path.is_dir());
    let files = workshops.flat_map(|workshop| entries(&workshop));
    let track = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|e| e == "yaml") && !path.ends_with("workshop.yaml")
    };
    let tracks = files.filter(track).collect::<Vec<_>>();
    assert!(!tracks.is_empty(), "there is a track");
    tracks
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    paths.sort();
    paths
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for path in entries(from) {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// The lines that differ, as a diff shows them.
fn difference(before: &str, after: &str) -> String {
    let diff = similar::TextDiff::from_lines(before, after);
    let changed = diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal);
    changed.map(|change| change.tag().to_string() + change.value()).collect()
}
