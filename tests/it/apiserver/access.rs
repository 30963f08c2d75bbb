//! Who may do what: roles, bindings, impersonation, and what is answered to those who may not.

use atelier::accounts::Identity;
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use super::kubectl::Kubectl;
use super::world::{Answer, World, open};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// Asks as somebody, or nobody.
async fn ask(world: &World, who: Option<&Identity>, method: Method, path: &str, body: &Value) -> Answer {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    world.send_as(who, request.body(body).unwrap()).await
}

async fn get(world: &World, who: &Identity, path: &str) -> u16 {
    ask(world, Some(who), Method::GET, path, &Value::Null).await.code.as_u16()
}

async fn post(world: &World, who: &Identity, path: &str, body: &Value) -> Answer {
    ask(world, Some(who), Method::POST, path, body).await
}

fn binding(name: &str, role: &str, subject: &Value) -> Value {
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role});
    json!({"metadata": {"name": name}, "roleRef": role, "subjects": [subject]})
}

fn user(name: &str) -> Value {
    json!({"kind": "User", "name": name})
}

/// A cluster with a namespace whose administrator is `dev1`.
async fn with_admin() -> (World, Identity) {
    let world = World::new().await;
    world.namespace("dev1-ns").await;
    let path = format!("{RBAC}/namespaces/dev1-ns/rolebindings");
    let made = world.post(&path, &binding("dev1", "admin", &user("dev1"))).await.ok();
    assert_eq!(made["subjects"][0]["apiGroup"], "rbac.authorization.k8s.io");
    (world, Identity::new("dev1", &[]))
}

#[tokio::test]
async fn nobody_may_look_at_versions_and_health_only() {
    let world = World::new().await;
    for (path, code) in [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/version", 200),
        ("/api", 403),
        ("/apis", 403),
        ("/nothing", 403),
    ] {
        let answer = ask(&world, None, Method::GET, path, &Value::Null).await;
        assert_eq!(answer.code.as_u16(), code, "{path}");
    }
    let answer = ask(&world, None, Method::GET, "/api/v1/namespaces", &Value::Null).await;
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "namespaces is forbidden: User \"system:anonymous\" cannot list resource \"namespaces\" in API \
                    group \"\" at the cluster scope",
        "reason": "Forbidden", "details": {"kind": "namespaces"}, "code": 403
    });
    assert_eq!((answer.code.as_u16(), &answer.body), (403, &expected));
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    let somebody = Identity::new("somebody", &[]);
    assert_eq!(get(&world, &somebody, "/apis").await, 200);
    assert_eq!(get(&world, &somebody, "/apis/apps/v1").await, 200);
    assert_eq!(get(&world, &somebody, "/openapi/v3").await, 200);
    let answer = ask(&world, Some(&somebody), Method::GET, "/nothing", &Value::Null).await;
    assert_eq!(
        answer.refusal(),
        (403, "Forbidden", "forbidden: User \"somebody\" cannot get path \"/nothing\"")
    );
}

#[tokio::test]
async fn a_token_that_is_none() {
    let world = World::new().await;
    let request = Request::get("/api/v1/namespaces").header("authorization", "Bearer nonsense");
    let answer = world.send_as(None, request.body(Body::empty()).unwrap()).await;
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized",
        "reason": "Unauthorized", "code": 401
    });
    assert_eq!((answer.code.as_u16(), answer.body), (401, expected));
}

