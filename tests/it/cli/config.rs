//! `atelier config` and the file that it reads.

use serde_json::Value;

use crate::support::World;

fn rows(world: &World, arguments: &[&str]) -> Vec<Value> {
    let ran = world.atelier(&[&["config", "--json"], arguments].concat());
    assert_eq!(ran.code(), 0, "{ran}");
    serde_json::from_str(ran.stdout()).unwrap()
}

fn row(rows: &[Value], key: &str) -> (String, Value) {
    let row = rows.iter().find(|row| row["key"] == key).unwrap();
    (row["value"].as_str().unwrap().to_owned(), row["origin"].clone())
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let world = World::new();
    world.write("atelier.yaml", "images: {k3s: file/k3s:1, gitea: file/gitea:1, base: file/base:1}\n");
    world.set("ATELIER_IMAGES_GITEA", "environment/gitea:1");
    world.set("ATELIER_IMAGES_BASE", "environment/base:1");
    let rows = rows(&world, &["--set", "images.base=flag/base:1"]);
    assert_eq!(row(&rows, "images.base"), ("flag/base:1".to_owned(), "flag".into()));
    let variable = serde_json::json!({"environment": "ATELIER_IMAGES_GITEA"});
    assert_eq!(row(&rows, "images.gitea"), ("environment/gitea:1".to_owned(), variable));
    let file = world.work().join("atelier.yaml").display().to_string();
    assert_eq!(row(&rows, "images.k3s"), ("file/k3s:1".to_owned(), serde_json::json!({"file": file})));
    assert_eq!(row(&rows, "tools.k3d"), ("k3d".to_owned(), "default".into()));
}

#[test]
fn wrong_settings_are_refused_by_name() {
    let world = World::new();
    let ran = world.atelier(&["config", "--set", "images.pull=always"]);
    insta::assert_snapshot!(ran, @r"
    $ atelier config --set images.pull=always
    --- stderr
    error: setting `images.pull` cannot be `always`: it is `missing` or `never`
    hint: `atelier config` shows all settings
    --- exit code 2
    ");
    world.write("atelier.yaml", "image: {k3s: a/b:1}\n");
    let ran = world.atelier(&["config"]).to_string();
    let text = "atelier.yaml`: there is no setting `image.k3s`; the settings are `clusters`, ";
    assert!(ran.contains(text) && ran.ends_with("exit code 2"), "{ran}");
}

#[test]
fn everything_that_can_be_set_is_shown_with_its_origin() {
    let world = World::new();
    world.set("ATELIER_FLUX_SHA256", &"0".repeat(64));
    world.write(
        "atelier.yaml",
        "flux: {manifest: flux.yaml}\nimages: {mirrors: {docker.io: mirror.example}}\n",
    );
    let ran = world.atelier(&["config", "--set", "images.pull=never"]).to_string();
    let ran = ran.replace("<world>/work", "<folder>");
    // The width of the columns is that of a path.
    let blanks = regex::Regex::new(" {2,}").unwrap();
    insta::assert_snapshot!(blanks.replace_all(&ran, "  "), @"
    $ atelier config --set images.pull=never
    setting  value  from  what it is
    clusters  main  default  names of the clusters, with commas
    docker.host  -  default  address of the Docker engine; found by itself when empty
    flux.manifest  <folder>/flux.yaml  `<folder>/atelier.yaml`  file with the operator's manifest
    flux.sha256  <sha256>  ATELIER_FLUX_SHA256  checksum that the operator's manifest must have
    flux.url  https://github.com/fluxcd/flux2/releases/download/{version}/install.yaml  default  where the manifest is loaded from; `{version}` is filled in
    flux.version  v2.9.0  default  release of the operator
    images.add-ons  -  default  images that k3s itself needs, with commas, or `none`; known for the default `images.k3s` when empty
    images.base  scratch  default  base of the sample's image; `scratch`: none
    images.gitea  docker.gitea.com/gitea:1.24.6  default  the forge's image
    images.k3d-tools  -  default  k3d's helper image; its own choice when empty
    images.k3s  rancher/k3s:v1.34.1-k3s1  default  the nodes' image
    images.mirrors  docker.io=mirror.example  `<folder>/atelier.yaml`  registries to use instead, `docker.io=mirror.example`
    images.pull  never  --set  `missing`: pull what is not there; `never`: pull nothing
    images.workspace  atelier/workspace:0.1.0  default  the work environment's image
    offline  false  default  `true`: nothing is pulled or downloaded
    tools.flux  flux  default  the program flux
    tools.k3d  k3d  default  the program k3d
    --- stderr
    set them with `--set KEY=VALUE`, by variables (ATELIER_…), or in `atelier.yaml`
    --- exit code 0
    ");
}
