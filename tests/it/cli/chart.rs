//! `atelier chart`: what is wrong with charts, what they come to, and how they get into the registry.

use crate::support::World;

const CHART: &str = "apiVersion: v2\n# a comment\nname: jukebox\ndescription: Plays songs\nversion: 0.1.0\n";
const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  \
    songs: {{ .Values.songs | quote }}\n  where: {{ .Release.Namespace }}\n";

fn world() -> World {
    let world = World::new();
    world.write("jukebox/Chart.yaml", CHART);
    world.write("jukebox/values.yaml", "songs: 1\n");
    world.write("jukebox/templates/songs.yaml", TEMPLATE);
    world.write("jukebox/.helmignore", "*.bak\n");
    world.write("jukebox/old.bak", "x");
    world
}

#[test]
fn charts_are_linted_in_the_words_of_helm() {
    let world = world();
    world.write("broken/Chart.yaml", "name: broken/x\nversion: 1\nsongs: 1\nicon: none\ntype: application\n");
    world.write("broken/templates/a.json", "{}");
    world.write("mixed/Chart.yaml", "apiVersion: v2\nname: mixed\nversion: 1.0\nicon: https://example.org/i.png\nappVersion: 1\ndependencies:\n- name: redis\n  version: 1.x\n");
    world.write(
        "mixed/templates/a.yaml",
        "  kind: Deployment\n  metadata: {name: A_b}\n---\nkind: Service\nmetadata: {name: 1a}\n",
    );
    world.write("mixed/templates/b.json", "{}");
    world.write("mixed/templates/c.yaml", "a: [\n");
    world.write("mixed/crds/d.yaml", "apiVersion: v1\nkind: Pod\n");
    world.write(
        "fails/Chart.yaml",
        "apiVersion: v2\nname: fails\nversion: 1.0.0\nicon: https://example.org/i.png\n",
    );
    world.write("fails/values.yaml", "songs: [\n");
    world.write("fails/templates/a.yaml", "{{ fail \"no\" }}\n");
    let told = ["jukebox", "broken", "mixed", "fails", "nowhere"];
    let told = told.map(|chart| world.atelier(&["chart", "lint", chart]).to_string());
    insta::assert_snapshot!(told.join("\n"), @"");
}

#[test]
fn charts_are_rendered_with_values() {
    let world = world();
    world.write("more.yaml", "songs: 2\n");
    let plain = world.atelier(&["chart", "template", "jukebox"]).to_string();
    let words = [
        "chart",
        "template",
        "mine",
        "jukebox",
        "-f",
        "more.yaml",
        "--set",
        "songs=3",
        "--namespace",
        "dev2",
    ];
    let valued = world.atelier(&words).to_string();
    let wrong = world.atelier(&["chart", "template", "mine", "jukebox", "--set", "songs"]).to_string();
    insta::assert_snapshot!(format!("{plain}\n{valued}\n{wrong}"), @"");
}

#[test]
fn charts_are_packaged_and_pushed() {
    let world = world();
    let packaged = world.atelier(&["chart", "package", "jukebox"]).to_string();
    let first = std::fs::read(world.work().join("jukebox-0.1.0.tgz")).unwrap();
    world.atelier(&["chart", "package", "jukebox", "-d", "again"]).ok();
    assert_eq!(std::fs::read(world.work().join("again/jukebox-0.1.0.tgz")).unwrap(), first);
    let listed = world.run("tar", &["tzf", "jukebox-0.1.0.tgz"]).ok();
    let names = ["Chart.yaml", "templates/songs.yaml", "values.yaml"].map(|name| format!("jukebox/{name}\n"));
    assert_eq!(listed.stdout().replace("jukebox/.helmignore\n", ""), names.concat());
    let wrong = world.atelier(&["chart", "package", "jukebox", "--version", "one"]).to_string();
    world.atelier(&["up"]).ok();
    world.set("ATELIER_ACTOR", "dev2");
    let pushed = world.atelier(&["chart", "push", "jukebox-0.1.0.tgz", "dev2/charts"]).to_string();
    let folder = world.atelier(&[
        "chart",
        "push",
        "jukebox",
        "oci://forge.atelier.internal:3000/dev2/charts",
        "--version",
        "0.2.0+one",
    ]);
    let other = world.atelier(&["chart", "push", "jukebox", "ops/charts"]).to_string();
    insta::assert_snapshot!(format!("{packaged}\n{wrong}\n{pushed}\n{folder}\n{other}"), @"");
    let seen = world.atelier(&["image", "inspect", "dev2/charts/jukebox:0.2.0_one", "--json"]).ok().json();
    let annotations = &seen["manifests"][0]["manifest"]["annotations"];
    assert_eq!(annotations["org.opencontainers.image.version"], "0.2.0+one");
    assert_eq!(annotations["org.opencontainers.image.description"], "Plays songs");
}