#[tokio::test]
async fn a_binding_counts_from_the_next_request_on() {
    let (world, dev1) = with_admin().await;
    assert_eq!(get(&world, &dev1, "/api/v1/namespaces/dev1-ns/secrets").await, 200);
    assert_eq!(get(&world, &dev1, "/api/v1/namespaces/dev1-ns").await, 200);
    let answer =
        ask(&world, Some(&dev1), Method::GET, "/api/v1/namespaces/default/secrets", &Value::Null).await;
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "secrets is forbidden: User \"dev1\" cannot list resource \"secrets\" in API group \"\" in the \
                    namespace \"default\"",
        "reason": "Forbidden", "details": {"kind": "secrets"}, "code": 403
    });
    assert_eq!(answer.body, expected);
    for (path, code) in [
        ("/api/v1/secrets", 403),
        ("/api/v1/nodes", 403),
        ("/api/v1/namespaces/dev1-ns/pods/a/log", 404),
        ("/api/v1/namespaces/default/pods/a/log", 403),
        ("/api/v1/watch/namespaces/default/secrets", 403),
        ("/api/v1/namespaces/dev1-ns//secrets", 200),
        ("/api/v1/namespaces//default/secrets", 403),
        ("/api/v1/namespaces/%64efault/secrets", 403),
    ] {
        assert_eq!(get(&world, &dev1, path).await, code, "{path}");
    }
    let path = format!("{RBAC}/namespaces/dev1-ns/rolebindings/dev1");
    world.delete(&path, &json!({})).await.ok();
    assert_eq!(get(&world, &dev1, "/api/v1/namespaces/dev1-ns/secrets").await, 403);
}

#[tokio::test]
async fn names_groups_and_service_accounts() {
    let world = World::new().await;
    let rules = json!([
        {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"]},
        {"verbs": ["update"], "apiGroups": ["apps"], "resources": ["*/scale"]}
    ]);
    let role = json!({"metadata": {"name": "one"}, "rules": rules});
    world.post(&format!("{RBAC}/namespaces/default/roles"), &role).await.ok();
    let subjects = json!([
        {"kind": "Group", "name": "team"},
        {"kind": "ServiceAccount", "name": "robot", "namespace": "kube-system"}
    ]);
    let bound = json!({
        "metadata": {"name": "one"}, "subjects": subjects,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "one"}
    });
    world.post(&format!("{RBAC}/namespaces/default/rolebindings"), &bound).await.ok();
    let maps = "/api/v1/namespaces/default/configmaps";
    let team = Identity::new("ada", &["team"]);
    for who in [&team, &Identity::service_account("kube-system", "robot")] {
        assert_eq!(get(&world, who, &format!("{maps}/a")).await, 404);
        assert_eq!(get(&world, who, &format!("{maps}/b")).await, 403);
        assert_eq!(get(&world, who, maps).await, 403);
        assert_eq!(get(&world, who, &format!("{maps}?fieldSelector=metadata.name%3Da")).await, 200);
        assert_eq!(get(&world, who, &format!("{maps}?fieldSelector=metadata.name!%3Da")).await, 403);
    }
    assert_eq!(get(&world, &Identity::service_account("default", "robot"), &format!("{maps}/a")).await, 403);
    let scale = "/apis/apps/v1/namespaces/default/deployments/web/scale";
    let body = json!({"spec": {"replicas": 1}});
    assert_eq!(ask(&world, Some(&team), Method::PUT, scale, &body).await.code, 404);
    assert_eq!(
        ask(&world, Some(&team), Method::PUT, scale.trim_end_matches("/scale"), &body).await.code,
        403
    );
}

#[tokio::test]
async fn a_binding_without_its_role_says_so() {
    let world = World::new().await;
    let path = format!("{RBAC}/clusterrolebindings");
    world.post(&path, &binding("broken", "nothing", &user("ada"))).await.ok();
    let answer =
        ask(&world, Some(&Identity::new("ada", &[])), Method::GET, "/api/v1/nodes", &Value::Null).await;
    let expected = "nodes is forbidden: User \"ada\" cannot list resource \"nodes\" in API group \"\" at the cluster \
                    scope: RBAC: clusterrole.rbac.authorization.k8s.io \"nothing\" not found";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
}

