//! Who owns what after which write, compared with recordings of Kubernetes 1.34, and laws that hold for every patch.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::apply::{ApplyError, apply};
use super::managed::{Writer, update};
use super::{json as json_patch, strategic};
use crate::apiserver::types::{Kind, Registry, default};

const DRIFT: &str = include_str!("../../../tests/fixtures/apiserver/drift-managed-fields.yaml");

fn kind(group: &str, plural: &str) -> &'static Kind {
    Registry::builtin().by_resource(group, "v1", plural).unwrap()
}

fn writer<'a>(manager: &'a str, api_version: &'a str) -> Writer<'a> {
    Writer { manager, subresource: None, api_version, time: "2026-11-21T03:29:30Z" }
}

fn recorded() -> Value {
    serde_saphyr::from_str(DRIFT).unwrap()
}

/// What the reconciler sent for the recorded Deployment.
fn sent() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "aspicot",
            "namespace": "dev1-ns",
            "labels": {
                "app": "aspicot",
                "kustomize.toolkit.fluxcd.io/name": "good",
                "kustomize.toolkit.fluxcd.io/namespace": "dev1-ns",
            },
        },
        "spec": {
            "replicas": 5,
            "selector": { "matchLabels": { "app": "aspicot" } },
            "strategy": {},
            "template": {
                "metadata": { "labels": { "app": "aspicot" } },
                "spec": { "containers": [{
                    "name": "web",
                    "image": "aspicot:1.0.0",
                    "ports": [{ "containerPort": 80, "protocol": "TCP" }],
                    "resources": {},
                }] },
            },
        },
    })
}

fn config(data: impl Into<Value>) -> Value {
    let data: Value = data.into();
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c", "namespace": "n" }, "data": data })
}

fn owners(object: &Value) -> Vec<(String, Value)> {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    entries
        .into_iter()
        .map(|mut entry| (entry["manager"].as_str().unwrap().to_owned(), entry["fieldsV1"].take()))
        .collect()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> =
                fields.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            fields.into_iter().collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[test]
fn ownership_of_a_reconciled_deployment_is_as_recorded() {
    let (deployments, recorded) = (kind("apps", "deployments"), recorded());
    let mut applied =
        apply(None, &sent(), &deployments.schema, true, &writer("kustomize-controller", "apps/v1")).unwrap();
    default(&deployments.schema, &mut applied);
    assert_eq!(sorted(&applied["spec"]), sorted(&recorded["spec"]));
    assert_eq!(
        sorted(&applied["metadata"]["managedFields"]),
        sorted(&json!([recorded["metadata"]["managedFields"][0]]))
    );

    let mut with_status = applied.clone();
    with_status["metadata"]["annotations"] = recorded["metadata"]["annotations"].clone();
    with_status["status"] = recorded["status"].clone();
    let controller = Writer { subresource: Some("status"), ..writer("kube-controller-manager", "apps/v1") };
    update(Some(&applied), &mut with_status, &deployments.schema, &controller);
    assert_eq!(
        sorted(&with_status["metadata"]["managedFields"]),
        sorted(&recorded["metadata"]["managedFields"])
    );
}

#[test]
fn a_created_object_belongs_to_its_maker_without_what_is_never_absent() {
    let deployments = kind("apps", "deployments");
    let mut made = sent();
    default(&deployments.schema, &mut made);
    update(None, &mut made, &deployments.schema, &writer("kubectl-create", "apps/v1"));
    let expected = json!({
        "f:metadata": { "f:labels": {
            ".": {},
            "f:app": {},
            "f:kustomize.toolkit.fluxcd.io/name": {},
            "f:kustomize.toolkit.fluxcd.io/namespace": {},
        } },
        "f:spec": {
            "f:progressDeadlineSeconds": {},
            "f:replicas": {},
            "f:revisionHistoryLimit": {},
            "f:selector": {},
            "f:strategy": {
                "f:rollingUpdate": { ".": {}, "f:maxSurge": {}, "f:maxUnavailable": {} },
                "f:type": {},
            },
            "f:template": {
                "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
                "f:spec": {
                    "f:containers": { "k:{\"name\":\"web\"}": {
                        ".": {},
                        "f:image": {},
                        "f:imagePullPolicy": {},
                        "f:name": {},
                        "f:ports": {
                            ".": {},
                            "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {
                                ".": {}, "f:containerPort": {}, "f:protocol": {},
                            },
                        },
                        "f:resources": {},
                        "f:terminationMessagePath": {},
                        "f:terminationMessagePolicy": {},
                    } },
                    "f:dnsPolicy": {},
                    "f:restartPolicy": {},
                    "f:schedulerName": {},
                    "f:securityContext": {},
                    "f:terminationGracePeriodSeconds": {},
                },
            },
        },
    });
    assert_eq!(sorted(&owners(&made)[0].1), expected);
}

