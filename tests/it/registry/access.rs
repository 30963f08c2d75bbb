//! Who may pull and push, by which credentials.

use reqwest::Method;
use serde_json::Value;

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn token_for_a_password_pushes_and_nobodys_token_only_pulls() {
    let world = World::open().await;
    world.push_image("dev1/app", "1.0").await;
    let token = async |user: &str| {
        let answer = world.call(user, Method::GET, "/v2/token?service=container_registry&scope=*").await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        body["token"].as_str().unwrap().to_owned()
    };
    let status = async |token: &str, method: Method, path: &str| {
        world.send(world.request("", method, path).bearer_auth(token)).await.status
    };
    let (own, nobody, other) = (token("dev1").await, token("").await, token("dev2").await);
    let (manifest, uploads) = ("/v2/dev1/app/manifests/1.0", "/v2/dev1/app/blobs/uploads/");
    for token in [&own, &nobody, &other] {
        assert_eq!(status(token, Method::GET, "/v2/").await, 200);
        assert_eq!(status(token, Method::GET, manifest).await, 200);
    }
    assert_eq!(status(&own, Method::POST, uploads).await, 202);
    assert_eq!(status(&nobody, Method::POST, uploads).await, 403);
    assert_eq!(status(&other, Method::POST, uploads).await, 403);
    let mut forged = own.clone().into_bytes();
    forged[3] ^= 1;
    assert_eq!(status(&String::from_utf8(forged).unwrap(), Method::GET, manifest).await, 401);
    assert_eq!(world.call("", Method::GET, manifest).await.status, 401);
    let wrong = world.http.get(format!("{}/v2/", world.url)).basic_auth("dev1", Some("nope"));
    let wrong = world.send(wrong).await;
    assert_eq!((wrong.status, wrong.text()), (401, "authGroup.Verify\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn forge_answers_on_the_same_port() {
    let world = World::open().await;
    assert_eq!(world.call("", Method::GET, "/api/v1/version").await.status, 200);
    assert_eq!(world.call("", Method::GET, "/dev1").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_token_does_what_its_scopes_say() {
    let world = World::open().await;
    let dev1 = world.users.get("dev1").unwrap().id;
    let fleet = world.users.create_organization("fleet", "", dev1).unwrap();
    let tokens = [("reader", "read:package"), ("writer", "write:package"), ("other", "read:user")];
    let mut statuses = Vec::new();
    for (name, scope) in tokens {
        let (_, secret) = world.users.create_token(dev1, name, vec![scope.to_owned()]).unwrap();
        let request = |method: Method, path: &str| {
            let request = world.http.request(method, format!("{}{path}", world.url));
            world.send(request.basic_auth("dev1", Some(secret.clone())))
        };
        let list = request(Method::GET, "/v2/fleet/app/tags/list").await.status;
        statuses.push((name, list, request(Method::POST, "/v2/fleet/app/blobs/uploads/").await.status));
    }
    assert_eq!(statuses, [("reader", 404, 403), ("writer", 404, 202), ("other", 403, 403)]);
    assert_eq!(world.users.team_permission(fleet.id, dev1), Some(atelier::accounts::Permission::Owner));
}
