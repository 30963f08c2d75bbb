//! Defaults, pruning and validation, compared with recordings of Kubernetes 1.34.

use serde_json::{Value, json};

use super::{Kind, Registry, default, prune, validate, validate_change};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn kind(group: &str, plural: &str) -> &'static Kind {
    Registry::builtin().by_resource(group, "v1", plural).unwrap()
}

fn errors(kind: &Kind, object: &Value) -> Vec<String> {
    validate(kind, object).iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_person_applied_becomes_what_was_stored() {
    let deployment = include_str!("../../../tests/fixtures/apiserver/deployment-available.yaml");
    let stored: Value = serde_saphyr::from_str(deployment).unwrap();
    let written = stored["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap();
    let mut object: Value = serde_json::from_str(written).unwrap();
    let kind = kind("apps", "deployments");
    assert_eq!(prune(&kind.schema, &mut object), Vec::<String>::new());
    default(&kind.schema, &mut object);
    assert_eq!(object["spec"], stored["spec"]);
    assert_eq!(object["status"], json!({}));
    assert_eq!(object["metadata"].get("annotations"), None);
    assert_eq!(errors(kind, &object), Vec::<String>::new());
}

#[test]
fn a_job_gets_its_defaults() {
    let job = include_str!("../../../tests/fixtures/apiserver/job-complete.yaml");
    let stored: Value = serde_saphyr::from_str(job).unwrap();
    let written = stored["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap();
    let mut object: Value = serde_json::from_str(written).unwrap();
    let kind = kind("batch", "jobs");
    default(&kind.schema, &mut object);
    // The selector and its labels are made when the job is created.
    let mut expected = stored["spec"].clone();
    expected.as_object_mut().unwrap().shift_remove("selector");
    expected["template"]["metadata"] = json!({});
    assert_eq!(object["spec"], expected);
}

#[test]
fn a_pod_keeps_what_the_recorded_one_has() {
    let pod = include_str!("../../../tests/fixtures/apiserver/pod-running.yaml");
    let stored: Value = serde_saphyr::from_str(pod).unwrap();
    let kind = kind("", "pods");
    let mut object = stored.clone();
    assert_eq!(prune(&kind.schema, &mut object), Vec::<String>::new());
    default(&kind.schema, &mut object);
    assert_eq!(object, stored);
}

#[test]
fn defaults_of_other_kinds() {
    for (group, plural, written, path, expected) in [
        (
            "",
            "services",
            json!({ "spec": { "ports": [{ "port": 80 }] } }),
            "/spec",
            json!({
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
                "ports": [{ "port": 80, "protocol": "TCP", "targetPort": 80 }],
            }),
        ),
        (
            "",
            "secrets",
            json!({ "stringData": { "a": "x" }, "data": { "b": "eQ==" } }),
            "",
            json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {},
                "type": "Opaque",
                "data": { "a": "eA==", "b": "eQ==" },
            }),
        ),
        (
            "",
            "namespaces",
            json!({ "metadata": { "name": "x" } }),
            "",
            json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": { "name": "x", "labels": { "kubernetes.io/metadata.name": "x" } },
                "spec": {},
                "status": { "phase": "Active" },
            }),
        ),
        (
            "networking.k8s.io",
            "networkpolicies",
            json!({ "spec": { "podSelector": {}, "ingress": [{ "ports": [{ "port": 1 }] }] } }),
            "/spec",
            json!({
                "podSelector": {},
                "policyTypes": ["Ingress"],
                "ingress": [{ "ports": [{ "port": 1, "protocol": "TCP" }] }],
            }),
        ),
    ] {
        let kind = kind(group, plural);
        let mut object = written;
        object["apiVersion"] = json!(kind.api_version());
        object["kind"] = json!(kind.kind);
        default(&kind.schema, &mut object);
        assert_eq!(object.pointer(path).unwrap(), &expected, "{plural}");
    }
}

#[test]
fn images_are_pulled_always_only_when_they_can_change() {
    for (image, policy) in [
        ("a", "Always"),
        ("a:latest", "Always"),
        ("localhost:5000/a", "Always"),
        ("a:1", "IfNotPresent"),
        ("localhost:5000/a:1", "IfNotPresent"),
        ("a@sha256:0", "IfNotPresent"),
    ] {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "spec": { "containers": [{ "name": "c", "image": image }] },
        });
        default(&kind("", "pods").schema, &mut pod);
        assert_eq!(pod["spec"]["containers"][0]["imagePullPolicy"], policy, "{image}");
    }
}

#[test]
fn unknown_fields_are_taken_out_and_named() {
    let mut object = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "x", "labels": { "any": "x" } },
        "spec": { "replicaz": 2, "template": { "spec": { "containers": [{ "name": "a", "imag": "x" }] } } },
    });
    assert_eq!(
        prune(&kind("apps", "deployments").schema, &mut object),
        ["unknown field \"spec.replicaz\"", "unknown field \"spec.template.spec.containers[0].imag\""]
    );
    assert_eq!(object["spec"], json!({ "template": { "spec": { "containers": [{ "name": "a" }] } } }));
}