#[test]
fn a_hand_scaled_deployment_is_healed_by_force() {
    let deployments = kind("apps", "deployments");
    let reconciler = writer("kustomize-controller", "apps/v1");
    let mut live = apply(None, &sent(), &deployments.schema, true, &reconciler).unwrap();
    default(&deployments.schema, &mut live);
    let mut scaled = live.clone();
    scaled["spec"]["replicas"] = json!(7);
    let by_hand = Writer { subresource: Some("scale"), ..writer("kubectl", "apps/v1") };
    update(Some(&live), &mut scaled, &deployments.schema, &by_hand);
    assert_eq!(owners(&scaled)[1], ("kubectl".to_owned(), json!({ "f:spec": { "f:replicas": {} } })));

    let refused = apply(Some(&scaled), &sent(), &deployments.schema, false, &reconciler).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "Apply failed with 1 conflict: conflict with \"kubectl\" with subresource \"scale\" using apps/v1: .spec.replicas"
    );
    let healed = apply(Some(&scaled), &sent(), &deployments.schema, true, &reconciler).unwrap();
    assert_eq!(sorted(&healed), sorted(&live));
}

#[test]
fn conflicts_have_the_recorded_words() {
    let schema = &kind("", "configmaps").schema;
    let one = apply(None, &config(json!({ "a": "1" })), schema, false, &writer("one", "v1")).unwrap();
    let refused = apply(Some(&one), &config(json!({ "a": "2" })), schema, false, &writer("two", "v1"));
    let Err(ApplyError::Conflict { message, causes }) = refused else { panic!("no conflict") };
    assert_eq!(message, "Apply failed with 1 conflict: conflict with \"one\": .data.a");
    assert_eq!((causes[0].field.as_str(), causes[0].message.as_str()), (".data.a", "conflict with \"one\""));

    let both = config(json!({ "a": "1", "b": "1" }));
    let one = apply(None, &both, schema, false, &writer("one", "v1")).unwrap();
    let changed = config(json!({ "a": "2", "b": "2" }));
    let refused = apply(Some(&one), &changed, schema, false, &writer("two", "v1")).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b"
    );
}

#[test]
fn fields_that_are_said_no_longer_go_unless_another_says_them() {
    let schema = &kind("", "configmaps").schema;
    let (one, two) = (writer("one", "v1"), writer("two", "v1"));
    let both = config(json!({ "a": "1", "b": "1", "c": "1" }));
    let live = apply(None, &both, schema, false, &one).unwrap();
    let live = apply(Some(&live), &config(json!({ "b": "1" })), schema, false, &two).unwrap();
    let live = apply(Some(&live), &config(json!({ "a": "1" })), schema, false, &one).unwrap();
    assert_eq!(live["data"], json!({ "a": "1", "b": "1" }));
    assert_eq!(
        owners(&live),
        // Who came to own what was so already has no time, and stands before those that have one.
        [
            ("two".to_owned(), json!({ "f:data": { "f:b": {} } })),
            ("one".to_owned(), json!({ "f:data": { "f:a": {} } })),
        ]
    );
}

#[test]
fn items_of_keyed_lists_go_one_by_one() {
    let schema = &kind("", "services").schema;
    let service = |ports: Value| json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "s" }, "spec": { "ports": ports } });
    let first = service(json!([{ "port": 80, "name": "a" }, { "port": 81, "name": "b" }]));
    let live = apply(None, &first, schema, false, &writer("one", "v1")).unwrap();
    let live = apply(
        Some(&live),
        &service(json!([{ "port": 90, "name": "x" }])),
        schema,
        false,
        &writer("two", "v1"),
    );
    let second = service(json!([{ "port": 82, "name": "c" }, { "port": 81, "name": "b" }]));
    let live = apply(Some(&live.unwrap()), &second, schema, false, &writer("one", "v1")).unwrap();
    let ports: Vec<i64> =
        live["spec"]["ports"].as_array().unwrap().iter().map(|port| port["port"].as_i64().unwrap()).collect();
    assert_eq!(ports, [82, 81, 90]);
}

