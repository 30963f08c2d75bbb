//! `ValidatingAdmissionPolicy`, held against recordings of Kubernetes 1.34: what is refused of policies and bindings,
//! and what they refuse, warn of and note.

use http::{Method, Request};
use serde::Deserialize;
use serde_json::{Value, json};

use super::world::World;

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";

/// A policy or a binding, and what became of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: String,
    spec: Value,
    code: u16,
    #[serde(default)]
    message: String,
    #[serde(default)]
    made: Value,
}

/// A request, and what was answered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    method: String,
    path: String,
    #[serde(default)]
    body: Value,
    #[serde(default, rename = "type")]
    media_type: Option<String>,
    #[serde(default)]
    headers: Value,
    code: u16,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Value,
    #[serde(default)]
    warnings: Vec<String>,
}

#[tokio::test]
async fn what_is_no_policy_is_told_as_recorded() {
    let world = World::new().await;
    let written: Vec<Written> =
        serde_json::from_str(include_str!("../../fixtures/apiserver/policies-invalid.json")).unwrap();
    let mut different = Vec::new();
    for Written { kind, spec, code, message, made } in written {
        let path = if kind == "ValidatingAdmissionPolicy" { POLICIES } else { BINDINGS };
        let object = json!({"metadata": {"name": "bad"}, "spec": spec});
        let answer = world.post(&format!("{path}?dryRun=All"), &object).await;
        let ours = (answer.code.as_u16(), answer.body["message"].as_str().unwrap_or_default().to_owned());
        let spec = if code == 201 { answer.body["spec"].clone() } else { Value::Null };
        if ours != (code, message.clone()) || spec != made {
            different
                .push(format!("{object}\n  recorded {code} {message} {made}\n  ours     {ours:?} {spec}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

#[tokio::test]
async fn policies_are_kept_as_recorded() {
    let world = World::new().await;
    let recorded: Vec<Recorded> =
        serde_json::from_str(include_str!("../../fixtures/apiserver/policies-kept.json")).unwrap();
    let mut different = Vec::new();
    for Recorded { method, path, body, media_type, headers, code, reason, message, details, warnings } in
        recorded
    {
        let method: Method = method.parse().unwrap();
        let mut request = Request::builder().method(&method).uri(&path);
        request = request.header("content-type", media_type.as_deref().unwrap_or("application/json"));
        for (name, value) in headers.as_object().into_iter().flatten() {
            request = request.header(name.as_str(), value.as_str().unwrap());
        }
        let sent = if body.is_null() { String::new() } else { body.to_string() };
        let answer = world.send(request.body(sent.into()).unwrap()).await;
        let text = |field: &str| answer.body[field].as_str().unwrap_or_default().to_owned();
        let failed = answer.code.as_u16() >= 400;
        let said = answer.headers.get_all("warning").iter().map(|value| value.to_str().unwrap().to_owned());
        let told = if failed { (text("reason"), text("message")) } else { Default::default() };
        let ours_details = if failed { answer.body["details"].clone() } else { Value::Null };
        let ours = (answer.code.as_u16(), told.0, told.1, ours_details, said.collect::<Vec<_>>());
        let theirs = (code, reason, message, details, warnings);
        if ours != theirs {
            different.push(format!("{method} {path}\n  recorded {theirs:?}\n  ours     {ours:?}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

fn policy(name: &str, resources: &[&str], validations: &Value) -> Value {
    let rule = json!({"apiGroups": ["", "apps"], "apiVersions": ["v1"], "operations": ["*"], "resources": resources});
    let spec = json!({"matchConstraints": {"resourceRules": [rule]}, "validations": validations});
    json!({"metadata": {"name": name}, "spec": spec})
}

#[tokio::test]
async fn fields_that_there_are_not_stand_in_the_status() {
    let world = World::new().await;
    let validations = json!([
        {
            "expression": "object.spec.replicass <= 5 && object.spec.replicas < 'a'",
            "messageExpression": "'x' + object.foo"
        },
        {"expression": "variables.r > 1 && object.spec.template.spec.containers.all(c, c.imagee != '')"},
        {"expression": "object.spec.replicas > 1 && oldObject.metadata.labels.x == 'y'"},
    ]);
    let mut object = policy("typed", &["deployments"], &validations);
    object["spec"]["variables"] = json!([{"name": "r", "expression": "object.spec.replicass"}]);
    let made = world.post(POLICIES, &object).await.ok();
    let expected = json!([
        {
            "fieldRef": "spec.validations[0].expression",
            "warning": "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replicass'\n | \
                        object.spec.replicass <= 5 && object.spec.replicas < 'a'\n | ...........^\nERROR: \
                        <input>:1:52: found no matching overload for '_<_' applied to '(int, string)'\n | \
                        object.spec.replicass <= 5 && object.spec.replicas < 'a'\n | \
                        ...................................................^\n"
        },
        {
            "fieldRef": "spec.validations[0].messageExpression",
            "warning": "apps/v1, Kind=Deployment: ERROR: <input>:1:13: undefined field 'foo'\n | 'x' + \
                        object.foo\n | ............^\n"
        },
        {
            "fieldRef": "spec.validations[1].expression",
            "warning": "apps/v1, Kind=Deployment: ERROR: <input>:1:65: undefined field 'imagee'\n | variables.r > 1 \
                        && object.spec.template.spec.containers.all(c, c.imagee != '')\n | \
                        ................................................................^\n"
        },
    ]);
    let status = json!({"observedGeneration": 1, "typeChecking": {"expressionWarnings": expected}});
    assert_eq!(made["status"], status);
    let patch = json!({"spec": {"validations": [{"expression": "true"}]}});
    let now = world.patch(&format!("{POLICIES}/typed"), "merge", &patch).await.ok();
    assert_eq!(now["status"], json!({"observedGeneration": 2, "typeChecking": {}}));
}

#[tokio::test]
async fn an_expression_that_costs_too_much_is_ended() {
    let world = World::new().await;
    let long = "object.data.all(a, object.data.all(b, object.data.all(c, object.data.all(d, a != ''))))";
    let object = policy("dear", &["configmaps"], &json!([{"expression": long}]));
    world.post(POLICIES, &object).await.ok();
    let binding = json!({"policyName": "dear", "validationActions": ["Deny"]});
    world.post(BINDINGS, &json!({"metadata": {"name": "dear"}, "spec": binding})).await.ok();
    let data: Value =
        (0..100).map(|key| (format!("k{key}"), json!(""))).collect::<serde_json::Map<_, _>>().into();
    let map = json!({"metadata": {"name": "large"}, "data": data});
    let answer = world.post("/api/v1/namespaces/default/configmaps", &map).await;
    let expected = format!(
        "configmaps \"large\" is forbidden: ValidatingAdmissionPolicy 'dear' with binding 'dear' denied request: \
         expression '{long}' resulted in error: operation cancelled: actual cost limit exceeded"
    );
    assert_eq!(answer.refusal(), (422, "Invalid", expected.as_str()));
}

#[tokio::test]
async fn policies_outlive_the_process() {
    let world = World::new().await;
    let object = policy("no", &["configmaps"], &json!([{"expression": "false"}]));
    world.post(POLICIES, &object).await.ok();
    let binding = json!({"policyName": "no", "validationActions": ["Deny"]});
    world.post(BINDINGS, &json!({"metadata": {"name": "no"}, "spec": binding})).await.ok();
    let World { folder, server } = world;
    drop(server);
    let server = super::world::open(folder.path()).await;
    let world = World { folder, server };
    let maps = "/api/v1/namespaces/default/configmaps";
    assert_eq!(world.post(maps, &json!({"metadata": {"name": "a"}})).await.code, 422);
    world.delete(&format!("{BINDINGS}/no"), &json!({})).await.ok();
    world.post(maps, &json!({"metadata": {"name": "a"}})).await.ok();
}

#[tokio::test]
async fn tunnels_are_reviewed_too() {
    let world = World::new().await;
    let validation =
        json!([{"expression": "request.operation != 'CONNECT' || !object.tty", "message": "no shells"}]);
    let object = policy("shells", &["pods/exec"], &validation);
    world.post(POLICIES, &object).await.ok();
    let binding = json!({"policyName": "shells", "validationActions": ["Deny"]});
    world.post(BINDINGS, &json!({"metadata": {"name": "shells"}, "spec": binding})).await.ok();
    let pod =
        json!({"metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}});
    world.post("/api/v1/namespaces/default/pods", &pod).await.ok();
    let answer = world.get("/api/v1/namespaces/default/pods/web/exec?command=sh&tty=true&stdin=true").await;
    let expected = "pods \"web\" is forbidden: ValidatingAdmissionPolicy 'shells' with binding 'shells' denied \
                    request: no shells";
    assert_eq!(answer.refusal(), (422, "Invalid", expected));
    assert_ne!(world.get("/api/v1/namespaces/default/pods/web/exec?command=ls").await.code, 422);
}
