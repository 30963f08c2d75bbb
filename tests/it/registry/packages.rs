//! The forge's lists of packages tell what the registry holds.

use reqwest::Method;
use serde_json::{Value, json};

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn forge_lists_the_tags_of_an_owner_as_packages() {
    let world = World::open().await;
    for (name, tag) in [("dev1/app", "1.0"), ("dev1/app", "1.1"), ("dev1/charts/app", "2.0")] {
        world.push_image(name, tag).await;
    }
    let call = async |user: &str, path: &str| {
        let answer = world.call(user, Method::GET, &format!("/api/v1/packages/{path}")).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status, answer.header("x-total-count").to_owned(), body)
    };
    let (status, total, all) = call("dev2", "dev1").await;
    let told: Vec<String> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!("{} {} {}", one["type"].as_str().unwrap(), one["name"].as_str().unwrap(), one["version"])
        })
        .collect();
    assert_eq!((status, total.as_str()), (200, "3"));
    assert_eq!(told, ["container charts/app \"2.0\"", "container app \"1.1\"", "container app \"1.0\""]);
    // The fields, and their order, are those of a real Gitea's answer.
    let fields: Vec<&str> = all[0].as_object().unwrap().keys().map(String::as_str).collect();
    let wanted = "id owner repository creator type name version html_url created_at";
    assert_eq!(fields.join(" "), wanted);
    let (status, _, one) = call("dev2", "dev1/container/charts%2Fapp/2.0").await;
    assert_eq!((status, &one["version"]), (200, &json!("2.0")));
    let (status, _, none) = call("dev2", "dev1/container/app/9").await;
    let message = json!("GetVersionByNameAndVersion: package does not exist");
    assert_eq!((status, &none["message"]), (404, &message));
    assert_eq!(call("", "dev1").await.0, 401);
    assert_eq!(call("dev2", "nobody").await.2["message"], "user redirect does not exist [name: nobody]");
}
