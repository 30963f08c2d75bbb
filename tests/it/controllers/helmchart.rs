//! Charts as sources, against the recordings and from registries.

use atelier::objects::flux::HelmChart;
use serde_json::{Value, json};

use super::flux::{CHART, CHART_TEMPLATE, Lab, NAMESPACE, files, recorded, redact, status};

pub(crate) fn chart(name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
        "metadata": { "name": name, "namespace": NAMESPACE }, "spec": spec })
}

fn of_git(path: &str) -> Value {
    json!({ "chart": path, "interval": "1m", "reconcileStrategy": "Revision",
        "sourceRef": { "kind": "GitRepository", "name": "dev1-apps" } })
}

pub(crate) fn registry() -> Value {
    json!({ "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
        "metadata": { "name": "charts", "namespace": NAMESPACE },
        "spec": { "type": "oci", "insecure": true, "url": "oci://forge.atelier.internal:3000/dev1",
            "secretRef": { "name": "registry" } } })
}

fn of_registry(chart: &str, version: &str) -> Value {
    json!({ "chart": chart, "interval": "1m", "version": version,
        "sourceRef": { "kind": "HelmRepository", "name": "charts" } })
}

/// What `Ready` says.
fn ready(object: &Value) -> String {
    let conditions = object["status"]["conditions"].as_array().unwrap();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready").unwrap();
    let text = |field: &str| ready[field].as_str().unwrap().to_owned();
    redact(&format!("{} {}: {}", text("status"), text("reason"), text("message")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_a_repository_is_packaged() {
    let lab = Lab::with_source().await;
    for (name, path) in
        [("dev1-ns-carapuce", "./charts/carapuce"), ("dev1-ns-bad-values", "charts/carapuce/")]
    {
        lab.apply(&chart(name, &of_git(path))).await;
        let object = lab.until_ready::<HelmChart>(name, "True").await;
        let recording = name.replacen("dev1-ns-", "helmchart-", 1);
        assert_eq!(status(&object), status(&recorded(&recording)), "{name}");
    }
    assert_eq!(
        lab.events("dev1-ns-carapuce").await,
        ["Normal ChartPackageSucceeded packaged 'carapuce' chart with version '0.1.0+<commit>'"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_is_told_as_flux_does() {
    let lab = Lab::with_source().await;
    lab.apply(&chart("dev1-ns-no-chart", &of_git("./charts/nope"))).await;
    let object = lab.until_ready::<HelmChart>("dev1-ns-no-chart", "False").await;
    assert_eq!(status(&object), status(&recorded("helmchart-no-chart")));
    // A push may bring it: the chart follows its source.
    let mut files = files();
    files.insert("charts/nope/Chart.yaml", CHART.replace("carapuce", "nope"));
    lab.push(&files, "a chart").await;
    let patch = json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": "now" } } });
    let patch = kube::api::Patch::Merge(patch);
    lab.api::<atelier::objects::flux::GitRepository>()
        .patch("dev1-apps", &kube::api::PatchParams::default(), &patch)
        .await
        .unwrap();
    lab.until_ready::<HelmChart>("dev1-ns-no-chart", "True").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_files_become_the_charts_values() {
    let lab = Lab::open().await;
    let mut files = files();
    files.insert("charts/carapuce/values.yaml", "message: a\nport: 80\n".to_owned());
    files.insert("staging.yaml", "message: b\n".to_owned());
    lab.push(&files, "values").await;
    let url = "http://forge.atelier.internal:3000/dev1/dev1-apps.git";
    lab.apply(&Lab::source("dev1-apps", url, "main")).await;
    lab.until_ready::<atelier::objects::flux::GitRepository>("dev1-apps", "True").await;
    let mut spec = of_git("charts/carapuce");
    spec["reconcileStrategy"] = "ChartVersion".into();
    spec["valuesFiles"] = json!(["charts/carapuce/values.yaml", "staging.yaml", "none.yaml"]);
    lab.apply(&chart("strict", &spec)).await;
    let object = lab.until_ready::<HelmChart>("strict", "False").await;
    assert_eq!(
        ready(&object),
        "False ValuesFilesError: values files merge error: no values file found at path '/none.yaml' (reference \
         'none.yaml')"
    );
    spec["ignoreMissingValuesFiles"] = true.into();
    lab.apply(&chart("lenient", &spec)).await;
    let object = lab.until_ready::<HelmChart>("lenient", "True").await;
    assert_eq!(
        object["status"]["observedValuesFiles"],
        json!(["charts/carapuce/values.yaml", "staging.yaml"])
    );
    assert_eq!(
        ready(&object),
        "True ChartPackageSucceeded: packaged 'carapuce' chart with version '0.1.0+1' and merged values files \
         [charts/carapuce/values.yaml staging.yaml]"
    );
    let artifact = &object["status"]["artifact"];
    let stored = lab.folder.path().join("artifacts").join(artifact["path"].as_str().unwrap());
    let files = atelier::artifacts::unpack(&std::fs::read(stored).unwrap()).unwrap();
    assert_eq!(String::from_utf8_lossy(&files["carapuce/values.yaml"]), "message: b\nport: 80\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_chart_of_a_range_is_pulled_from_a_registry() {
    let lab = Lab::open().await;
    lab.add_secrets().await;
    lab.apply(&registry()).await;
    let files = [("Chart.yaml", CHART.to_owned()), ("templates/cm.yaml", CHART_TEMPLATE.to_owned())];
    for version in ["0.1.0", "0.1.1", "0.2.0"] {
        lab.push_chart(&files, version).await;
    }
    for (name, spec, status, expected) in [
        (
            "range",
            of_registry("carapuce", "0.1.x"),
            "True",
            "True ChartPullSucceeded: pulled 'carapuce' chart with version '0.1.1'",
        ),
        (
            "exact",
            of_registry("carapuce", "0.1.0"),
            "True",
            "True ChartPullSucceeded: pulled 'carapuce' chart with version '0.1.0'",
        ),
        (
            "none",
            of_registry("carapuce", "3.x"),
            "False",
            "False ChartPullError: chart pull error: failed to get chart version for remote reference: could not locate \
          a version matching provided version string 3.x",
        ),
        (
            "unknown",
            of_registry("salameche", "0.1.0"),
            "False",
            "False ChartPullError: chart pull error: failed to download chart for remote reference: GET \
          http://<forge>/v2/dev1/salameche/manifests/0.1.0: MANIFEST_UNKNOWN: manifest unknown",
        ),
    ] {
        lab.apply(&chart(name, &spec)).await;
        let object = lab.until_ready::<HelmChart>(name, status).await;
        assert_eq!(ready(&object), expected, "{name}");
    }
    let object = lab.api::<HelmChart>().get("range").await.unwrap().status.unwrap();
    assert_eq!(object.artifact.unwrap().path, "helmchart/dev1-ns/range/carapuce-0.1.1.tgz");
}

/// The files of a stored chart.
fn packaged(lab: &Lab, object: &Value) -> atelier::artifacts::Files {
    let artifact = &object["status"]["artifact"];
    let stored = lab.folder.path().join("artifacts").join(artifact["path"].as_str().unwrap());
    atelier::artifacts::unpack(&std::fs::read(stored).unwrap()).unwrap()
}

/// A lab whose repository has a chart `app` with these dependencies beside some others.
async fn with_dependencies(lab: &Lab, dependencies: &str) {
    let about = |name: &str, more: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.2.3\n{more}");
    let files = [
        ("charts/app/Chart.yaml", about("app", &format!("dependencies:\n{dependencies}"))),
        ("charts/app/.helmignore", "*.md\n/secret/\n".to_owned()),
        ("charts/app/README.md", "left out".to_owned()),
        ("charts/app/secret/key.txt", "left out, too".to_owned()),
        ("charts/app/kept.txt", "kept".to_owned()),
        ("charts/common/Chart.yaml", about("common", "")),
        ("charts/common/values.yaml", "a: 1\n".to_owned()),
    ];
    lab.push(&files.into(), "a chart with dependencies").await;
    let url = "http://forge.atelier.internal:3000/dev1/dev1-apps.git";
    lab.apply(&Lab::source("dev1-apps", url, "main")).await;
    lab.until_ready::<atelier::objects::flux::GitRepository>("dev1-apps", "True").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dependencies_are_packaged_along_and_ignored_files_are_not() {
    let lab = Lab::open().await;
    lab.add_secrets().await;
    lab.apply(&registry()).await;
    let files = [("Chart.yaml", CHART.to_owned()), ("templates/cm.yaml", CHART_TEMPLATE.to_owned())];
    lab.push_chart(&files, "0.1.4").await;
    let dependencies = "- {name: common, version: 1.x, repository: \"file://../common\"}\n- {name: common, alias: other, \
                        version: \">=1.0.0\", repository: \"file://../common\"}\n- {name: carapuce, version: 0.1.x, \
                        repository: \"oci://forge.atelier.internal:3000/dev1\"}\n";
    with_dependencies(&lab, dependencies).await;
    lab.apply(&chart("app", &of_git("charts/app"))).await;
    let object = lab.until_ready::<HelmChart>("app", "True").await;
    assert_eq!(
        ready(&object),
        "True ChartPackageSucceeded: packaged 'app' chart with version '1.2.3+<commit>'"
    );
    let files = packaged(&lab, &object);
    let names = files.keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(
        names,
        [
            "app/.helmignore",
            "app/Chart.yaml",
            "app/charts/carapuce/Chart.yaml",
            "app/charts/carapuce/templates/cm.yaml",
            "app/charts/common/Chart.yaml",
            "app/charts/common/values.yaml",
            "app/charts/other/Chart.yaml",
            "app/charts/other/values.yaml",
            "app/kept.txt",
        ]
    );
    let other = String::from_utf8_lossy(&files["app/charts/other/Chart.yaml"]);
    assert!(other.contains("name: other\n"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dependencies_that_cannot_be_had_are_told_as_flux_does() {
    let lab = Lab::open().await;
    let local = "False DependencyBuildError: dependency build error: failed to add local dependency ";
    let remote = "False DependencyBuildError: dependency build error: failed to add remote dependency ";
    for (number, (dependency, expected)) in [
        (
            "name: nope, version: 1.x, repository: \"file://../nope\"",
            format!("{local}'nope': no chart found at '/charts/nope' (reference 'file://../nope')"),
        ),
        (
            "name: common, version: 2.x, repository: \"file://../common\"",
            format!("{local}'common': can't get a valid version for constraint '2.x'"),
        ),
        (
            "name: common, version: 1.x, repository: \"@stable\"",
            format!("{remote}'common': aliased repository dependency is not supported: @stable/"),
        ),
        (
            "name: common, version: 1.x, repository: \"ftp://a\"",
            format!("{remote}'common': invalid dependency repository URL: ftp://a/"),
        ),
        (
            "name: common, version: 1.x, repository: \"http://127.0.0.1:1\"",
            format!(
                "{remote}'common': failed to get chart 'common' version '1.x' from 'http://127.0.0.1:1': Get \
                 \"http://127.0.0.1:1/index.yaml\": Connection refused (os error 111)"
            ),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        with_dependencies(&lab, &format!("- {{{dependency}}}\n")).await;
        let request = json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": number.to_string() } } });
        let sources = lab.api::<atelier::objects::flux::GitRepository>();
        sources
            .patch("dev1-apps", &kube::api::PatchParams::default(), &kube::api::Patch::Merge(request))
            .await
            .unwrap();
        let handled = |source: &atelier::objects::flux::GitRepository| {
            let status = source.status.as_ref();
            status.and_then(|status| status.last_handled_reconcile_at.as_deref()) == Some(&number.to_string())
        };
        lab.until("dev1-apps", handled).await;
        let name = format!("app-{number}");
        lab.apply(&chart(&name, &of_git("charts/app"))).await;
        let object = lab.until_ready::<HelmChart>(&name, "False").await;
        assert_eq!(ready(&object), expected, "{dependency}");
    }
}
