//! Rows of recorded objects, compared with what kubectl showed of them.

use serde_json::{Value, json};

use super::{columns, row};
use crate::apiserver::types::{Kind, Registry};

macro_rules! fixture {
    ($name:literal) => {
        serde_saphyr::from_str::<Value>(include_str!(concat!("../../../tests/fixtures/apiserver/", $name)))
            .unwrap()
    };
}

fn kind(group: &str, plural: &str) -> &'static Kind {
    Registry::builtin().by_resource(group, "v1", plural).unwrap()
}

/// The cells of an object at a time.
fn cells(kind: &Kind, object: &Value, now: &str) -> Vec<Value> {
    row(kind, object, now.parse().unwrap())
}

#[test]
fn every_kind_has_a_cell_for_each_heading() {
    for kind in Registry::builtin().kinds() {
        let object = json!({ "metadata": { "name": "x" } });
        let cells = cells(kind, &object, "2026-11-21T04:22:00Z");
        assert_eq!(columns(kind).len(), cells.len(), "{} {}", kind.group, kind.kind);
    }
}

#[test]
fn headings_of_deployments_are_as_recorded() {
    let headings: Vec<(String, String, i64)> = columns(kind("apps", "deployments"))
        .into_iter()
        .map(|column| (column.name, column.format, column.priority))
        .collect();
    let expected = [
        ("Name", "name", 0),
        ("Ready", "", 0),
        ("Up-to-date", "", 0),
        ("Available", "", 0),
        ("Age", "", 0),
        ("Containers", "", 1),
        ("Images", "", 1),
        ("Selector", "", 1),
    ];
    assert_eq!(
        headings,
        expected.map(|(name, format, priority)| (name.to_owned(), format.to_owned(), priority))
    );
}

#[test]
fn recorded_objects_are_shown_as_recorded() {
    let running = fixture!("pod-running.yaml");
    let node = running["spec"]["nodeName"].clone();
    for (group, plural, object, now, expected) in [
        (
            "apps",
            "deployments",
            fixture!("deployment-available.yaml"),
            "2026-11-21T04:21:40Z",
            json!(["web", "2/2", 2, 2, "1s", "web", "rancher/mirrored-coredns-coredns:lab", "app=web"]),
        ),
        (
            "",
            "pods",
            running,
            "2026-11-21T04:21:40Z",
            json!([
                "web-6479c7b469-s4b4w",
                "1/1",
                "Running",
                "0",
                "1s",
                "10.42.0.3",
                node,
                "<none>",
                "<none>"
            ]),
        ),
        (
            "batch",
            "jobs",
            fixture!("job-complete.yaml"),
            "2026-11-21T04:22:27Z",
            json!([
                "ok",
                "Complete",
                "1/1",
                "4s",
                "30s",
                "c",
                "rancher/mirrored-coredns-coredns:lab",
                "batch.kubernetes.io/controller-uid=61d67d31-6a76-4f1d-8c63-86017c971a65",
            ]),
        ),
    ] {
        assert_eq!(json!(cells(kind(group, plural), &object, now)), expected, "{plural}");
    }
}

#[test]
fn pods_in_trouble_say_so() {
    let pods = kind("", "pods");
    let pod = |status: Value| json!({ "metadata": { "name": "p" }, "spec": { "containers": [{}] }, "status": status });
    let now = "2026-11-21T04:22:30Z";
    for (object, expected) in [
        (pod(json!({ "phase": "Pending" })), ["0/1", "Pending", "0"]),
        (
            pod(json!({ "phase": "Pending", "containerStatuses": [
                { "state": { "waiting": { "reason": "ErrImagePull" } } },
            ] })),
            ["0/1", "ErrImagePull", "0"],
        ),
        (
            pod(json!({ "phase": "Running", "containerStatuses": [{
                "restartCount": 2,
                "state": { "terminated": { "reason": "Error", "exitCode": 1 } },
                "lastState": { "terminated": { "finishedAt": "2026-11-21T04:22:02Z" } },
            }] })),
            ["0/1", "Error", "2 (28s ago)"],
        ),
        (
            pod(json!({ "phase": "Succeeded", "containerStatuses": [
                { "state": { "terminated": { "reason": "Completed", "exitCode": 0 } } },
            ] })),
            ["0/1", "Completed", "0"],
        ),
        (
            pod(json!({ "phase": "Pending", "initContainerStatuses": [
                { "state": { "waiting": { "reason": "PodInitializing" } } },
            ] })),
            ["0/1", "Init:0/0", "0"],
        ),
    ] {
        assert_eq!(cells(pods, &object, now)[1..4], expected, "{object}");
    }
    let mut deleted = pod(json!({ "phase": "Running" }));
    deleted["metadata"]["deletionTimestamp"] = json!("2026-11-21T04:22:00Z");
    assert_eq!(cells(pods, &deleted, now)[2], "Terminating");
}

