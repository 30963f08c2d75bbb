//! Protected branches hold for git and for the REST API alike.

use reqwest::Method;
use serde_json::json;

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn protected_branch_refuses_git_and_the_api_in_the_forges_words() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let rules = "/repos/dev1/apps/branch_protections";
    let made = world
        .call("dev1", Method::POST, rules, Some(json!({"rule_name": "main", "enable_push": false})))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    world.commit(&work, &[("b", "b\n")], "two").await;
    let output = world.try_git(&work, &["push", "origin", "main"]).await;
    assert_eq!(output.code, 1);
    assert!(
        output.stderr.contains("remote: error: Not allowed to push to protected branch main"),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.contains("! [remote rejected] main -> main (pre-receive hook declined)"),
        "{}",
        output.stderr
    );
    let body = json!({"content": "aGVsbG8K", "message": "x", "branch": "main"});
    let answer = world.call("dev1", Method::POST, "/repos/dev1/apps/contents/x.txt", Some(body)).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    world.git(&work, &["push", "-q", "origin", "HEAD:other"]).await;
    let whitelist =
        json!({"enable_push": true, "enable_push_whitelist": true, "push_whitelist_usernames": ["dev1"]});
    let changed = world.call("dev1", Method::PATCH, &format!("{rules}/main"), Some(whitelist)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    world.git(&work, &["push", "-q", "origin", "main"]).await;
    world.git(&work, &["commit", "-q", "--amend", "-m", "forced"]).await;
    let output = world.try_git(&work, &["push", "--force", "origin", "main"]).await;
    assert!(
        output.stderr.contains("remote: error: branch main is protected from force push"),
        "{}",
        output.stderr
    );
    let gone = world.call("dev1", Method::DELETE, &format!("{rules}/main"), None).await;
    assert_eq!(gone.status, 204);
    world.git(&work, &["push", "-q", "--force", "origin", "main"]).await;
    world.fsck(&[&work]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn default_branch_is_not_deleted() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let output = world.try_git(&work, &["push", "origin", ":main"]).await;
    let words = "remote: error: branch main is the default branch and cannot be deleted";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    let answer = world.call("dev1", Method::DELETE, "/repos/dev1/apps/branches/main", None).await;
    assert_eq!(
        (answer.status, answer.json()["message"].as_str()),
        (403, Some("can not delete default branch"))
    );
    world.fsck(&[]).await;
}
