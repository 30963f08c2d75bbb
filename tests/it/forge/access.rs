//! Who may do what, over git and over the REST API.

use reqwest::Method;
use serde_json::json;

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn anybody_reads_a_public_repository_and_nobody_writes_unasked() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    world.commit(&work, &[("b", "b\n")], "two").await;
    let anonymous = world.try_git(&work, &["push", &world.remote("", "dev1/apps"), "main"]).await;
    assert!(anonymous.stderr.contains("could not read Username"), "{}", anonymous.stderr);
    let reader = world.try_git(&work, &["push", &world.remote("dev2", "dev1/apps"), "main"]).await;
    assert!(
        reader.stderr.contains("remote: error: User permission denied for writing."),
        "{}",
        reader.stderr
    );
    let added = world.call("dev1", Method::PUT, "/repos/dev1/apps/collaborators/dev2", None).await;
    assert_eq!(added.status, 204);
    world.git(&work, &["push", "-q", &world.remote("dev2", "dev1/apps"), "main"]).await;
    world.fsck(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn private_and_missing_repositories_answer_alike() {
    let world = World::with_people().await;
    world.seeded("secret").await;
    let private = Some(json!({"private": true}));
    assert_eq!(world.call("dev1", Method::PATCH, "/repos/dev1/secret", private).await.status, 200);
    for path in ["secret", "nothing"] {
        let refs = format!("/dev1/{path}.git/info/refs?service=git-upload-pack");
        let anonymous = world.request("", Method::GET, &refs, None).await;
        assert_eq!((anonymous.status, anonymous.text.as_str()), (401, "Unauthorized\n"));
        assert_eq!(anonymous.header("www-authenticate"), "Basic realm=\"Gitea\"");
        let other = world.request("dev2", Method::GET, &refs, None).await;
        assert_eq!((other.status, other.text.as_str()), (404, "Repository not found\n"));
        for user in ["", "dev2"] {
            let answer = world.call(user, Method::GET, &format!("/repos/dev1/{path}"), None).await;
            assert_eq!(
                (answer.status, answer.json()["message"].as_str()),
                (404, Some("The target couldn't be found."))
            );
            let page = world.request(user, Method::GET, &format!("/dev1/{path}"), None).await;
            assert_eq!(page.status, 404);
        }
    }
    let listed = world.call("dev2", Method::GET, "/users/dev1/repos", None).await;
    assert_eq!((listed.text.as_str(), listed.header("x-total-count")), ("[]", "0"));
    let push =
        world.request("dev1", Method::GET, "/dev1/nothing/info/refs?service=git-receive-pack", None).await;
    assert_eq!((push.status, push.text.as_str()), (403, "Push to create is not enabled for users.\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn token_does_what_its_scopes_say() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let body = json!({"name": "reader", "scopes": ["read:repository"]});
    let made = world.call("dev1", Method::POST, "/users/dev1/tokens", Some(body.clone())).await;
    let token = made.json()["sha1"].as_str().unwrap().to_owned();
    let again = world.call("dev1", Method::POST, "/users/dev1/tokens", Some(body)).await;
    assert_eq!(
        (again.status, again.json()["message"].as_str()),
        (400, Some("access token name has been used already"))
    );
    let remote = world.url.replacen("://", &format!("://dev1:{token}@"), 1) + "/dev1/apps";
    world.git(".", &["clone", "-q", &remote, "clone"]).await;
    world.commit(&work, &[("b", "b\n")], "two").await;
    let refused = world.try_git(&work, &["push", &remote, "main"]).await;
    assert!(refused.stderr.contains("403"), "{}", refused.stderr);
    let by_token = |path: &str| {
        let request = world.http().get(format!("{}/api/v1{path}", world.url));
        World::answer(request.header("authorization", format!("token {token}")))
    };
    assert_eq!(by_token("/repos/dev1/apps").await.status, 200);
    let user = by_token("/user").await;
    let message = "token does not have at least one of required scope(s), required=[read:user], token scope=read:repository";
    assert_eq!((user.status, user.json()["message"].as_str()), (403, Some(message)));
    assert_eq!(world.call("dev1", Method::DELETE, "/users/dev1/tokens/reader", None).await.status, 204);
    assert_eq!(by_token("/repos/dev1/apps").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn organisations_belong_to_their_owners() {
    let world = World::with_people().await;
    let made = world.call("dev1", Method::POST, "/orgs", Some(json!({"username": "fleet"}))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let repository = Some(json!({"name": "fleet-infra", "private": true, "auto_init": true}));
    let refused = world.call("dev2", Method::POST, "/orgs/fleet/repos", repository.clone()).await;
    assert_eq!(
        (refused.status, refused.json()["message"].as_str()),
        (403, Some("Must be an organization owner"))
    );
    assert_eq!(world.call("dev1", Method::POST, "/orgs/fleet/repos", repository).await.status, 201);
    assert_eq!(world.call("dev2", Method::GET, "/repos/fleet/fleet-infra", None).await.status, 404);
    let teams = world.call("dev1", Method::GET, "/orgs/fleet/teams", None).await.json();
    assert_eq!((teams[0]["name"].as_str(), teams[0]["permission"].as_str()), (Some("Owners"), Some("owner")));
    let member = format!("/teams/{}/members/dev2", teams[0]["id"]);
    assert_eq!(world.call("dev2", Method::PUT, &member, None).await.status, 404);
    assert_eq!(world.call("dev1", Method::PUT, &member, None).await.status, 204);
    let seen = world.call("dev2", Method::GET, "/repos/fleet/fleet-infra", None).await.json();
    assert_eq!(seen["permissions"], json!({"admin": true, "push": true, "pull": true}));
    assert_eq!(world.call("dev1", Method::DELETE, "/orgs/fleet", None).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_routes_are_for_administrators() {
    let world = World::with_people().await;
    let user = json!({"username": "eve", "email": "eve@example.com", "password": "longer-than-8"});
    for (caller, status, message) in
        [("", 401, "token is required"), ("dev1", 403, "user should be the site admin")]
    {
        let answer = world.call(caller, Method::POST, "/admin/users", Some(user.clone())).await;
        assert_eq!((answer.status, answer.json()["message"].as_str()), (status, Some(message)));
    }
    let wrong = world.http().get(format!("{}/api/v1/user", world.url)).basic_auth("dev1", Some("wrong"));
    let wrong = World::answer(wrong).await;
    assert_eq!(
        (wrong.status, wrong.json()["message"].as_str()),
        (401, Some("invalid username, password or token"))
    );
    assert_eq!(world.call("atelier", Method::POST, "/admin/users", Some(user)).await.status, 201);
    let change = Some(json!({"password": super::world::PASSWORD, "full_name": "Eve"}));
    assert_eq!(world.call("atelier", Method::PATCH, "/admin/users/eve", change).await.status, 200);
    assert_eq!(world.call("eve", Method::GET, "/user", None).await.json()["full_name"], "Eve");
}

#[tokio::test(flavor = "multi_thread")]
async fn team_has_its_right_to_the_repositories_it_is_given() {
    let world = World::with_people().await;
    let call = |user: &'static str, method: Method, path: &'static str, body: Option<serde_json::Value>| {
        world.call(user, method, path, body)
    };
    call("dev1", Method::POST, "/orgs", Some(json!({"username": "fleet"}))).await;
    for name in ["one", "two"] {
        let body = json!({"name": name, "private": true, "auto_init": true});
        assert_eq!(call("dev1", Method::POST, "/orgs/fleet/repos", Some(body)).await.status, 201);
    }
    let team = json!({"name": "devs", "permission": "write"});
    let team = call("dev1", Method::POST, "/orgs/fleet/teams", Some(team)).await.json();
    assert_eq!((&team["id"], &team["includes_all_repositories"]), (&json!(2), &json!(false)));
    assert_eq!(call("dev1", Method::PUT, "/teams/2/members/dev2", None).await.status, 204);
    let seen = async || {
        let statuses =
            ["/repos/fleet/one", "/repos/fleet/two"].map(|path| call("dev2", Method::GET, path, None));
        futures::future::join_all(statuses).await.iter().map(|answer| answer.status).collect::<Vec<_>>()
    };
    assert_eq!(seen().await, [404, 404]);
    assert_eq!(call("dev2", Method::PUT, "/teams/2/repos/fleet/one", None).await.status, 403);
    assert_eq!(call("dev1", Method::PUT, "/teams/2/repos/fleet/one", None).await.status, 204);
    assert_eq!(seen().await, [200, 404]);
    let listed = call("dev2", Method::GET, "/teams/2/repos", None).await.json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["full_name"]), (1, &json!("fleet/one")));
    let branch = Some(json!({"new_branch_name": "x"}));
    assert_eq!(call("dev2", Method::POST, "/repos/fleet/one/branches", branch.clone()).await.status, 201);
    let read = Some(json!({"permission": "read", "includes_all_repositories": true}));
    assert_eq!(call("dev1", Method::PATCH, "/teams/2", read).await.status, 200);
    assert_eq!(seen().await, [200, 200]);
    assert_eq!(call("dev2", Method::POST, "/repos/fleet/two/branches", branch).await.status, 403);
    let own = call("dev2", Method::GET, "/user/teams", None).await.json();
    assert_eq!((own.as_array().unwrap().len(), &own[0]["name"]), (1, &json!("devs")));
    assert_eq!(call("dev1", Method::DELETE, "/teams/1", None).await.status, 403);
    assert_eq!(call("dev1", Method::DELETE, "/teams/2", None).await.status, 204);
    assert_eq!(seen().await, [404, 404]);
}
