//! The REST API where no recording is: changes of files, paging, trees, histories, and bad input.

use reqwest::Method;
use serde_json::{Value, json};

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn files_are_changed_with_their_hash_and_several_at_once() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let contents = "/repos/dev1/apps/contents";
    let readme = world.call("dev1", Method::GET, &format!("{contents}/README.md"), None).await.json();
    let sha = readme["sha"].as_str().unwrap();
    let change = |sha: &str| json!({"content": "bmV3Cg==", "sha": sha, "message": "change"});
    let stale = world
        .call("dev1", Method::PUT, &format!("{contents}/README.md"), Some(change(&"0".repeat(40))))
        .await;
    let message = format!("sha does not match [given: {}, expected: {sha}]", "0".repeat(40));
    assert_eq!((stale.status, stale.json()["message"].as_str()), (422, Some(message.as_str())));
    let done = world.call("dev1", Method::PUT, &format!("{contents}/README.md"), Some(change(sha))).await;
    assert_eq!((done.status, done.json()["content"]["content"].as_str()), (200, Some("bmV3Cg==")));
    let again = world
        .call("dev1", Method::POST, &format!("{contents}/README.md"), Some(json!({"content": ""})))
        .await;
    let message = "repository file already exists [path: README.md]";
    assert_eq!((again.status, again.json()["message"].as_str()), (422, Some(message)));
    let files = json!({"message": "three", "files": [
        {"operation": "create", "path": "a/b.txt", "content": "Ygo="},
        {"operation": "delete", "path": "README.md", "sha": done.json()["content"]["sha"]},
        {"operation": "upload", "path": "apps/a/kustomization.yaml", "content": "cmVzb3VyY2VzOiBbYV0K"}]});
    let made = world.call("dev1", Method::POST, contents, Some(files)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["files"][1], Value::Null);
    world.git(&work, &["pull", "-q"]).await;
    let listed = world.git(&work, &["ls-tree", "-r", "--name-only", "HEAD"]).await;
    assert_eq!(listed, "a/b.txt\napps/a/kustomization.yaml");
    assert_eq!(
        world.git(&work, &["log", "-1", "--format=%an <%ae> %s"]).await,
        "dev1 <dev1@example.com> three"
    );
    for path in ["../x", ".git/config", "a//b", "a/../../x"] {
        let files = json!({"files": [{"operation": "create", "path": path, "content": ""}]});
        assert_eq!(world.call("dev1", Method::POST, contents, Some(files)).await.status, 422, "{path}");
    }
    world.fsck(&[&work]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages_with_total_and_neighbours() {
    let world = World::with_people().await;
    for index in 0..5 {
        world.repository(&format!("r{index}")).await;
    }
    let page = world.call("", Method::GET, "/users/dev1/repos?page=2&limit=2", None).await;
    let names: Vec<Value> =
        page.json().as_array().unwrap().iter().map(|found| found["name"].clone()).collect();
    assert_eq!(names, ["r2", "r3"]);
    assert_eq!(page.header("x-total-count"), "5");
    let address = format!("{}/api/v1/users/dev1/repos?limit=2", world.url);
    let link = |page: usize, name: &str| format!("<{address}&page={page}>; rel=\"{name}\"");
    assert_eq!(
        page.header("link"),
        [link(3, "next"), link(3, "last"), link(1, "first"), link(1, "prev")].join(",")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_trees_are_those_of_git() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    world.commit(&work, &[("README.md", "# changed\n")], "two").await;
    world.git(&work, &["push", "-q", "origin", "main", "main:feature/x"]).await;
    let repository = "/repos/dev1/apps";
    let messages = |answer: &super::world::Answer| -> Vec<String> {
        let commits = answer.json();
        let commits = commits.as_array().unwrap().iter();
        commits.map(|commit| commit["commit"]["message"].as_str().unwrap().trim().to_owned()).collect()
    };
    let all = world.call("", Method::GET, &format!("{repository}/commits?sha=feature/x"), None).await;
    assert_eq!(
        (messages(&all), all.header("x-total-count")),
        (vec!["two".to_owned(), "one".to_owned()], "2")
    );
    let of_path = world.call("", Method::GET, &format!("{repository}/commits?path=apps/a"), None).await;
    assert_eq!(messages(&of_path), ["one"]);
    let tree = world
        .call("", Method::GET, &format!("{repository}/git/trees/feature/x?recursive=true"), None)
        .await
        .json();
    let entries: Vec<String> = tree["tree"].as_array().unwrap().iter().map(line).collect();
    let git = world.git(&work, &["ls-tree", "-r", "-t", "HEAD"]).await.replace('\t', " ");
    assert_eq!(entries.join("\n"), git);
    let paged = world
        .call("", Method::GET, &format!("{repository}/git/trees/main?recursive=true&per_page=1"), None)
        .await;
    assert_eq!(
        (paged.json()["truncated"].as_bool(), paged.json()["total_count"].as_u64()),
        (Some(true), Some(4))
    );
    let head = world.git(&work, &["rev-parse", "HEAD"]).await;
    let commit = world.call("", Method::GET, &format!("{repository}/git/commits/{head}"), None).await.json();
    assert_eq!(
        (commit["sha"].as_str(), &commit["stats"]),
        (Some(head.as_str()), &json!({"total": 2, "additions": 1, "deletions": 1}))
    );
    let compared = world.call("", Method::GET, &format!("{repository}/compare/{head}~...{head}"), None).await;
    assert_eq!(compared.status, 404, "only names and hashes are references");
    let raw = world.call("", Method::GET, &format!("{repository}/raw/README.md?ref=feature/x"), None).await;
    assert_eq!((raw.text.as_str(), raw.header("content-type")), ("# changed\n", "text/plain; charset=utf-8"));
    let branch = world.call("", Method::GET, &format!("{repository}/branches/feature/x"), None).await.json();
    assert_eq!(
        (branch["name"].as_str(), branch["commit"]["id"].as_str()),
        (Some("feature/x"), Some(head.as_str()))
    );
    assert_eq!(
        world.call("dev1", Method::DELETE, &format!("{repository}/branches/feature/x"), None).await.status,
        204
    );
    let missing = world.call("", Method::GET, &format!("{repository}/branches/feature/x"), None).await;
    assert_eq!(missing.json()["errors"], json!(["branch does not exist [repo_id: 1 name: feature/x]"]));
}

fn line(entry: &Value) -> String {
    let field = |name: &str| entry[name].as_str().unwrap();
    format!("{} {} {} {}", field("mode"), field("type"), field("sha"), field("path"))
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_not_names_are_refused() {
    let world = World::with_people().await;
    for name in ["", "..", "a/b", "x.git", "a b", "-"] {
        let answer = world.call("dev1", Method::POST, "/user/repos", Some(json!({"name": name}))).await;
        assert_eq!(answer.status, 422, "{name}: {}", answer.text);
    }
    for name in ["api", "V2", "..", "a b"] {
        let answer = world.call("dev1", Method::POST, "/orgs", Some(json!({"username": name}))).await;
        assert_eq!(answer.status, 422, "{name}: {}", answer.text);
    }
    world.repository("apps").await;
    for path in
        ["/dev1/%2e%2e/info/refs?service=git-upload-pack", "/%2e%2e/apps/info/refs?service=git-upload-pack"]
    {
        let answer = world.request("dev1", Method::GET, path, None).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let unknown = world.call("dev1", Method::GET, "/nothing", None).await;
    assert_eq!((unknown.status, unknown.header("content-type")), (404, "application/json;charset=utf-8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_repository_is_gone_and_can_be_made_again() {
    let world = World::with_people().await;
    world.seeded("apps").await;
    assert_eq!(world.call("dev2", Method::DELETE, "/repos/dev1/apps", None).await.status, 403);
    assert_eq!(world.call("dev1", Method::DELETE, "/repos/dev1/apps", None).await.status, 204);
    assert!(!world.stored("apps").exists());
    assert_eq!(world.call("dev1", Method::GET, "/repos/dev1/apps", None).await.status, 404);
    world.repository("apps").await;
    let world = world.reopen().await;
    assert_eq!(world.call("dev1", Method::GET, "/repos/dev1/apps", None).await.json()["empty"], true);
}
