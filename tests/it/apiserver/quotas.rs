//! What the objects of a namespace may come to: quotas and limit ranges.

use serde_json::{Value, json};

use super::world::World;

const PODS: &str = "/api/v1/namespaces/team/pods";
const QUOTA: &str = "/api/v1/namespaces/team/resourcequotas";

async fn world(hard: &Value) -> World {
    let world = World::new().await;
    world.namespace("team").await;
    world.post(QUOTA, &json!({"metadata": {"name": "team"}, "spec": {"hard": hard}})).await.ok();
    world
}

fn pod(name: &str, resources: &Value) -> Value {
    let container = json!({"name": "web", "image": "web:1", "resources": resources});
    json!({"metadata": {"name": name}, "spec": {"containers": [container]}})
}

fn asks(cpu: &str, memory: &str) -> Value {
    json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}})
}

/// Waits until the quota says so.
async fn until_used(world: &World, used: &Value) {
    let now = world.get(&format!("{QUOTA}/team")).await.ok();
    if now["status"]["used"] == *used {
        return;
    }
    let revision = now["metadata"]["resourceVersion"].as_str().unwrap();
    let mut watch = world.watch(&format!("{QUOTA}?watch=true&resourceVersion={revision}")).await;
    while watch.next().await.unwrap()["object"]["status"]["used"] != *used {}
}

#[tokio::test]
async fn a_quota_leaves_no_room() {
    let hard = json!({"pods": "2", "requests.cpu": "1", "limits.memory": "1Gi"});
    let world = world(&hard).await;
    let answer = world.post(PODS, &pod("silent", &json!({}))).await;
    let expected = "pods \"silent\" is forbidden: failed quota: team: must specify limits.memory for: web; \
                    requests.cpu for: web";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
    world.post(PODS, &pod("a", &asks("600m", "512Mi"))).await.ok();
    until_used(&world, &json!({"limits.memory": "512Mi", "pods": "1", "requests.cpu": "600m"})).await;
    let answer = world.post(PODS, &pod("b", &asks("500m", "768Mi"))).await;
    let expected = "pods \"b\" is forbidden: exceeded quota: team, requested: limits.memory=768Mi,requests.cpu=500m, \
                    used: limits.memory=512Mi,requests.cpu=600m, limited: limits.memory=1Gi,requests.cpu=1";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
    assert_eq!(answer.body["details"], json!({"name": "b", "kind": "pods"}));
    world.post(PODS, &pod("b", &asks("100m", "128Mi"))).await.ok();
    let answer = world.post(PODS, &pod("c", &asks("100m", "128Mi"))).await;
    let expected =
        "pods \"c\" is forbidden: exceeded quota: team, requested: pods=1, used: pods=2, limited: pods=2";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
    world.delete(&format!("{PODS}/a?gracePeriodSeconds=0"), &json!({})).await.ok();
    until_used(&world, &json!({"limits.memory": "128Mi", "pods": "1", "requests.cpu": "100m"})).await;
    world.post(PODS, &pod("c", &asks("100m", "128Mi"))).await.ok();
    let quota = world.get(&format!("{QUOTA}/team")).await.ok();
    assert_eq!(quota["status"]["hard"], hard);
    // Another namespace is another matter.
    world.post("/api/v1/namespaces/default/pods", &pod("d", &json!({}))).await.ok();
}

