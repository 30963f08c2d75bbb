//! Bundles between engines: what is taken from one comes into another, or it is told what does not. On a stand-in for
//! the engine, and on a real one where one answers.

use std::path::Path;
use std::sync::{Arc, Mutex};

use atelier::artifacts::bundle::Bundle;
use atelier::platform::k3d::{Engine, Order, Pull, Settings, load, save};
use bollard::query_parameters::{ImportImageOptionsBuilder, RemoveImageOptions};
use futures::StreamExt as _;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::engine::{docker, engine, lab};
use super::pulls::{Pulls, nothing};
use super::{settings, told};
use crate::artifacts::archives::{Archive, Form};
use crate::support::engine::{Answer, EngineStandIn, version};
use crate::support::ground::{Ground, outcomes};
use crate::support::{Redaction, World};

const NODE: Archive = Archive { name: "a.example/node:1", architecture: "amd64", layers: &["base", "node"] };
const FORGE: Archive =
    Archive { name: "a.example/forge:2", architecture: "amd64", layers: &["base", "forge"] };
const TOOLS: Archive = Archive { name: "a.example/tools:3", architecture: "amd64", layers: &["tools"] };
const SOURCE: Archive =
    Archive { name: "a.example/source:4", architecture: "amd64", layers: &["base", "source"] };
const WORKSPACE: Archive =
    Archive { name: "a.example/workspace:5", architecture: "amd64", layers: &["base", "workspace"] };

/// The settings of a lab that needs these images, and a manifest that names the operator's.
fn wanting(address: &str, home: &Path, [node, forge, tools, source]: [&str; 4]) -> Settings {
    let manifest = home.join("flux.yaml");
    let object = json!({"kind": "Deployment", "metadata": {"name": "source-controller"},
        "spec": {"template": {"spec": {"containers": [{"name": "manager", "image": source}]}}}});
    std::fs::write(&manifest, object.to_string()).unwrap();
    Settings {
        k3s: node.to_owned(),
        gitea: forge.to_owned(),
        k3d_tools: Some(tools.to_owned()),
        add_ons: Vec::new(),
        flux_manifest: Some(manifest),
        ..settings(address)
    }
}

/// The settings for the four images of the stand-in.
fn four(engine: &EngineStandIn, home: &Path) -> Settings {
    wanting(&engine.address(), home, [NODE, FORGE, TOOLS, SOURCE].map(|image| image.name))
}

/// An engine that has the four images.
fn stocked() -> EngineStandIn {
    let engine = EngineStandIn::start();
    for image in [NODE, FORGE, TOOLS, SOURCE] {
        engine.on(&format!("GET /images/{}/json", image.name), Answer::Json(200, image.inspected()));
        engine.on(&format!("GET /images/{}/get", image.name), Answer::Bytes(image.bytes(Form::Folders)));
    }
    let workspace = format!("GET /images/{}/json", Settings::default().workspace);
    engine.on(&workspace, Answer::refuses(404, "No such image"));
    engine
}

fn order(file: &Path, architectures: &[&str]) -> Order {
    Order {
        file: file.to_owned(),
        workshop: "one".to_owned(),
        images: vec![TOOLS.name.to_owned()],
        operator: true,
        architectures: architectures.iter().map(|&name| name.to_owned()).collect(),
        workspace: true,
    }
}

/// Saves; what is told on the way, and what it came to.
async fn saved(settings: &Settings, home: &Path, order: &Order) -> String {
    let lines = Mutex::new(String::new());
    let tell = |text: String| lines.lock().unwrap().extend(["… ", &text, "\n"]);
    let end = match save(settings, home, order, &tell).await {
        Ok(index) => {
            format!("{:?}\n", index.parts().iter().map(|part| (&part.0, part.1)).collect::<Vec<_>>())
        }
        Err(error) => told(error),
    };
    redacted(home, &(lines.into_inner().unwrap() + &end))
}

