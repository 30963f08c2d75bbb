//! Create, get, list, update, delete: what they do and what they refuse, in the real server's words.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::world::{CONFIG_MAPS, World};

#[tokio::test]
async fn create_completes_metadata() {
    let world = World::new().await;
    let made = world.config_map("a", &json!({"labels": {"app": "web"}})).await;
    assert_eq!(made["kind"], "ConfigMap");
    assert_eq!(made["apiVersion"], "v1");
    let metadata = &made["metadata"];
    assert_eq!(metadata["namespace"], "default");
    assert!(metadata["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(metadata["uid"].as_str().unwrap().len(), 36);
    assert_eq!(metadata["managedFields"][0]["manager"], "test");
    assert_eq!(metadata["managedFields"][0]["operation"], "Update");
    assert!(metadata.get("generation").is_none(), "config maps count no generations");
    let read = world.get(&format!("{CONFIG_MAPS}/a")).await.ok();
    assert_eq!(read, made);
}

#[tokio::test]
async fn refusals_have_the_real_words() {
    let world = World::new().await;
    world.config_map("a", &json!({})).await;
    let again = world.post(CONFIG_MAPS, &json!({"metadata": {"name": "a"}})).await;
    assert_eq!(again.refusal(), (409, "AlreadyExists", "configmaps \"a\" already exists"));
    assert_eq!(again.body["details"], json!({"name": "a", "kind": "configmaps"}));
    let deployment = "/apis/apps/v1/namespaces/dev1-ns/deployments/nope";
    let missing = world.get(deployment).await;
    assert_eq!(missing.refusal(), (404, "NotFound", "deployments.apps \"nope\" not found"));
    assert_eq!(missing.body["details"], json!({"name": "nope", "group": "apps", "kind": "deployments"}));
    let name = world.post("/api/v1/namespaces", &json!({"metadata": {"name": "Bad_Name"}})).await;
    let message = "Namespace \"Bad_Name\" is invalid: metadata.name: Invalid value: \"Bad_Name\": a lowercase RFC \
                   1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
                   with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                   '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    assert_eq!(name.refusal(), (422, "Invalid", message));
    let nowhere = world.post("/api/v1/namespaces/no/configmaps", &json!({"metadata": {"name": "a"}})).await;
    assert_eq!(nowhere.refusal(), (404, "NotFound", "namespaces \"no\" not found"));
    let unknown = world.get("/api/v1/wombats").await;
    assert_eq!(unknown.refusal(), (404, "NotFound", "the server could not find the requested resource"));
    assert_eq!(world.get("/apis/wombats.dev/v1/wombats").await.text, "404 page not found\n");
    let method = world.put(CONFIG_MAPS, &json!({})).await;
    let message = "the server does not allow this method on the requested resource";
    assert_eq!(method.refusal(), (405, "MethodNotAllowed", message));
    let other = world.post(CONFIG_MAPS, &json!({"kind": "Secret", "metadata": {"name": "a"}})).await;
    assert_eq!(other.code, 400);
    let version = json!({"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "b"}});
    let message = "ConfigMap in version \"v2\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is registered \
                   for version \"v2\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"";
    assert_eq!(world.post(CONFIG_MAPS, &version).await.refusal(), (400, "BadRequest", message));
    let namespace = json!({"metadata": {"name": "b", "namespace": "other"}});
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    assert_eq!(world.post(CONFIG_MAPS, &namespace).await.refusal(), (400, "BadRequest", message));
}

#[tokio::test]
async fn bodies_are_bounded() {
    let world = World::new().await;
    let large = json!({"metadata": {"name": "a"}, "data": {"a": "x".repeat(4 << 20)}});
    let (code, reason, _) = (413, "RequestEntityTooLarge", "");
    let answer = world.post(CONFIG_MAPS, &large).await;
    assert_eq!((answer.refusal().0, answer.refusal().1), (code, reason));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let request = Request::post(CONFIG_MAPS).header("content-type", "application/json");
    let answer = world.send(request.body(Body::from(deep)).unwrap()).await;
    assert_eq!((answer.refusal().0, answer.refusal().1), (400, "BadRequest"));
    let request = Request::post(CONFIG_MAPS).header("content-type", "application/vnd.kubernetes.protobuf");
    let answer = world.send(request.body(Body::from("k8s\0")).unwrap()).await;
    assert_eq!((answer.refusal().0, answer.refusal().1), (415, "UnsupportedMediaType"), "of no kind");
    let request = Request::post(CONFIG_MAPS).header("content-type", "application/cbor");
    let answer = world.send(request.body(Body::from("x")).unwrap()).await;
    assert_eq!((answer.refusal().0, answer.refusal().1), (415, "UnsupportedMediaType"));
    let answer = world.get_as(CONFIG_MAPS, "application/vnd.kubernetes.protobuf").await;
    assert_eq!((answer.refusal().0, answer.refusal().1), (406, "NotAcceptable"));
}

#[tokio::test]
async fn unknown_fields_are_warned_of_or_refused() {
    let world = World::new().await;
    let object = json!({"metadata": {"name": "a"}, "datum": {"a": "1"}});
    let strict = world.post(&format!("{CONFIG_MAPS}?fieldValidation=Strict"), &object).await;
    let message = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown \
                   field \"datum\"";
    assert_eq!(strict.refusal(), (400, "BadRequest", message));
    let warned = world.post(CONFIG_MAPS, &object).await;
    assert_eq!(warned.headers["warning"], "299 - \"unknown field \\\"datum\\\"\"");
    assert_eq!(warned.ok().get("datum"), None);
}

#[tokio::test]
async fn generated_names_and_dry_runs() {
    let world = World::new().await;
    let object = json!({"metadata": {"generateName": "cm-"}});
    let made = world.post(CONFIG_MAPS, &object).await.ok();
    let name = made["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("cm-") && name.len() == 8, "{name}");
    let object = json!({"metadata": {"name": "dry"}});
    let before = world.server.revision();
    world.post(&format!("{CONFIG_MAPS}?dryRun=All"), &object).await.ok();
    assert_eq!(world.get(&format!("{CONFIG_MAPS}/dry")).await.code, 404);
    world.delete(&format!("{CONFIG_MAPS}/{name}?dryRun=All"), &Value::Null).await.ok();
    assert_eq!(world.get(&format!("{CONFIG_MAPS}/{name}")).await.code, 200);
    assert_eq!(world.server.revision(), before);
}

#[tokio::test]
async fn updates_swap_and_conflict() {
    let world = World::new().await;
    let made = world.config_map("a", &json!({})).await;
    let path = format!("{CONFIG_MAPS}/a");
    let mut next = made.clone();
    next["data"]["a"] = "2".into();
    let written = world.put(&path, &next).await.ok();
    assert_eq!(written["data"]["a"], "2");
    assert_ne!(written["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
    assert_eq!(written["metadata"]["uid"], made["metadata"]["uid"]);
    let stale = world.put(&path, &next).await;
    let message = "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply \
                   your changes to the latest version and try again";
    assert_eq!(stale.refusal(), (409, "Conflict", message));
    let same = world.put(&path, &written).await.ok();
    assert_eq!(
        same["metadata"]["resourceVersion"], written["metadata"]["resourceVersion"],
        "nothing changed"
    );
    let mut other = written.clone();
    other["metadata"]["name"] = "b".into();
    let message = "the name of the object (b) does not match the name on the URL (a)";
    assert_eq!(world.put(&path, &other).await.refusal(), (400, "BadRequest", message));
}

fn deployment(name: &str) -> Value {
    let labels = json!({"app": name});
    json!({
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]}
            }
        }
    })
}

#[tokio::test]
async fn spec_and_status_are_apart() {
    let world = World::new().await;
    let path = "/apis/apps/v1/namespaces/default/deployments";
    let mut object = deployment("web");
    object["status"] = json!({"replicas": 7});
    let made = world.post(path, &object).await.ok();
    assert_eq!(made["status"], json!({}));
    assert_eq!(made["metadata"]["generation"], 1);
    let path = format!("{path}/web");
    let mut status = made.clone();
    status["status"] = json!({"replicas": 3, "observedGeneration": 1});
    status["spec"]["replicas"] = 9.into();
    let written = world.put(&format!("{path}/status"), &status).await.ok();
    assert_eq!(written["status"]["replicas"], 3);
    assert_eq!(written["spec"]["replicas"], 1);
    assert_eq!(written["metadata"]["generation"], 1);
    let mut spec = written.clone();
    spec["spec"]["replicas"] = 2.into();
    spec["status"] = json!({});
    let written = world.put(&path, &spec).await.ok();
    assert_eq!(written["status"]["replicas"], 3);
    assert_eq!(written["metadata"]["generation"], 2);
    let scale = world.get(&format!("{path}/scale")).await.ok();
    assert_eq!(scale["kind"], "Scale");
    assert_eq!(scale["spec"], json!({"replicas": 2}));
    assert_eq!(scale["status"], json!({"replicas": 3, "selector": "app=web"}));
    let wanted = json!({"spec": {"replicas": 5}});
    let scaled = world.patch(&format!("{path}/scale"), "merge", &wanted).await.ok();
    assert_eq!(scaled["spec"], json!({"replicas": 5}));
    assert_eq!(world.get(&path).await.ok()["metadata"]["generation"], 3);
    let mut selector = world.get(&path).await.ok();
    selector["spec"]["selector"]["matchLabels"] = json!({"app": "web", "b": "c"});
    selector["spec"]["template"]["metadata"]["labels"] = json!({"app": "web", "b": "c"});
    let refused = world.put(&path, &selector).await;
    assert_eq!((refused.refusal().0, refused.refusal().1), (422, "Invalid"));
    assert!(refused.refusal().2.ends_with("field is immutable"), "{}", refused.refusal().2);
}

#[tokio::test]
async fn lists_come_in_pages_of_one_revision() {
    let world = World::new().await;
    world.namespace("pages").await;
    let path = "/api/v1/namespaces/pages/secrets";
    for name in ["a", "b", "c", "d", "e"] {
        let labels = json!({"odd": (name == "a" || name == "c" || name == "e").to_string()});
        world.post(path, &json!({"metadata": {"name": name, "labels": labels}})).await.ok();
    }
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = world.get(&format!("{path}?limit=2")).await.ok();
    assert_eq!(first["kind"], "SecretList");
    assert_eq!(first["metadata"]["remainingItemCount"], 3);
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["items"][0].get("kind"), None, "items of built-in lists do not repeat their kind");
    world.delete(&format!("{path}/d"), &Value::Null).await.ok();
    world.post(path, &json!({"metadata": {"name": "bb"}})).await.ok();
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = world.get(&format!("{path}?limit=2&continue={token}")).await.ok();
    assert_eq!(names(&second), ["c", "d"], "as it was at the first page");
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    let token = second["metadata"]["continue"].as_str().unwrap();
    let third = world.get(&format!("{path}?limit=2&continue={token}")).await.ok();
    assert_eq!((names(&third), third["metadata"].get("continue")), (vec!["e".to_owned()], None));
    let odd = world.get(&format!("{path}?labelSelector=odd%3Dtrue")).await.ok();
    assert_eq!(names(&odd), ["a", "c", "e"]);
    let one = world.get(&format!("{path}?fieldSelector=metadata.name%3Dbb")).await.ok();
    assert_eq!(names(&one), ["bb"]);
    let bad = world.get(&format!("{path}?fieldSelector=spec.x%3Dbb")).await;
    assert_eq!(bad.refusal(), (400, "BadRequest", "field label not supported: spec.x"));
    let all = world.get("/api/v1/secrets").await.ok();
    assert_eq!(names(&all), ["a", "b", "bb", "c", "e"]);
    world.delete(&format!("{path}?labelSelector=odd%3Dtrue"), &Value::Null).await.ok();
    assert_eq!(names(&world.get(path).await.ok()), ["b", "bb"]);
}

#[tokio::test]
async fn services_get_addresses() {
    let world = World::new().await;
    let path = "/api/v1/namespaces/default/services";
    let service = |name: &str| json!({"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}});
    let one = world.post(path, &service("one")).await.ok();
    let two = world.post(path, &service("two")).await.ok();
    let address = one["spec"]["clusterIP"].as_str().unwrap();
    assert!(address.starts_with("10.43."), "{address}");
    assert_eq!(one["spec"]["clusterIPs"], json!([address]));
    assert_ne!(one["spec"]["clusterIP"], two["spec"]["clusterIP"]);
    let mut node_port = two.clone();
    node_port["spec"]["type"] = "NodePort".into();
    node_port["spec"].as_object_mut().unwrap().remove("clusterIP");
    node_port["spec"].as_object_mut().unwrap().remove("clusterIPs");
    let node_port = world.put(&format!("{path}/two"), &node_port).await.ok();
    assert_eq!(node_port["spec"]["clusterIP"], two["spec"]["clusterIP"]);
    let port = node_port["spec"]["ports"][0]["nodePort"].as_u64().unwrap();
    assert!((30000..=32767).contains(&port), "{port}");
    let mut moved = one.clone();
    moved["spec"]["clusterIP"] = "10.43.9.9".into();
    moved["spec"]["clusterIPs"] = json!(["10.43.9.9"]);
    let refused = world.put(&format!("{path}/one"), &moved).await;
    assert!(refused.refusal().2.ends_with("may not change once set"), "{}", refused.refusal().2);
    let taken = json!({"metadata": {"name": "x"}, "spec": {"clusterIP": address, "ports": [{"port": 1}]}});
    assert!(world.post(path, &taken).await.refusal().2.ends_with("provided IP is already allocated"));
}