#[tokio::test]
async fn objects_are_counted() {
    let hard = json!({"configmaps": "2", "count/deployments.apps": "0", "services.loadbalancers": "0"});
    let world = world(&hard).await;
    // One was there before: the authority's certificate.
    let maps = "/api/v1/namespaces/team/configmaps";
    world.post(maps, &json!({"metadata": {"name": "a"}})).await.ok();
    let answer = world.post(maps, &json!({"metadata": {"name": "b"}})).await;
    let expected = "configmaps \"b\" is forbidden: exceeded quota: team, requested: configmaps=1, used: configmaps=2, \
                    limited: configmaps=2";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
    let service =
        |kind: &str| json!({"metadata": {"name": "web"}, "spec": {"type": kind, "ports": [{"port": 80}]}});
    let services = "/api/v1/namespaces/team/services";
    assert_eq!(world.post(services, &service("LoadBalancer")).await.code, 403);
    world.post(services, &service("ClusterIP")).await.ok();
    let template =
        json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}});
    let spec = json!({"selector": {"matchLabels": {"a": "b"}}, "template": template});
    let deployment = json!({"metadata": {"name": "web"}, "spec": spec});
    let answer = world.post("/apis/apps/v1/namespaces/team/deployments", &deployment).await;
    let expected = "deployments.apps \"web\" is forbidden: exceeded quota: team, requested: count/deployments.apps=1, \
                    used: count/deployments.apps=0, limited: count/deployments.apps=0";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
}

#[tokio::test]
async fn twenty_at_once_get_five_places() {
    let world = world(&json!({"pods": "5"})).await;
    let (none, all) = (json!({}), 0..20);
    let answers = all.map(|number| {
        let (world, none) = (&world, &none);
        async move { world.post(PODS, &pod(&format!("p{number}"), none)).await.code.as_u16() }
    });
    let answers = futures::future::join_all(answers).await;
    assert_eq!(answers.iter().filter(|code| **code == 201).count(), 5);
    assert_eq!(answers.iter().filter(|code| **code == 403).count(), 15);
}