#[test]
fn an_object_of_the_wrong_type_is_named_as_recorded() {
    let schema = &kind("apps", "deployments").schema;
    let mut bad = sent();
    bad["metadata"]["name"] = json!("bad");
    bad["spec"]["replicas"] = json!("two");
    let refused = apply(None, &bad, schema, true, &writer("kustomize-controller", "apps/v1")).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "failed to create typed patch object (dev1-ns/bad; apps/v1, Kind=Deployment): .spec.replicas: expected \
         numeric (int or float), got string"
    );
    bad["spec"]["replicaz"] = json!(1);
    let refused = apply(None, &bad, schema, true, &writer("kustomize-controller", "apps/v1")).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "failed to create typed patch object (dev1-ns/bad; apps/v1, Kind=Deployment): errors:\n  .spec.replicas: \
         expected numeric (int or float), got string\n  .spec.replicaz: field not declared in schema"
    );
}

#[test]
fn what_was_there_before_the_first_apply_stays() {
    let schema = &kind("", "configmaps").schema;
    let live = config(json!({ "a": "1", "b": "1" }));
    let applied =
        apply(Some(&live), &config(json!({ "c": "1" })), schema, false, &writer("one", "v1")).unwrap();
    assert_eq!(applied["data"], json!({ "a": "1", "b": "1", "c": "1" }));
    assert_eq!(
        owners(&applied),
        [
            ("one".to_owned(), json!({ "f:data": { "f:c": {} } })),
            ("before-first-apply".to_owned(), json!({ "f:data": { "f:a": {}, "f:b": {} } })),
        ]
    );
}

#[test]
fn strategic_patches() {
    let pod = |containers: Value| json!({ "spec": { "containers": containers } });
    let two = pod(json!([{ "name": "a", "image": "a:1" }, { "name": "b", "image": "b:1" }]));
    let cases = [
        (
            "items are merged by key",
            pod(json!([{ "name": "b", "image": "b:2" }])),
            pod(json!([{ "name": "a", "image": "a:1" }, { "name": "b", "image": "b:2" }])),
        ),
        (
            "an item is deleted",
            pod(json!([{ "$patch": "delete", "name": "a" }])),
            pod(json!([{ "name": "b", "image": "b:1" }])),
        ),
        (
            "a list is replaced",
            pod(json!([{ "$patch": "replace" }, { "name": "c", "image": "c:1" }])),
            pod(json!([{ "name": "c", "image": "c:1" }])),
        ),
        (
            "items are ordered",
            json!({ "spec": {
                "$setElementOrder/containers": [{ "name": "b" }, { "name": "c" }, { "name": "a" }],
                "containers": [{ "name": "c", "image": "c:1" }],
            } }),
            pod(json!([
                { "name": "b", "image": "b:1" },
                { "name": "c", "image": "c:1" },
                { "name": "a", "image": "a:1" },
            ])),
        ),
        ("a field goes", json!({ "spec": { "containers": null } }), json!({ "spec": {} })),
    ];
    for (name, patch, expected) in cases {
        let mut target = two.clone();
        strategic(&mut target, &patch, &kind("", "pods").schema).unwrap();
        assert_eq!(target, expected, "{name}");
    }
}