/// Loads; what is told on the way, and what it came to.
async fn loaded(address: &str, home: &Path, file: &Path) -> String {
    let engine = Engine::open(address).await.unwrap();
    let lines = Mutex::new(String::new());
    let tell = |text: String| lines.lock().unwrap().extend(["… ", &text, "\n"]);
    let end = match load(&engine, &settings(address), home, open(file), &tell).await {
        Ok(done) => format!("{done:?}\n"),
        Err(error) => told(error),
    };
    redacted(home, &(lines.into_inner().unwrap() + &end))
}

fn open(file: &Path) -> Arc<Bundle> {
    Arc::new(Bundle::open(file.display().to_string().parse().unwrap()).unwrap())
}

fn redacted(home: &Path, text: &str) -> String {
    let workspace = (Settings::default().workspace, "atelier/workspace:<version>");
    Redaction::new(vec![(home.display().to_string(), "<home>"), workspace]).apply(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lab_needs_goes_into_a_file_that_tells_no_secret() {
    let (home, engine) = (tempfile::tempdir().unwrap(), stocked());
    let file = home.path().join("one.bundle");
    let mut settings = four(&engine, home.path());
    settings.flux_url = Some("http://me:hunter2@releases.example/{version}.yaml".to_owned());
    settings.given.insert("flux.url".to_owned(), "http://me:hunter2@releases.example".to_owned());
    settings.search.config = Some(home.path().to_owned());
    settings.workspace = WORKSPACE.name.to_owned();
    engine.on(&format!("GET /images/{}/json", WORKSPACE.name), Answer::Json(200, WORKSPACE.inspected()));
    engine.on(&format!("GET /images/{}/get", WORKSPACE.name), Answer::Bytes(WORKSPACE.bytes(Form::Folders)));
    let login = json!({"auths": {"a.example": {"auth": "aHVudGVyMjpodW50ZXIy"}}});
    std::fs::write(home.path().join("config.json"), login.to_string()).unwrap();
    let told = saved(&settings, home.path(), &order(&file, &[])).await;
    insta::assert_snapshot!(told, @r#"
    … 1 objects of <home>/flux.yaml
    … image a.example/node:1 is taken, 1 MB
    … image a.example/tools:3 is taken, 1 MB
    … image a.example/forge:2 is taken, 1 MB
    … image a.example/source:4 is taken, 1 MB
    … image a.example/workspace:5 is taken, 1 MB
    … <home>/one.bundle is written
    [("manifest", 1), ("node", 1), ("tools", 1), ("forge", 1), ("operator", 1), ("workspace", 1)]
    "#);
    let whole = zstd::decode_all(std::fs::File::open(&file).unwrap()).unwrap();
    let whole = String::from_utf8_lossy(&whole);
    let user = std::env::var("USER").unwrap_or_else(|_| "nobody in particular".to_owned());
    for secret in
        ["hunter2", "aHVudGVyMjpodW50ZXIy", &home.path().display().to_string(), &engine.address(), &user]
    {
        let found = secret.len() > 5 && whole.contains(secret);
        assert!(!found, "{secret}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o644, "it is made to be given away");
    is_the_index(&redacted(home.path(), &index_of(&file)));
}

/// What the file says of itself.
fn index_of(file: &Path) -> String {
    let mut index = serde_json::to_value(open(file).index()).unwrap();
    // Where blobs are is the compression's.
    index.as_object_mut().unwrap().retain(|key, _| !["blobs", "length", "program"].contains(&key.as_str()));
    serde_json::to_string_pretty(&index).unwrap()
}

fn is_the_index(text: &str) {
    insta::assert_snapshot!(text, @r#"
    {
      "format": 1,
      "workshop": "one",
      "platform": "k3d",
      "architectures": [
        "amd64"
      ],
      "settings": {
        "flux.sha256": "<sha256>",
        "flux.version": "v2.9.0",
        "images.add-ons": "none",
        "images.base": "scratch",
        "images.gitea": "a.example/forge:2",
        "images.k3d-tools": "a.example/tools:3",
        "images.k3s": "a.example/node:1",
        "images.workspace": "a.example/workspace:5"
      },
      "manifest": {
        "version": "v2.9.0",
        "digest": "sha256:<sha256>"
      },
      "images": [
        {
          "part": "node",
          "reference": "a.example/node:1",
          "architecture": "amd64",
          "manifest": "sha256:<sha256>",
          "config": "sha256:<sha256>",
          "layers": [
            "sha256:<sha256>",
            "sha256:<sha256>"
          ]
        },
        {
          "part": "tools",
          "reference": "a.example/tools:3",
          "architecture": "amd64",
          "manifest": "sha256:<sha256>",
          "config": "sha256:<sha256>",
          "layers": [
            "sha256:<sha256>"
          ]
        },
        {
          "part": "forge",
          "reference": "a.example/forge:2",
          "architecture": "amd64",
          "manifest": "sha256:<sha256>",
          "config": "sha256:<sha256>",
          "layers": [
            "sha256:<sha256>",
            "sha256:<sha256>"
          ]
        },
        {
          "part": "operator",
          "reference": "a.example/source:4",
          "architecture": "amd64",
          "manifest": "sha256:<sha256>",
          "config": "sha256:<sha256>",
          "layers": [
            "sha256:<sha256>",
            "sha256:<sha256>"
          ]
        },
        {
          "part": "workspace",
          "reference": "a.example/workspace:5",
          "architecture": "amd64",
          "manifest": "sha256:<sha256>",
          "config": "sha256:<sha256>",
          "layers": [
            "sha256:<sha256>",
            "sha256:<sha256>"
          ]
        }
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_saved_is_named_all_at_once() {
    let (home, engine) = (tempfile::tempdir().unwrap(), stocked());
    let file = home.path().join("one.bundle");
    let never = Settings { pull: Pull::Never, ..four(&engine, home.path()) };
    let none = Answer::refuses(404, "No such image");
    for image in [FORGE, SOURCE] {
        engine.on(&format!("GET /images/{}/json", image.name), none.clone());
    }
    let mut text = format!("# missing\n{}", saved(&never, home.path(), &order(&file, &[])).await);
    let engine = stocked();
    let never = Settings { pull: Pull::Never, ..four(&engine, home.path()) };
    text = format!("{text}# foreign\n{}", saved(&never, home.path(), &order(&file, &["arm64"])).await);
    let missing = Settings { pull: Pull::Missing, ..never.clone() };
    text = format!(
        "{text}# foreign, and its registry has none\n{}",
        saved(&missing, home.path(), &order(&file, &["arm64"])).await
    );
    let digest = Settings { gitea: format!("a.example/forge@sha256:{}", "1".repeat(64)), ..never.clone() };
    text = format!("{text}# by digest\n{}", saved(&digest, home.path(), &order(&file, &[])).await);
    engine.on(&format!("GET /images/{}/get", FORGE.name), Answer::refuses(500, "layer does not exist"));
    text = format!("{text}# not given out\n{}", saved(&never, home.path(), &order(&file, &[])).await);
    engine.on(&format!("GET /images/{}/get", FORGE.name), Answer::Ends);
    text = format!("{text}# an engine that ends\n{}", saved(&never, home.path(), &order(&file, &[])).await);
    assert!(!file.exists());
    insta::assert_snapshot!(text, @"
    # missing
    … 1 objects of <home>/flux.yaml
    error: nothing is pulled or downloaded, and this is not at hand: image `a.example/forge:2` (forge), image `a.example/source:4` (operator)
    hint: where there is a network, `atelier bundle save FILE` gets them; `atelier up --bundle FILE` brings them here
    exit code 4
    # foreign
    … the bundle goes without the work environment: image `atelier/workspace:<version>` cannot be had for arm64: the engine does not have it, and `images.pull` is `never`
    error: image `a.example/node:1` cannot be had for arm64: the engine has it for amd64, and `images.pull` is `never`
    hint: pull it for that architecture with `images.pull` as `missing`, or leave the architecture out
    exit code 4
    # foreign, and its registry has none
    … the bundle goes without the work environment: image `atelier/workspace:<version>` cannot be had for arm64: the engine does not have it, and nobody publishes it
    … image a.example/node:1 is pulled
    … image a.example/node:1: 1 of 1 layers, 0 of 0 MB
    error: image `a.example/node:1` cannot be had for arm64: its registry gives amd64
    hint: pull it for that architecture with `images.pull` as `missing`, or leave the architecture out
    exit code 4
    # by digest
    error: image `a.example/forge@sha256:<sha256>` is named by its digest, which an engine does not know of an image that was loaded
    hint: name it by a tag; `atelier config` shows the images and how to set them
    exit code 2
    # not given out
    … the bundle goes without the work environment: image `atelier/workspace:<version>` cannot be had for amd64: the engine does not have it, and `images.pull` is `never`
    … image a.example/node:1 is taken, 1 MB
    … image a.example/tools:3 is taken, 1 MB
    … image a.example/forge:2 is taken, 1 MB
    error: image `a.example/forge:2` was not taken into the bundle
      caused by: the Docker engine did not give out the image `a.example/forge:2`
      caused by: Docker responded with status code 500: layer does not exist
    hint: Docker's own log may tell more; the same command goes on from here
    exit code 4
    # an engine that ends
    … the bundle goes without the work environment: image `atelier/workspace:<version>` cannot be had for amd64: the engine does not have it, and `images.pull` is `never`
    … image a.example/node:1 is at hand
    … image a.example/tools:3 is at hand
    … image a.example/forge:2 is taken, 1 MB
    error: image `a.example/forge:2` was not taken into the bundle
      caused by: the Docker engine went away and did not give out the image `a.example/forge:2`: connection closed before message completed
    hint: start Docker again; `atelier doctor` tells more
    exit code 4
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_into_an_engine_is_named() {
    let (home, from) = (tempfile::tempdir().unwrap(), stocked());
    let file = home.path().join("one.bundle");
    let good = saved(&four(&from, home.path()), home.path(), &order(&file, &[])).await;
    assert!(good.ends_with("]\n"), "{good}");
    let none = || Answer::refuses(404, "No such image");
    let answers = [
        ("it refuses", Answer::Lines(vec![json!({"errorDetail": {"message": "unsupported os linux"}})])),
        (
            "its disk is full",
            Answer::Lines(vec![json!({"errorDetail":
            {"message": "write /data/layer.tar: no space left on device"}, "error": "x"})]),
        ),
        ("it ends", Answer::Ends),
        ("it says nothing and has nothing", Answer::Lines(vec![json!({"stream": "Loaded"})])),
    ];
    let mut text = String::new();
    for (name, answer) in answers {
        let engine = EngineStandIn::start();
        engine.on("GET /images/.*/json", none()).on("POST /images/load", answer);
        // One is there; the next is the one that fails.
        engine.on(&format!("GET /images/{}/json", NODE.name), Answer::Json(200, NODE.inspected()));
        text = format!("{text}# {name}\n{}", loaded(&engine.address(), home.path(), &file).await);
    }
    let engine = EngineStandIn::start();
    engine.on("GET /images/.*/json", none());
    engine.on(
        "GET /version",
        Answer::Json(200, {
            let mut version = version("27.3.1", "1.47");
            version["Arch"] = json!("arm64");
            version
        }),
    );
    text = format!("{text}# another architecture's\n{}", loaded(&engine.address(), home.path(), &file).await);
    assert_eq!(engine.changes(), [] as [String; 0]);
    let mut bytes = std::fs::read(&file).unwrap();
    let blob = open(&file).index().blobs.iter().max_by_key(|blob| blob.size).unwrap().clone();
    let middle =
        bytes.len() - usize::try_from(open(&file).index().length - blob.offset - blob.packed / 2).unwrap();
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    engine.on("GET /version", Answer::Json(200, version("27.3.1", "1.47")));
    for image in [NODE, FORGE, TOOLS] {
        engine.on(&format!("GET /images/{}/json", image.name), Answer::Json(200, image.inspected()));
    }
    text = format!("{text}# altered\n{}", loaded(&engine.address(), home.path(), &file).await);
    insta::assert_snapshot!(text, @"
    # it refuses
    … image a.example/tools:3 is loaded, 1 MB
    error: image `a.example/tools:3` of the bundle was not loaded; 1 of 4 images are in the engine
      caused by: the Docker engine did not load the image `a.example/tools:3`
      caused by: Docker stream error: unsupported os linux
    hint: Docker's own log may tell more; the same command goes on from here
    exit code 4
    # its disk is full
    … image a.example/tools:3 is loaded, 1 MB
    error: image `a.example/tools:3` of the bundle was not loaded; 1 of 4 images are in the engine
      caused by: the Docker engine's disk is full: it did not load the image `a.example/tools:3`: write /data/layer.tar: no space left on device
    hint: `docker system df` shows what takes the space, `docker system prune` removes what is not needed
    exit code 4
    # it ends
    … image a.example/tools:3 is loaded, 1 MB
    error: image `a.example/tools:3` of the bundle was not loaded; 1 of 4 images are in the engine
      caused by: the Docker engine went away and did not load the image `a.example/tools:3`: connection closed before message completed
    hint: start Docker again; `atelier doctor` tells more
    exit code 4
    # it says nothing and has nothing
    … image a.example/tools:3 is loaded, 1 MB
    error: image `a.example/tools:3` of the bundle was not loaded; 1 of 4 images are in the engine
      caused by: the engine has no image under that name after it was loaded
    hint: Docker's own log may tell more; the same command goes on from here
    exit code 4
    # another architecture's
    error: bundle `<home>/one.bundle` is for architecture `amd64`, not `arm64`
    hint: save one for this machine: `atelier bundle save FILE --architecture NAME`
    exit code 2
    # altered
    … image a.example/source:4 is loaded, 1 MB
    error: image `a.example/source:4` of the bundle was not loaded; 3 of 4 images are in the engine
      caused by: bundle `<home>/one.bundle` is altered: sha256:<sha256>: Restored data doesn't match checksum
    hint: copy it again; `atelier bundle verify FILE` tells whether a copy is whole
    exit code 4
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_gets_what_another_had_and_nothing_twice() {
    let Some(engine) = engine().await else { return };
    let (docker, home, lab) = (docker(&engine), tempfile::tempdir().unwrap(), lab("bundle"));
    let architecture = engine.facts().await.unwrap().architecture;
    let names = ["node", "forge", "tools", "source"].map(|name| format!("atelier-test/{lab}-{name}:1"));
    let layers: [&[&str]; 4] = [&["base", "node"], &["base", "forge"], &["tools"], &["base", "source"]];
    let mut ids = Vec::new();
    for (name, layers) in names.iter().zip(layers) {
        let image = Archive { name, architecture: &architecture, layers };
        let body = bollard::body_full(image.bytes(Form::Layout).into());
        let lines = docker.import_image(ImportImageOptionsBuilder::default().build(), body, None);
        let lines = lines.collect::<Vec<_>>().await;
        assert!(lines.iter().all(Result::is_ok), "{lines:?}");
        ids.push(docker.inspect_image(name).await.unwrap().id);
    }
    let settings = wanting(engine.address(), home.path(), [&names[0], &names[1], &names[2], &names[3]]);
    let file = home.path().join("one.bundle");
    let order = Order { images: Vec::new(), workspace: false, ..order(&file, &[]) };
    let told = saved(&settings, home.path(), &order).await;
    open(&file).verify(|_| ()).unwrap();
    let remove =
        async |name: &String| docker.remove_image(name, None::<RemoveImageOptions>, None).await.unwrap();
    for name in &names {
        remove(name).await;
    }
    let text = |text: &str| text.replace(&lab, "<lab>");
    let all = loaded(engine.address(), home.path(), &file).await;
    let again = loaded(engine.address(), home.path(), &file).await;
    remove(&names[1]).await;
    let rest = loaded(engine.address(), home.path(), &file).await;
    // Without atelier, too.
    for name in &names {
        remove(name).await;
    }
    let whole = zstd::decode_all(std::fs::File::open(&file).unwrap()).unwrap();
    let options = ImportImageOptionsBuilder::default().build();
    let lines =
        docker.import_image(options, bollard::body_full(whole.into()), None).collect::<Vec<_>>().await;
    assert!(lines.iter().all(Result::is_ok), "{lines:?}");
    let mut found = Vec::new();
    for name in &names {
        found.push(docker.inspect_image(name).await.unwrap().id);
        remove(name).await;
    }
    assert_eq!(found, ids);
    insta::assert_snapshot!(text(&format!("{told}{all}{again}{rest}")), @r#"
    … 1 objects of <home>/flux.yaml
    … image atelier-test/<lab>-node:1 is taken, 1 MB
    … image atelier-test/<lab>-tools:1 is taken, 1 MB
    … image atelier-test/<lab>-forge:1 is taken, 1 MB
    … image atelier-test/<lab>-source:1 is taken, 1 MB
    … <home>/one.bundle is written
    [("manifest", 1), ("node", 1), ("tools", 1), ("forge", 1), ("operator", 1)]
    … image atelier-test/<lab>-node:1 is loaded, 1 MB
    … image atelier-test/<lab>-tools:1 is loaded, 1 MB
    … image atelier-test/<lab>-forge:1 is loaded, 1 MB
    … image atelier-test/<lab>-source:1 is loaded, 1 MB
    Loaded { loaded: ["atelier-test/<lab>-node:1", "atelier-test/<lab>-tools:1", "atelier-test/<lab>-forge:1", "atelier-test/<lab>-source:1"], there: [], manifest: Some("<home>/cache/flux-v2.9.0.yaml") }
    Loaded { loaded: [], there: ["atelier-test/<lab>-node:1", "atelier-test/<lab>-tools:1", "atelier-test/<lab>-forge:1", "atelier-test/<lab>-source:1"], manifest: Some("<home>/cache/flux-v2.9.0.yaml") }
    … image atelier-test/<lab>-forge:1 is loaded, 1 MB
    Loaded { loaded: ["atelier-test/<lab>-forge:1"], there: ["atelier-test/<lab>-node:1", "atelier-test/<lab>-tools:1", "atelier-test/<lab>-source:1"], manifest: Some("<home>/cache/flux-v2.9.0.yaml") }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_for_other_machines_is_pulled_and_does_not_stay_in_the_place_of_this_ones() {
    let Some(pulls) = Pulls::open("both", nothing).await else { return };
    let name = pulls.reference(":1");
    let own = Engine::open(pulls.settings.search.host.as_deref().unwrap()).await.unwrap();
    let docker = docker(&own);
    let own = own.facts().await.unwrap().architecture;
    let other = if own == "arm64" { "amd64" } else { "arm64" };
    pulls.push("1", &own, &["one"]).await;
    pulls.pull(&name).await;
    let before = docker.inspect_image(&name).await.unwrap().id;
    pulls.push("1", other, &["one"]).await;
    let home = pulls.home.path();
    let settings = wanting(pulls.settings.search.host.as_deref().unwrap(), home, [&name; 4]);
    let file = home.join("both.bundle");
    let order = Order { images: Vec::new(), workspace: false, ..order(&file, &[&own, other]) };
    let told = saved(&settings, home, &order).await;
    assert!(told.ends_with("[(\"manifest\", 1), (\"node\", 2)]\n"), "{told}");
    assert_eq!(docker.inspect_image(&name).await.unwrap().id, before);
    let bundle = open(&file);
    bundle.verify(|_| ()).unwrap();
    let each = bundle.index().images.iter().map(|image| image.architecture.as_str()).collect::<Vec<_>>();
    assert_eq!(each, [own.as_str(), other]);
    let theirs = bundle.index().images[1].config.clone();
    docker.remove_image(&theirs, None::<RemoveImageOptions>, None).await.unwrap();
    pulls.purge().await;
}

#[test]
fn a_killed_save_goes_on_and_a_lab_comes_from_the_bundle_and_stays_offline() {
    let Some(ground) = Ground::stand_ins() else { return };
    let world = ground.world();
    world.set("ATELIER_IMAGES_ADD_ONS", "none");
    let words = ["bundle", "save", "one.bundle", "--without-workspace", "--lab", ground.lab()];
    // The first image is at hand when the second one is begun.
    world.signalled(&words, 3, Signal::KILL);
    assert!(!world.work().join("one.bundle").exists());
    let save = world.atelier(&words).ok();
    assert!(save.stderr().contains(" is at hand"), "{save}");
    ground.atelier(&["bundle", "verify", "one.bundle"]).ok();
    // From here on, nothing but the bundle tells what a lab is made of.
    for name in
        ["IMAGES_K3S", "IMAGES_GITEA", "IMAGES_K3D_TOOLS", "IMAGES_ADD_ONS", "IMAGES_PULL", "FLUX_MANIFEST"]
    {
        world.set(&format!("ATELIER_{name}"), "");
    }
    let missing = ground.atelier(&["up", "--platform", "k3d", "--offline"]);
    assert_eq!(missing.code(), 4, "{missing}");
    // An engine of somebody's own may have some of them.
    let has = world.run("docker", &["images", "--format", "{{.Repository}}:"]).ok().stdout().to_owned();
    for name in ["rancher/k3s:", "rancher/mirrored-pause:", "docker.gitea.com/gitea:", "operator's manifest"]
    {
        assert_ne!(
            has.lines().any(|line| line == name),
            missing.stderr().contains(name),
            "{name}: {missing}"
        );
    }
    ground.atelier(&["down"]).ok();
    let up = ground.json(&["up", "--bundle", "one.bundle"]);
    assert_eq!(up["platform"], "k3d");
    assert!(outcomes(&up).values().all(|outcome| outcome != "removed"));
    std::fs::remove_file(world.work().join("one.bundle")).unwrap();
    let rows = ground.atelier(&["config", "--json"]).ok().json();
    let row = |key: &str| rows.as_array().unwrap().iter().find(|row| row["key"] == key).unwrap().clone();
    assert_eq!([&row("offline")["value"], &row("offline")["origin"]], [&json!("true"), &json!("lab")]);
    assert_ne!(row("images.k3s")["origin"], Value::from("default"));
    ground.atelier(&["recreate", "cluster", "--yes"]).ok();
    let again = ground.json(&["up"]);
    assert!(outcomes(&again).values().all(|outcome| outcome == "unchanged"), "{again:#}");
    ground.atelier(&["down", "--purge"]).ok();
}

#[test]
fn a_bundle_for_something_else_is_refused_before_anything_is_made() {
    let world = World::new();
    crate::artifacts::archives::small(&world.work());
    let mut text = String::new();
    for words in [
        &["--workshop", "first_steps", "up", "--bundle", "small.bundle"][..],
        &["up", "--platform", "embedded", "--bundle", "small.bundle"],
        &["up", "--bundle", "missing.bundle"],
    ] {
        text = format!("{text}{}\n", world.atelier(words));
    }
    assert!(!world.state().exists());
    insta::assert_snapshot!(text, @"
    $ atelier --workshop first_steps up --bundle small.bundle
    --- stderr
    error: bundle `small.bundle` is for workshop `one`, not `first_steps`
    hint: name its workshop with `--workshop NAME`, or take another bundle
    --- exit code 2
    $ atelier up --platform embedded --bundle small.bundle
    --- stderr
    error: bundle `small.bundle` is for platform `k3d`, not `embedded`
    hint: without `--bundle` the lab needs none; another lab has another name: `--lab NAME`
    --- exit code 2
    $ atelier up --bundle missing.bundle
    --- stderr
    error: cannot read `missing.bundle`
      caused by: No such file or directory (os error 2)
    hint: name the file of a bundle, or the address of one
    --- exit code 4
    ");
}