#[tokio::test]
async fn limits_are_given_and_kept() {
    let world = world(&json!({"requests.cpu": "2"})).await;
    let limit = json!({
        "type": "Container", "max": {"memory": "256Mi"}, "min": {"cpu": "50m"}, "default": {"cpu": "500m"},
        "defaultRequest": {"cpu": "100m"}
    });
    let range = json!({"metadata": {"name": "sizes"}, "spec": {"limits": [limit]}});
    let made = world.post("/api/v1/namespaces/team/limitranges", &range).await.ok();
    let limit = &made["spec"]["limits"][0];
    assert_eq!(limit["default"], json!({"cpu": "500m", "memory": "256Mi"}));
    assert_eq!(limit["defaultRequest"], json!({"cpu": "100m", "memory": "256Mi"}));
    // What is given counts for the quota.
    let made = world.post(PODS, &pod("a", &json!({}))).await.ok();
    let resources = &made["spec"]["containers"][0]["resources"];
    let expected =
        json!({"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}});
    assert_eq!(*resources, expected);
    assert_eq!(
        made["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: cpu, memory request for container web; cpu, memory limit for container web"
    );
    until_used(&world, &json!({"requests.cpu": "100m"})).await;
    let answer = world.post(PODS, &pod("b", &asks("10m", "512Mi"))).await;
    let expected = "pods \"b\" is forbidden: [minimum cpu usage per Container is 50m, but request is 10m, maximum \
                    memory usage per Container is 256Mi, but limit is 512Mi]";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
}

#[tokio::test]
async fn a_change_that_grows_is_counted() {
    let world = world(&json!({"services.loadbalancers": "1", "services": "3"})).await;
    let services = "/api/v1/namespaces/team/services";
    for (name, kind) in [("a", "LoadBalancer"), ("b", "ClusterIP")] {
        let spec = json!({"type": kind, "ports": [{"port": 80}]});
        world.post(services, &json!({"metadata": {"name": name}, "spec": spec})).await.ok();
    }
    let patch = json!({"spec": {"type": "LoadBalancer"}});
    let answer = world.patch(&format!("{services}/b"), "merge", &patch).await;
    let expected = "services \"b\" is forbidden: exceeded quota: team, requested: services.loadbalancers=1, used: \
                    services.loadbalancers=1, limited: services.loadbalancers=1";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
    // What stays as it is takes nothing.
    world.patch(&format!("{services}/a"), "merge", &json!({"spec": {"ports": [{"port": 81}]}})).await.ok();
    world.patch(&format!("{services}/a"), "merge", &json!({"spec": {"type": "ClusterIP"}})).await.ok();
    world.patch(&format!("{services}/b"), "merge", &patch).await.ok();
}

#[tokio::test]
async fn a_quota_counts_what_its_scopes_select() {
    let world = World::new().await;
    world.namespace("team").await;
    let select = |operator: &str, values: &Value| json!({"matchExpressions": [{"scopeName": "PriorityClass", "operator": operator, "values": values}]});
    for (name, selector) in [
        ("high", select("In", &json!(["high"]))),
        ("some", select("Exists", &Value::Null)),
        ("ending", json!({"matchExpressions": [{"scopeName": "Terminating", "operator": "Exists"}]})),
    ] {
        let spec = json!({"hard": {"pods": "0"}, "scopeSelector": selector});
        world.post(QUOTA, &json!({"metadata": {"name": name}, "spec": spec})).await.ok();
    }
    for class in ["high", "low"] {
        let class = json!({"metadata": {"name": class}, "value": 7});
        world.post("/apis/scheduling.k8s.io/v1/priorityclasses", &class).await.ok();
    }
    let refused = async |name: &str, field: &str, value: Value| {
        let mut pod = pod(name, &json!({}));
        pod["spec"][field] = value;
        let answer = world.post(PODS, &pod).await;
        let message = answer.body["message"].as_str().unwrap_or_default().to_owned();
        let quota = message.split_once("exceeded quota: ").and_then(|(_, rest)| rest.split_once(','));
        (answer.code.as_u16(), quota.map(|(quota, _)| quota.to_owned()))
    };
    assert_eq!(refused("a", "priorityClassName", json!("high")).await, (403, Some("high".to_owned())));
    assert_eq!(refused("b", "priorityClassName", json!("low")).await, (403, Some("some".to_owned())));
    assert_eq!(refused("c", "activeDeadlineSeconds", json!(5)).await, (403, Some("ending".to_owned())));
    assert_eq!(refused("d", "dnsPolicy", json!("Default")).await, (201, None));
}

#[tokio::test]
async fn claims_and_ratios_are_limited() {
    let world = World::new().await;
    world.namespace("team").await;
    let limits = json!([
        {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "5Gi"}},
        {"type": "Container", "maxLimitRequestRatio": {"memory": "2"}},
    ]);
    let range = json!({"metadata": {"name": "sizes"}, "spec": {"limits": limits}});
    world.post("/api/v1/namespaces/team/limitranges", &range).await.ok();
    let claim = |size: &str| {
        let spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}});
        json!({"metadata": {"name": "data"}, "spec": spec})
    };
    let claims = "/api/v1/namespaces/team/persistentvolumeclaims";
    for (size, words) in [
        ("512Mi", "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 512Mi"),
        ("10Gi", "maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 10Gi"),
    ] {
        let answer = world.post(claims, &claim(size)).await;
        let expected = format!("persistentvolumeclaims \"data\" is forbidden: {words}");
        assert_eq!(answer.refusal(), (403, "Forbidden", expected.as_str()));
    }
    world.post(claims, &claim("2Gi")).await.ok();
    let resources = json!({"requests": {"memory": "100Mi"}, "limits": {"memory": "250Mi"}});
    let answer = world.post(PODS, &pod("a", &resources)).await;
    let expected = "pods \"a\" is forbidden: memory max limit to request ratio per Container is 2, but provided \
                    ratio is 2.500000";
    assert_eq!(answer.refusal(), (403, "Forbidden", expected));
    let resources = json!({"requests": {"memory": "100Mi"}, "limits": {"memory": "200Mi"}});
    world.post(PODS, &pod("a", &resources)).await.ok();
}
