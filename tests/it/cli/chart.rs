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

/// The text, with a word for the folder in which it was all done.
fn in_folder(text: &str) -> String {
    text.replace(concat!("<world>", "/work"), "<folder>")
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
    world.write("mixed/templates/c.yaml", "a: [1\n");
    world.write("mixed/crds/d.yaml", "apiVersion: v1\nkind: Pod\n");
    world.write(
        "fails/Chart.yaml",
        "apiVersion: v2\nname: fails\nversion: 1.0.0\nicon: https://example.org/i.png\n",
    );
    world.write("fails/values.yaml", "songs: [1\n");
    world.write("fails/templates/a.yaml", "{{ fail \"no\" }}\n");
    let told = ["jukebox", "broken", "mixed", "fails", "nowhere"];
    let told = told.map(|chart| world.atelier(&["chart", "lint", chart]).to_string());
    insta::assert_snapshot!(in_folder(&told.join("\n")), @r#"
    $ atelier chart lint jukebox
    ==> Linting jukebox
    [INFO] Chart.yaml: icon is recommended

    1 chart(s) linted, 0 chart(s) failed
    --- exit code 0
    $ atelier chart lint broken
    ==> Linting broken
    [WARNING] Chart.yaml: failed to strictly parse chart metadata file
    	error unmarshaling JSON: while decoding JSON: json: unknown field "songs"
    [ERROR] Chart.yaml: chart name "broken/x" is invalid
    [ERROR] Chart.yaml: apiVersion is required. The value must be either "v1" or "v2"
    [ERROR] Chart.yaml: version should be of type string but it's of type float64
    [ERROR] Chart.yaml: invalid icon URL 'none'
    [ERROR] Chart.yaml: chart type is not valid in apiVersion ''. It is valid in apiVersion 'v2'
    [WARNING] Chart.yaml: version '1' is not a valid SemVerV2
    [INFO] values.yaml: file does not exist
    [ERROR] templates/: validation: chart.metadata.name "broken/x" is invalid
    [ERROR] : unable to load chart
    	validation: chart.metadata.name "broken/x" is invalid

    --- stderr
    error: 1 chart(s) linted, 1 chart(s) failed
    --- exit code 3
    $ atelier chart lint mixed
    ==> Linting mixed
    [ERROR] Chart.yaml: version should be of type string but it's of type float64
    [ERROR] Chart.yaml: appVersion should be of type string but it's of type float64
    [WARNING] Chart.yaml: version '1' is not a valid SemVerV2
    [INFO] values.yaml: file does not exist
    [WARNING] templates/a.yaml: document starts with an illegal indent: "  kind: Deployment", which may cause parsing problems
    [WARNING] templates/a.yaml: object name does not conform to Kubernetes naming requirements: "A_b": metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
    [ERROR] templates/a.yaml: a Deployment must contain matchLabels or matchExpressions, and "A_b" does not
    [WARNING] templates/a.yaml: object name does not conform to Kubernetes naming requirements: "1a": metadata.name: Invalid value: "1a": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')
    [ERROR] templates/b.json: file extension '.json' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt
    [ERROR] templates/c.yaml: unable to parse YAML: error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'
    [WARNING] <folder>/mixed: chart directory is missing these dependencies: redis
    [ERROR] crds/d.yaml: apiVersion is not in 'apiextensions.k8s.io'
    [ERROR] crds/d.yaml: object kind is not 'CustomResourceDefinition'

    --- stderr
    error: 1 chart(s) linted, 1 chart(s) failed
    --- exit code 3
    $ atelier chart lint fails
    ==> Linting fails
    [ERROR] values.yaml: unable to parse YAML: error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'
    [ERROR] templates/: cannot load values.yaml: cannot unmarshal yaml document: error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'
    [ERROR] : unable to load chart
    	cannot load values.yaml: cannot unmarshal yaml document: error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'

    --- stderr
    error: 1 chart(s) linted, 1 chart(s) failed
    --- exit code 3
    $ atelier chart lint nowhere
    ==> Linting nowhere
    Error unable to check Chart.yaml file in chart: stat nowhere/Chart.yaml: no such file or directory

    --- stderr
    error: 1 chart(s) linted, 1 chart(s) failed
    --- exit code 3
    "#);
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
    insta::assert_snapshot!(in_folder(&format!("{plain}\n{valued}\n{wrong}")), @r#"
    $ atelier chart template jukebox
    ---
    # Source: jukebox/templates/songs.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: release-name
    data:
      songs: "1"
      where: default
    --- exit code 0
    $ atelier chart template mine jukebox -f more.yaml --set songs=3 --namespace dev2
    ---
    # Source: jukebox/templates/songs.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: mine
    data:
      songs: "3"
      where: dev2
    --- exit code 0
    $ atelier chart template mine jukebox --set songs
    --- stderr
    error: failed parsing --set data: key "songs" has no value
    --- exit code 2
    "#);
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
    insta::assert_snapshot!(in_folder(&format!("{packaged}\n{wrong}\n{pushed}\n{folder}\n{other}")), @r#"
    $ atelier chart package jukebox
    Successfully packaged chart and saved it to: <folder>/jukebox-0.1.0.tgz
    --- exit code 0
    $ atelier chart package jukebox --version one
    --- stderr
    error: validation: chart.metadata.version "one" is invalid
    --- exit code 3
    $ atelier chart push jukebox-0.1.0.tgz dev2/charts
    Pushed: dev2/charts/jukebox:0.1.0
    Digest: sha256:<sha256>
    --- exit code 0
    $ atelier chart push jukebox oci://forge.atelier.internal:3000/dev2/charts --version 0.2.0+one
    Pushed: dev2/charts/jukebox:0.2.0_one
    Digest: sha256:<sha256>
    --- exit code 0
    $ atelier chart push jukebox ops/charts
    --- stderr
    error: the registry answered 403 to `POST /v2/ops/charts/jukebox/blobs/uploads/`: DENIED
    hint: who owns the repository may push to it: `--as ACTOR`
    --- exit code 2
    "#);
    let seen = world.atelier(&["image", "inspect", "dev2/charts/jukebox:0.2.0_one", "--json"]).ok().json();
    let annotations = &seen["manifests"][0]["manifest"]["annotations"];
    assert_eq!(annotations["org.opencontainers.image.version"], "0.2.0+one");
    assert_eq!(annotations["org.opencontainers.image.description"], "Plays songs");
}