#[test]
fn a_bad_name_has_the_recorded_words() {
    let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "Bad_Name" } });
    assert_eq!(
        errors(kind("", "namespaces"), &object),
        [
            "metadata.name: Invalid value: \"Bad_Name\": a lowercase RFC 1123 label must consist of lower case \
          alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  \
          or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        ]
    );
}

#[test]
fn wrong_workloads() {
    let mut object = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "x" },
        "spec": {
            "replicas": -1,
            "selector": { "matchLabels": { "app": "x" } },
            "template": { "metadata": { "labels": { "app": "y" } }, "spec": {
                "restartPolicy": "Never",
                "containers": [{ "name": "c", "volumeMounts": [{ "name": "none", "mountPath": "/x" }] }],
            } },
        },
    });
    let kind = kind("apps", "deployments");
    default(&kind.schema, &mut object);
    assert_eq!(
        errors(kind, &object),
        [
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            "spec.template.metadata.labels: Invalid value: {\"app\":\"y\"}: `selector` does not match template `labels`",
            "spec.template.spec.containers[0].image: Required value",
            "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"none\"",
            "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
        ]
    );
}

fn custom(schema: &Value) -> Kind {
    let crd = json!({ "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": { "kind": "Thing", "plural": "things", "singular": "thing", "shortNames": ["th"] },
        "versions": [
            { "name": "v1", "served": true, "schema": { "openAPIV3Schema": schema }, "subresources": { "status": {} } },
            { "name": "v0", "served": false },
        ],
    } });
    let mut kinds = Kind::from_crd(&crd).unwrap();
    assert_eq!(kinds.len(), 1);
    kinds.remove(0)
}

#[test]
fn a_custom_kind() {
    let kind = custom(&json!({ "type": "object", "properties": { "spec": {
        "type": "object",
        "required": ["interval", "prune"],
        "x-kubernetes-validations": [{ "rule": "true" }],
        "properties": {
            "interval": { "type": "string", "pattern": "^[0-9]+s$" },
            "prune": { "type": "boolean" },
            "mode": { "type": "string", "enum": ["a", "b"], "default": "a" },
            "count": { "type": "integer", "minimum": 1 },
            "free": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
        },
    } } }));
    assert_eq!(
        (kind.api_version(), kind.has_status, kind.is_custom()),
        ("example.com/v1".to_owned(), true, true)
    );
    let mut object = json!({
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": { "name": "x" },
        "spec": { "interval": "5m", "count": 0, "nope": 1, "free": { "x": 1 } },
    });
    assert_eq!(prune(&kind.schema, &mut object), ["unknown field \"spec.nope\""]);
    default(&kind.schema, &mut object);
    assert_eq!(object["spec"], json!({ "interval": "5m", "count": 0, "free": { "x": 1 }, "mode": "a" }));
    assert_eq!(
        errors(&kind, &object),
        [
            "spec.prune: Required value",
            "spec.interval: Invalid value: \"5m\": spec.interval in body should match '^[0-9]+s$'",
            "spec.count: Invalid value: 0: spec.count in body should be greater than or equal to 1",
            "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; \
             correct the existing errors to complete validation",
        ]
    );
    object["spec"] = json!({ "interval": true, "prune": true, "mode": "c" });
    assert_eq!(
        errors(&kind, &object)[..2],
        [
            "spec.interval: Invalid value: \"boolean\": spec.interval in body must be of type string: \"boolean\"",
            "spec.mode: Unsupported value: \"c\": supported values: \"a\", \"b\"",
        ]
    );
}

#[test]
fn a_schema_that_nests_without_end_is_refused() {
    let mut schema = json!({ "type": "string" });
    for _ in 0..100 {
        schema = json!({ "type": "object", "properties": { "a": schema } });
    }
    let crd = json!({ "spec": {
        "group": "g", "names": { "kind": "K", "plural": "ks" },
        "versions": [{ "name": "v1", "served": true, "schema": { "openAPIV3Schema": schema } }],
    } });
    assert!(Kind::from_crd(&crd).is_err());
}

#[test]
fn rules_compare_with_the_old_state_too() {
    let rule = |rule: &str, message: &str| json!({ "rule": rule, "message": message });
    let kind = custom(&json!({ "type": "object", "properties": { "spec": {
        "type": "object",
        "properties": { "min": { "type": "integer" }, "max": { "type": "integer" } },
        "x-kubernetes-validations": [
            rule("self.min <= self.max", "min must not be above max"),
            rule("self.max >= oldSelf.max", "max must not shrink"),
        ],
    } } }));
    let object = |min: i64, max: i64| {
        json!({ "apiVersion": "example.com/v1", "kind": "Thing", "metadata": { "name": "x" },
            "spec": { "min": min, "max": max } })
    };
    let errors = |object: &Value, old: Option<&Value>| -> Vec<String> {
        validate_change(&kind, object, old).iter().map(ToString::to_string).collect()
    };
    assert_eq!(errors(&object(1, 2), None), Vec::<String>::new());
    assert_eq!(errors(&object(3, 2), None), ["spec: Invalid value: \"object\": min must not be above max"]);
    assert_eq!(errors(&object(1, 3), Some(&object(1, 2))), Vec::<String>::new());
    assert_eq!(
        errors(&object(1, 1), Some(&object(1, 2))),
        ["spec: Invalid value: \"object\": max must not shrink"]
    );
}