#[tokio::test]
async fn a_label_widens_the_roles_that_collect() {
    let (world, dev1) = with_admin().await;
    let crds = "/apis/example.org/v1/namespaces/dev1-ns/things";
    assert_eq!(get(&world, &dev1, crds).await, 403);
    let role = json!({
        "metadata": {"name": "things", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
        "rules": [{"verbs": ["list"], "apiGroups": ["example.org"], "resources": ["things"]}]
    });
    world.post(&format!("{RBAC}/clusterroles"), &role).await.ok();
    // What is not served is not there, for those who may see it.
    assert_eq!(get(&world, &dev1, crds).await, 404);
    let admin = world.get(&format!("{RBAC}/clusterroles/admin")).await.ok();
    assert!(admin["rules"].as_array().unwrap().contains(&role["rules"][0]), "{admin}");
    let managers: Vec<_> = admin["metadata"]["managedFields"].as_array().unwrap().iter().collect();
    assert!(managers.iter().any(|entry| entry["manager"] == "clusterrole-aggregation-controller"));
    world.delete(&format!("{RBAC}/clusterroles/things"), &json!({})).await.ok();
    assert_eq!(get(&world, &dev1, crds).await, 403);
}

#[tokio::test]
async fn nobody_gives_away_what_they_do_not_have() {
    let (world, dev1) = with_admin().await;
    let bindings = format!("{RBAC}/namespaces/dev1-ns/rolebindings");
    let roles = format!("{RBAC}/namespaces/dev1-ns/roles");
    let refused = post(&world, &dev1, &bindings, &binding("all", "cluster-admin", &user("dev1"))).await;
    let expected = "rolebindings.rbac.authorization.k8s.io \"all\" is forbidden: user \"dev1\" \
                    (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n\
                    {APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}\n\
                    {NonResourceURLs:[\"*\"], Verbs:[\"*\"]}";
    assert_eq!(refused.refusal(), (403, "Forbidden", expected));
    post(&world, &dev1, &bindings, &binding("friend", "view", &user("ada"))).await.ok();
    let absent = post(&world, &dev1, &bindings, &binding("none", "nothing", &user("ada"))).await;
    let expected = "clusterroles.rbac.authorization.k8s.io \"nothing\" not found";
    assert_eq!(absent.refusal(), (404, "NotFound", expected));
    let role = |verbs: &[&str], group: &str, resource: &str| {
        let rule = json!({"verbs": verbs, "apiGroups": [group], "resources": [resource]});
        json!({"metadata": {"name": "own"}, "rules": [rule]})
    };
    let refused = post(&world, &dev1, &roles, &role(&["get", "delete"], "", "nodes")).await;
    let expected = "roles.rbac.authorization.k8s.io \"own\" is forbidden: user \"dev1\" \
                    (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n\
                    {APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\" \"delete\"]}";
    assert_eq!(refused.refusal(), (403, "Forbidden", expected));
    post(&world, &dev1, &roles, &role(&["get"], "", "pods")).await.ok();
    let wider = ask(
        &world,
        Some(&dev1),
        Method::PUT,
        &format!("{roles}/own"),
        &role(&["get", "escalate"], "rbac.authorization.k8s.io", "roles"),
    )
    .await;
    assert_eq!(wider.refusal().0, 403);
    // Who may bind a role need not have it.
    let binder = json!({"verbs": ["bind"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "resourceNames": ["cluster-admin"]});
    world
        .post(&format!("{RBAC}/clusterroles"), &json!({"metadata": {"name": "binder"}, "rules": [binder]}))
        .await
        .ok();
    world.post(&bindings, &binding("binder", "binder", &user("dev1"))).await.ok();
    post(&world, &dev1, &bindings, &binding("all", "cluster-admin", &user("dev1"))).await.ok();
    // Within the namespace that is everything, and nothing beyond.
    post(
        &world,
        &dev1,
        &roles,
        &json!({"metadata": {"name": "wide"}, "rules": [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}),
    )
    .await
    .ok();
    assert_eq!(get(&world, &dev1, "/api/v1/nodes").await, 403);
}

#[tokio::test]
async fn acting_as_somebody_else_must_be_allowed() {
    let (world, dev1) = with_admin().await;
    let act = |who: &'static str| {
        let request = Request::get("/api/v1/namespaces/dev1-ns/pods").header("impersonate-user", who);
        request.body(Body::empty()).unwrap()
    };
    let answer = world.send_as(Some(&dev1), act("ada")).await;
    let expected = "users \"ada\" is forbidden: User \"dev1\" cannot impersonate resource \"users\" in API group \"\" \
                    at the cluster scope";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
    // The administrator of a namespace may act as its service accounts.
    let answer = world.send_as(Some(&dev1), act("system:serviceaccount:dev1-ns:default")).await;
    let expected = "pods is forbidden: User \"system:serviceaccount:dev1-ns:default\" cannot list resource \"pods\" in \
                    API group \"\" in the namespace \"dev1-ns\"";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
    let answer = world.send(act("dev1")).await;
    assert_eq!(answer.code, 200);
}

#[tokio::test]
async fn applying_something_new_is_creating_it() {
    let world = World::new().await;
    let rule = json!({"verbs": ["patch"], "apiGroups": [""], "resources": ["configmaps"]});
    world
        .post(&format!("{RBAC}/clusterroles"), &json!({"metadata": {"name": "patcher"}, "rules": [rule]}))
        .await
        .ok();
    world
        .post(&format!("{RBAC}/clusterrolebindings"), &binding("patcher", "patcher", &user("ada")))
        .await
        .ok();
    let request = Request::patch("/api/v1/namespaces/default/configmaps/a?fieldManager=test")
        .header("content-type", "application/apply-patch+yaml")
        .body(Body::from("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"))
        .unwrap();
    let answer = world.send_as(Some(&Identity::new("ada", &[])), request).await;
    let expected = "configmaps \"a\" is forbidden: User \"ada\" cannot create resource \"configmaps\" in API group \
                    \"\" in the namespace \"default\"";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
}

#[tokio::test]
async fn what_every_cluster_has_comes_back_at_the_next_start() {
    let world = World::new().await;
    let count = |answer: Value| answer["items"].as_array().unwrap().len();
    assert_eq!(count(world.get(&format!("{RBAC}/clusterroles")).await.ok()), 68);
    let path = format!("{RBAC}/clusterrolebindings/system:basic-user");
    world.patch(&path, "merge", &json!({"subjects": []})).await.ok();
    let own = format!("{RBAC}/clusterroles/system:basic-user");
    let annotation = json!({"rbac.authorization.kubernetes.io/autoupdate": "false"});
    world.patch(&own, "merge", &json!({"metadata": {"annotations": annotation}, "rules": []})).await.ok();
    let revision = world.server.revision();
    let World { folder, server } = world;
    drop(server);
    let world = World { server: open(folder.path()).await, folder };
    // One write, and no more: the rest was as it should be.
    assert_eq!(world.server.revision(), revision + 1);
    assert_eq!(world.get(&path).await.ok()["subjects"][0]["name"], "system:authenticated");
    assert_eq!(world.get(&own).await.ok()["rules"], Value::Null);
}

#[tokio::test]
async fn questions_about_access() {
    let (world, dev1) = with_admin().await;
    let reviews = "/apis/authorization.k8s.io/v1";
    let asked = |verb: &str, namespace: &str| json!({"verb": verb, "group": "apps", "resource": "deployments", "namespace": namespace});
    let own = |attributes: Value| json!({"spec": {"resourceAttributes": attributes}});
    let path = format!("{reviews}/selfsubjectaccessreviews");
    let answer = post(&world, &dev1, &path, &own(asked("create", "dev1-ns"))).await;
    assert_eq!(answer.code, 201);
    let reason = "RBAC: allowed by RoleBinding \"dev1/dev1-ns\" of ClusterRole \"admin\" to User \"dev1\"";
    assert_eq!(answer.body["status"], json!({"allowed": true, "reason": reason}));
    let answer = post(&world, &dev1, &path, &own(asked("create", "default"))).await.ok();
    assert_eq!(answer["status"], json!({"allowed": false}));
    let url = json!({"spec": {"nonResourceAttributes": {"verb": "get", "path": "/healthz"}}});
    assert_eq!(post(&world, &dev1, &path, &url).await.ok()["status"]["allowed"], true);
    let answer = post(&world, &dev1, &path, &json!({"spec": {}})).await;
    assert_eq!(answer.refusal().0, 422);

    let about = |name: &str, namespace: &str| json!({"spec": {"user": name, "resourceAttributes": asked("get", namespace)}});
    let path = format!("{reviews}/subjectaccessreviews");
    assert_eq!(post(&world, &dev1, &path, &about("ada", "dev1-ns")).await.code, 403);
    assert_eq!(world.post(&path, &about("dev1", "dev1-ns")).await.ok()["status"]["allowed"], true);
    assert_eq!(world.post(&path, &about("ada", "dev1-ns")).await.ok()["status"]["allowed"], false);
    let path = format!("{reviews}/namespaces/dev1-ns/localsubjectaccessreviews");
    assert_eq!(post(&world, &dev1, &path, &about("dev1", "dev1-ns")).await.ok()["status"]["allowed"], true);
    assert_eq!(post(&world, &dev1, &path, &about("dev1", "default")).await.refusal().0, 422);
}

#[tokio::test]
async fn kubectl_auth() {
    let Some(kubectl) = Kubectl::start().await else { return };
    let world = &kubectl.world;
    world.namespace("dev1-ns").await;
    let account = json!({"kind": "ServiceAccount", "name": "dev1", "namespace": "dev1-ns"});
    let path = format!("{RBAC}/namespaces/dev1-ns/rolebindings");
    world.post(&path, &binding("dev1", "admin", &account)).await.ok();
    let dev1 = "system:serviceaccount:dev1-ns:dev1";
    let run = async |arguments: &str| kubectl.run(&arguments.split(' ').collect::<Vec<_>>(), "").await;
    let (code, list) = run(&format!("auth can-i --list -n dev1-ns --as {dev1}")).await;
    let recorded = include_str!("../../fixtures/apiserver/can-i-list.txt");
    let recorded: Vec<_> = recorded.lines().filter(|line| !line.starts_with(['$', '#'])).collect();
    assert_eq!((code, list.lines().collect::<Vec<_>>()), (0, recorded));
    let (code, answer) = run(&format!("auth can-i create deployments -n dev1-ns --as {dev1}")).await;
    assert_eq!((code, answer.as_str()), (0, "yes\n"));
    let (code, answer) = run(&format!("auth can-i create deployments -n default --as {dev1}")).await;
    assert_eq!((code, answer.as_str()), (1, "no\n"));
    let (code, answer) = run(&format!("create ns x1 --as {dev1}")).await;
    let expected = format!(
        "Error from server (Forbidden): namespaces is forbidden: User \"{dev1}\" cannot create resource \
         \"namespaces\" in API group \"\" at the cluster scope\n"
    );
    assert_eq!((code, answer), (1, expected));
    let (code, answer) = run(&format!("auth whoami --as {dev1}")).await;
    let expected = format!(
        "ATTRIBUTE   VALUE\n\
         Username    {dev1}\n\
         Groups      [system:serviceaccounts system:serviceaccounts:dev1-ns system:authenticated]\n"
    );
    assert_eq!((code, answer), (0, expected));
}

/// Asks with a token.
async fn with_token(world: &World, token: &str, path: &str) -> Answer {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    world.send_as(None, request.body(Body::empty()).unwrap()).await
}

async fn token(world: &World, who: &Identity, spec: Value) -> Answer {
    let path = "/api/v1/namespaces/dev1-ns/serviceaccounts/default/token";
    post(world, who, path, &json!({"spec": spec})).await
}

#[tokio::test]
async fn a_service_account_has_tokens() {
    let (world, dev1) = with_admin().await;
    let made = token(&world, &dev1, json!({"expirationSeconds": 900})).await.ok();
    let shown = made["status"]["token"].as_str().unwrap();
    assert_eq!((&made["kind"], &made["metadata"]["name"]), (&json!("TokenRequest"), &json!("default")));
    assert_eq!(made["spec"]["audiences"], json!(["https://kubernetes.default.svc.cluster.local"]));

    let answer = with_token(&world, shown, "/api/v1/namespaces/dev1-ns/pods").await;
    let expected = "pods is forbidden: User \"system:serviceaccount:dev1-ns:default\" cannot list resource \"pods\" \
                    in API group \"\" in the namespace \"dev1-ns\"";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
    let account = json!({"kind": "ServiceAccount", "name": "default", "namespace": "dev1-ns"});
    let bindings = format!("{RBAC}/namespaces/dev1-ns/rolebindings");
    world.post(&bindings, &binding("default", "view", &account)).await.ok();
    assert_eq!(with_token(&world, shown, "/api/v1/namespaces/dev1-ns/pods").await.code, 200);

    let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    let review = |token: &str, audiences: &[&str]| json!({"spec": {"token": token, "audiences": audiences}});
    let answer = world.post(reviews, &review(shown, &[])).await.ok();
    let (status, user) = (&answer["status"], &answer["status"]["user"]);
    assert_eq!((&status["authenticated"], &user["uid"]), (&json!(true), &made["metadata"]["uid"]));
    assert_eq!(user["username"], "system:serviceaccount:dev1-ns:default");
    assert!(
        user["extra"]["authentication.kubernetes.io/credential-id"][0].as_str().unwrap().starts_with("JTI=")
    );
    let refused = json!({"user": {}, "error": "invalid bearer token"});
    let elsewhere = world.post(reviews, &review(shown, &["vault"])).await.ok()["status"]["error"].to_string();
    assert!(elsewhere.contains("is invalid for the target audiences [\\\"vault\\\"]"), "{elsewhere}");
    assert_eq!(world.post(reviews, &review("nonsense", &[])).await.ok()["status"], refused);

    // An account of the same name is another one.
    world.delete("/api/v1/namespaces/dev1-ns/serviceaccounts/default", &json!({})).await.ok();
    let again = json!({"metadata": {"name": "default"}});
    world.post("/api/v1/namespaces/dev1-ns/serviceaccounts", &again).await;
    assert_eq!(with_token(&world, shown, "/api/v1/namespaces/dev1-ns/pods").await.code, 401);
}

#[tokio::test]
async fn tokens_are_for_somebody_and_end_with_something() {
    let (world, dev1) = with_admin().await;
    for (seconds, words) in [
        (599, "may not specify a duration less than 10 minutes"),
        (1_i64 << 33, "may not specify a duration larger than 2^32 seconds"),
    ] {
        let answer = token(&world, &dev1, json!({"expirationSeconds": seconds})).await;
        let expected = format!(
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: {seconds}: {words}"
        );
        assert_eq!(answer.refusal(), (422, "Invalid", expected.as_str()));
    }
    let other = token(&world, &dev1, json!({"audiences": ["vault"]})).await.ok();
    assert_eq!(with_token(&world, other["status"]["token"].as_str().unwrap(), "/version").await.code, 401);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "name": "life"});
    let bound = json!({"boundObjectRef": secret});
    assert_eq!(token(&world, &dev1, bound.clone()).await.refusal().2, "secrets \"life\" not found");
    let secrets = "/api/v1/namespaces/dev1-ns/secrets";
    world.post(secrets, &json!({"metadata": {"name": "life"}})).await.ok();
    let made = token(&world, &dev1, bound).await.ok();
    let shown = made["status"]["token"].as_str().unwrap();
    assert_eq!(with_token(&world, shown, "/version").await.code, 200);
    world.delete(&format!("{secrets}/life"), &json!({})).await.ok();
    assert_eq!(with_token(&world, shown, "/version").await.code, 401);
    let stranger = token(&world, &Identity::new("ada", &[]), json!({})).await;
    assert_eq!(
        stranger.refusal().2,
        "serviceaccounts \"default\" is forbidden: User \"ada\" cannot create resource \"serviceaccounts/token\" in \
         API group \"\" in the namespace \"dev1-ns\""
    );
}