#[test]
fn strategic_patches_of_maps_and_primitive_lists() {
    let strategy =
        json!({ "spec": { "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 1 } } } });
    let finalizers = json!({ "metadata": { "finalizers": ["a", "b", "c"] } });
    for (mut target, patch, expected) in [
        (
            strategy,
            json!({ "spec": { "strategy": { "$retainKeys": ["type"], "type": "Recreate" } } }),
            json!({ "spec": { "strategy": { "type": "Recreate" } } }),
        ),
        (
            finalizers.clone(),
            json!({ "metadata": { "$deleteFromPrimitiveList/finalizers": ["b"] } }),
            json!({ "metadata": { "finalizers": ["a", "c"] } }),
        ),
        (
            finalizers,
            json!({ "metadata": { "finalizers": ["d", "a"] } }),
            json!({ "metadata": { "finalizers": ["d", "a", "b", "c"] } }),
        ),
    ] {
        strategic(&mut target, &patch, &kind("apps", "deployments").schema).unwrap();
        assert_eq!(target, expected);
    }
    let mut target = json!({ "spec": { "containers": [{ "name": "a" }] } });
    let keyless = json!({ "spec": { "containers": [{ "image": "x" }] } });
    let refused = strategic(&mut target, &keyless, &kind("", "pods").schema).unwrap_err();
    assert_eq!(refused.to_string(), "map: map[image:x] does not contain declared merge key: name");
}

#[test]
fn json_patches_are_applied_whole_or_not_at_all() {
    let mut target = json!({ "a": 1 });
    let patch = json!([{ "op": "replace", "path": "/a", "value": 2 }, { "op": "remove", "path": "/b" }]);
    assert!(json_patch(&mut target, &patch).is_err());
    assert_eq!(target, json!({ "a": 1 }));
}

fn data() -> impl Strategy<Value = Value> {
    let texts = prop::collection::btree_map("[a-e]", "[xyz]", 0..5);
    texts.prop_map(|data| data.into_iter().map(|(key, value)| (key, json!(value))).collect())
}

fn pod() -> impl Strategy<Value = Value> {
    let container = ("[a-d]", "[xyz]", prop::collection::btree_map("[A-C]", "[xyz]", 0..3));
    prop::collection::vec(container, 1..4).prop_map(|containers| {
        let mut seen = std::collections::BTreeSet::new();
        let containers: Vec<Value> = containers
            .into_iter()
            .filter(|(name, ..)| seen.insert(name.clone()))
            .map(|(name, image, env)| {
                let env: Vec<Value> =
                    env.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
                json!({ "name": name, "image": image, "env": env })
            })
            .collect();
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" }, "spec": { "containers": containers } })
    })
}

proptest! {
    #[test]
    fn applying_twice_is_applying_once(first in pod(), second in pod()) {
        let schema = &kind("", "pods").schema;
        let live = apply(None, &first, schema, true, &writer("one", "v1")).unwrap();
        let once = apply(Some(&live), &second, schema, true, &writer("two", "v1")).unwrap();
        let later = Writer { time: "2027-01-01T00:00:00Z", ..writer("two", "v1") };
        prop_assert_eq!(&apply(Some(&once), &second, schema, true, &later).unwrap(), &once);
    }

    #[test]
    fn one_writer_alone_gets_what_it_says(first in pod(), second in pod()) {
        let schema = &kind("", "pods").schema;
        let one = writer("one", "v1");
        let live = apply(None, &first, schema, false, &one).unwrap();
        let live = apply(Some(&live), &second, schema, false, &one).unwrap();
        let alone = apply(None, &second, schema, false, &one).unwrap();
        prop_assert_eq!(&live["metadata"], &alone["metadata"]);
        let names = |object: &Value| -> Vec<Value> {
            object["spec"]["containers"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect()
        };
        prop_assert_eq!(names(&live), names(&second));
    }

    #[test]
    fn who_says_nothing_more_leaves_the_others_alone(mine in data(), theirs in data()) {
        let schema = &kind("", "configmaps").schema;
        let (one, two) = (writer("one", "v1"), writer("two", "v1"));
        let alone = apply(None, &config(theirs.clone()), schema, true, &two).unwrap();
        let shared = apply(Some(&alone), &config(mine), schema, true, &one).unwrap();
        let shared = apply(Some(&shared), &config(theirs.clone()), schema, true, &two).unwrap();
        let left = apply(Some(&shared), &config(json!({})), schema, true, &one).unwrap();
        prop_assert_eq!(left["data"].as_object().cloned().unwrap_or_default(), theirs.as_object().unwrap().clone());
    }

    #[test]
    fn an_updated_field_belongs_to_its_last_writer_only(before in data(), after in data()) {
        let schema = &kind("", "configmaps").schema;
        let mut first = config(before);
        update(None, &mut first, schema, &writer("one", "v1"));
        let mut second = config(after.clone());
        second["metadata"]["managedFields"] = first["metadata"]["managedFields"].clone();
        update(Some(&first), &mut second, schema, &writer("two", "v1"));
        let owners = owners(&second);
        for key in after.as_object().unwrap().keys() {
            let field = format!("f:{key}");
            let count = owners.iter().filter(|(_, set)| set["f:data"].get(&field).is_some()).count();
            prop_assert_eq!(count, 1);
        }
    }
}