#[test]
fn services_nodes_and_endpoints() {
    let now = "2026-11-21T04:22:30Z";
    let metadata = json!({ "name": "web", "creationTimestamp": "2026-11-21T04:22:29Z" });
    for (group, plural, object, expected) in [
        (
            "",
            "services",
            json!({ "metadata": metadata, "spec": {
                "type": "ClusterIP", "clusterIPs": ["10.43.230.175"], "ports": [{ "port": 80, "protocol": "TCP" }],
                "selector": { "app": "web" },
            } }),
            json!(["web", "ClusterIP", "10.43.230.175", "<none>", "80/TCP", "1s", "app=web"]),
        ),
        (
            "",
            "endpoints",
            json!({ "metadata": metadata, "subsets": [{
                "addresses": [{ "ip": "10.42.0.3" }, { "ip": "10.42.0.4" }], "ports": [{ "port": 8080 }],
            }] }),
            json!(["web", "10.42.0.3:8080,10.42.0.4:8080", "1s"]),
        ),
        (
            "discovery.k8s.io",
            "endpointslices",
            json!({ "metadata": metadata, "addressType": "IPv4", "ports": [{ "port": 8080 }],
                "endpoints": [{ "addresses": ["10.42.0.3"] }, { "addresses": ["10.42.0.4"] }] }),
            json!(["web", "IPv4", "8080", "10.42.0.3,10.42.0.4", "1s"]),
        ),
        (
            "",
            "nodes",
            json!({ "metadata": metadata, "spec": { "unschedulable": true }, "status": {
                "conditions": [{ "type": "Ready", "status": "True" }],
                "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
                "nodeInfo": { "kubeletVersion": "v1.34.1" },
            } }),
            json!([
                "web",
                "Ready,SchedulingDisabled",
                "<none>",
                "1s",
                "v1.34.1",
                "127.0.0.1",
                "<none>",
                "<unknown>",
                "<unknown>",
                "<unknown>",
            ]),
        ),
    ] {
        assert_eq!(json!(cells(kind(group, plural), &object, now)), expected, "{plural}");
    }
}

#[test]
fn custom_kinds_are_shown_by_their_columns() {
    let crd = json!({ "spec": {
        "group": "kustomize.toolkit.fluxcd.io",
        "names": { "kind": "Kustomization", "plural": "kustomizations" },
        "versions": [{ "name": "v1", "served": true, "additionalPrinterColumns": [
            { "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp" },
            { "name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status" },
            { "name": "Status", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message" },
        ] }],
    } });
    let kind = &Kind::from_crd(&crd).unwrap()[0];
    let headings: Vec<String> = columns(kind).into_iter().map(|column| column.name).collect();
    assert_eq!(headings, ["Name", "Age", "Ready", "Status"]);
    let mut object = json!({
        "metadata": { "name": "good", "creationTimestamp": "2026-11-21T04:21:09Z" },
        "status": { "conditions": [{ "type": "Ready", "status": "True", "message": "Applied revision: main" }] },
    });
    let now = "2026-11-21T04:22:30Z";
    assert_eq!(json!(cells(kind, &object, now)), json!(["good", "81s", "True", "Applied revision: main"]));
    object["status"] = json!({});
    assert_eq!(json!(cells(kind, &object, now)), json!(["good", "81s", null, null]));
}
