//! The driver's client of the REST API, every call of it, against the forge.

use atelier::platform::{Gitea, MergeStyle, PullRequest};

use super::world::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn driver_makes_and_finds_everything_it_needs() {
    let world = World::open().await;
    let admin = Gitea::with_password(&world.url, "atelier", PASSWORD);
    assert!(admin.version().await.unwrap().starts_with("1.24."));
    assert!(!admin.has_user("dev1").await.unwrap());
    admin.create_user("dev1", "Dev One", "dev1@example.com", "a-long-password").await.unwrap();
    assert!(admin.has_user("dev1").await.unwrap());
    admin.set_password("dev1", PASSWORD).await.unwrap();
    let own = Gitea::with_password(&world.url, "dev1", PASSWORD);
    let first = own.create_token("dev1", "lab", &["write:repository", "read:user"]).await.unwrap();
    let token = own.create_token("dev1", "lab", &["all"]).await.unwrap();
    assert_ne!(first, token);
    assert_eq!(Gitea::with_token(&world.url, &first).login().await.unwrap(), None);
    let dev1 = Gitea::with_token(&world.url, &token);
    assert_eq!(dev1.login().await.unwrap().as_deref(), Some("dev1"));
    admin.create_organization("fleet").await.unwrap();
    admin.add_owner("fleet", "dev1").await.unwrap();
    assert!(!admin.has_repository("fleet", "infra").await.unwrap());
    dev1.create_repository("fleet", true, "infra", false).await.unwrap();
    admin.create_repository("dev1", false, "dev1", false).await.unwrap();
    assert!(dev1.has_repository("fleet", "infra").await.unwrap());
    assert_eq!(dev1.branches("fleet", "infra").await.unwrap(), Vec::new());
    assert_eq!(dev1.branch("fleet", "infra", "main").await.unwrap(), None);

    let remote = world.remote("dev1", "fleet/infra.git");
    world.git(".", &["clone", "-q", &remote, "work"]).await;
    world.git("work", &["checkout", "-q", "-B", "main"]).await;
    world.commit("work", &[("a/b.yaml", "kind: A\n")], "one").await;
    world.commit("work", &[("c.yaml", "kind: C\n")], "two").await;
    world.git("work", &["push", "-q", "origin", "main", "main:feature/x"]).await;
    let head = world.git("work", &["rev-parse", "HEAD"]).await;

    let branch = dev1.branch("fleet", "infra", "feature/x").await.unwrap().unwrap();
    assert_eq!((branch.name.as_str(), branch.commit.as_str()), ("feature/x", head.as_str()));
    assert_eq!(dev1.branches("fleet", "infra").await.unwrap().len(), 2);
    let commits = dev1.commits("fleet", "infra", "feature/x", 10).await.unwrap();
    let messages: Vec<&str> = commits.iter().map(|commit| commit.message.trim()).collect();
    assert_eq!(messages, ["two", "one"]);
    assert_eq!(commits[0].parents, [commits[1].sha.clone()]);
    assert_eq!(dev1.commits("fleet", "infra", "main", 1).await.unwrap(), commits[..1]);
    assert_eq!(dev1.commit("fleet", "infra", &head).await.unwrap().as_ref(), Some(&commits[0]));
    let tree = dev1.tree("fleet", "infra", "feature/x").await.unwrap();
    let paths: Vec<&str> = tree.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["a", "a/b.yaml", "c.yaml"]);
    let file = dev1.file("fleet", "infra", "a/b.yaml", "feature/x").await.unwrap();
    assert_eq!(file.as_deref(), Some(b"kind: A\n".as_slice()));
    assert_eq!(dev1.file("fleet", "infra", "none", "main").await.unwrap(), None);
    dev1.create_webhook("fleet", "infra", "http://127.0.0.1:9/hook", "secret").await.unwrap();
    assert_eq!(dev1.webhooks("fleet", "infra").await.unwrap(), ["http://127.0.0.1:9/hook"]);
    dev1.delete_repository("fleet", "infra").await.unwrap();
    assert!(!admin.has_repository("fleet", "infra").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn driver_opens_reviews_and_merges_pull_requests() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    for name in ["x", "y"] {
        world.git(&work, &["checkout", "-q", "-b", name, "main"]).await;
        world.commit(&work, &[(&format!("{name}.txt"), "one\n")], "add a file").await;
        world.git(&work, &["push", "-q", "origin", name]).await;
    }
    let tip = world.git(&work, &["rev-parse", "x"]).await;
    let [admin, dev1] = ["atelier", "dev1"].map(|user| Gitea::with_password(&world.url, user, PASSWORD));
    for (number, head) in [(1, "x"), (2, "y")] {
        let made = dev1.open_pull_request("dev1", "apps", [head, "main", "Files", "please"]).await.unwrap();
        assert_eq!(made, number);
    }
    assert!(dev1.approvals("dev1", "apps", 1).await.unwrap().is_empty());
    admin.approve_pull_request("dev1", "apps", 1).await.unwrap();
    assert_eq!(dev1.approvals("dev1", "apps", 1).await.unwrap(), ["atelier"]);
    dev1.merge_pull_request("dev1", "apps", 1, MergeStyle::Squash).await.unwrap();
    dev1.close_pull_request("dev1", "apps", 2).await.unwrap();

    let found = dev1.pull_requests("dev1", "apps").await.unwrap();
    let said: Vec<_> = found.iter().map(|one| (one.number, one.state.as_str(), one.merged)).collect();
    assert_eq!(said, [(2, "closed", false), (1, "closed", true)]);
    assert!(found.iter().all(|one| one.ended.is_some()));
    let merged = PullRequest { ended: None, ..found[1].clone() };
    let wanted = PullRequest {
        number: 1,
        title: "Files".to_owned(),
        author: "dev1".to_owned(),
        state: "closed".to_owned(),
        merged: true,
        head: "x".to_owned(),
        head_commit: tip,
        base: "main".to_owned(),
        ended: None,
    };
    assert_eq!(merged, wanted);
}
