//! Who may do what: every route of a repository, for everybody, in public and in private.

use regex::Regex;
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{PASSWORD, World};

/// The least that a route asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Least {
    /// To see the repository.
    Read,
    /// The same, and to be somebody.
    Signed,
    Write,
    Admin,
    Owner,
}

/// Method, path below the repository, body, what it asks for, and the status for who may.
type Case = (&'static str, &'static str, Option<Value>, Least, u16);

/// Requests that change nothing, however often they are made: what writes is asked for something that cannot be.
fn cases() -> Vec<Case> {
    use Least::{Admin, Owner, Read, Signed, Write};
    let sha = json!({"content": "", "sha": "0000000000000000000000000000000000000000"});
    let approval = json!({"event": "COMMENT", "body": ""});
    vec![
        ("GET", "", None, Read, 200),
        ("PATCH", "", Some(json!({})), Admin, 200),
        ("DELETE", "", None, Owner, 204),
        ("GET", "/branches", None, Read, 200),
        ("POST", "/branches", Some(json!({"new_branch_name": "main"})), Write, 409),
        ("GET", "/branches/main", None, Read, 200),
        ("DELETE", "/branches/none", None, Write, 404),
        ("GET", "/branch_protections", None, Admin, 200),
        ("POST", "/branch_protections", Some(json!({})), Admin, 400),
        ("GET", "/branch_protections/other", None, Admin, 200),
        ("PATCH", "/branch_protections/other", Some(json!({})), Admin, 200),
        ("DELETE", "/branch_protections/none", None, Admin, 404),
        ("GET", "/collaborators", None, Signed, 200),
        ("GET", "/collaborators/reader", None, Signed, 204),
        ("PUT", "/collaborators/reader", Some(json!({"permission": "read"})), Admin, 204),
        ("DELETE", "/collaborators/other", None, Admin, 204),
        ("GET", "/collaborators/owner/permission", None, Admin, 200),
        ("GET", "/commits", None, Read, 200),
        ("GET", "/commits/main/status", None, Read, 200),
        ("GET", "/commits/main/statuses", None, Read, 200),
        ("GET", "/compare/main...topic", None, Read, 200),
        ("GET", "/contents", None, Read, 200),
        ("GET", "/contents/", None, Read, 200),
        ("POST", "/contents", Some(json!({"files": []})), Write, 422),
        ("GET", "/contents/README.md", None, Read, 200),
        ("POST", "/contents/README.md", Some(json!({"content": ""})), Write, 422),
        ("PUT", "/contents/README.md", Some(sha.clone()), Write, 422),
        ("DELETE", "/contents/README.md", Some(sha), Write, 422),
        ("GET", "/forks", None, Read, 200),
        ("POST", "/forks", Some(json!({"name": "a b"})), Signed, 422),
        ("POST", "/generate", Some(json!({"name": "x"})), Signed, 422),
        ("POST", "/merge-upstream", Some(json!({})), Write, 400),
        ("GET", "/git/blobs/257cc5642cb1a054f08cc83f2d943e56fd3ebe99", None, Read, 200),
        ("GET", "/git/commits/main", None, Read, 200),
        ("GET", "/git/refs", None, Read, 200),
        ("GET", "/git/refs/heads", None, Read, 200),
        ("GET", "/git/trees/main", None, Read, 200),
        ("GET", "/hooks", None, Admin, 200),
        ("POST", "/hooks", Some(json!({"type": "none", "config": {}})), Admin, 422),
        ("GET", "/hooks/1", None, Admin, 200),
        ("PATCH", "/hooks/1", Some(json!({})), Admin, 200),
        ("DELETE", "/hooks/99", None, Admin, 404),
        ("POST", "/hooks/99/tests", None, Admin, 404),
        ("GET", "/issues", None, Read, 200),
        ("GET", "/issues/1", None, Read, 200),
        ("GET", "/issues/1/comments", None, Read, 200),
        ("POST", "/issues/1/comments", Some(json!({"body": ""})), Signed, 422),
        ("GET", "/issues/comments/1", None, Read, 200),
        ("PATCH", "/issues/comments/1", Some(json!({"body": "x"})), Admin, 200),
        ("DELETE", "/issues/comments/99", None, Signed, 404),
        ("GET", "/keys", None, Admin, 200),
        ("POST", "/keys", Some(json!({"title": "k", "key": "none"})), Admin, 422),
        ("GET", "/keys/99", None, Admin, 404),
        ("DELETE", "/keys/99", None, Admin, 204),
        ("GET", "/pulls", None, Read, 200),
        ("POST", "/pulls", Some(json!({"title": ""})), Signed, 422),
        ("GET", "/pulls/1", None, Read, 200),
        ("PATCH", "/pulls/1", Some(json!({})), Write, 201),
        ("GET", "/pulls/main/topic", None, Read, 200),
        ("GET", "/pulls/1/commits", None, Read, 200),
        ("GET", "/pulls/1/files", None, Read, 200),
        ("GET", "/pulls/1/merge", None, Read, 404),
        ("POST", "/pulls/1/merge", Some(json!({"Do": "manually-merged"})), Signed, 405),
        ("POST", "/pulls/1/requested_reviewers", Some(json!({"reviewers": []})), Write, 201),
        ("DELETE", "/pulls/1/requested_reviewers", Some(json!({"reviewers": []})), Write, 204),
        ("GET", "/pulls/1/reviews", None, Read, 200),
        ("POST", "/pulls/1/reviews", Some(approval), Signed, 422),
        ("GET", "/pulls/1/reviews/99", None, Read, 404),
        ("DELETE", "/pulls/1/reviews/99", None, Signed, 404),
        ("POST", "/pulls/1/reviews/99/dismissals", Some(json!({})), Admin, 404),
        ("POST", "/pulls/1/reviews/99/undismissals", None, Admin, 404),
        ("POST", "/pulls/1/update", None, Write, 409),
        ("GET", "/raw/README.md", None, Read, 200),
        ("GET", "/releases", None, Read, 200),
        ("POST", "/releases", Some(json!({"tag_name": ""})), Write, 422),
        ("GET", "/releases/1", None, Read, 200),
        ("PATCH", "/releases/1", Some(json!({})), Write, 200),
        ("DELETE", "/releases/99", None, Write, 404),
        ("GET", "/releases/latest", None, Read, 200),
        ("GET", "/releases/tags/v1", None, Read, 200),
        ("DELETE", "/releases/tags/none", None, Write, 404),
        ("GET", "/statuses/main", None, Read, 200),
        ("POST", "/statuses/main", Some(json!({"state": "none"})), Write, 422),
        ("GET", "/tags", None, Read, 200),
        ("POST", "/tags", Some(json!({"tag_name": "v1"})), Write, 409),
        ("GET", "/tags/v1", None, Read, 200),
        ("DELETE", "/tags/none", None, Write, 404),
    ]
}

/// Empty for nobody; what they may do at most.
const PEOPLE: [(&str, Option<Least>); 7] = [
    ("", None),
    ("other", None),
    ("reader", Some(Least::Signed)),
    ("writer", Some(Least::Write)),
    ("chief", Some(Least::Admin)),
    ("owner", Some(Least::Owner)),
    ("atelier", Some(Least::Owner)),
];

/// Two repositories of `owner`, with one of everything.
async fn world() -> World {
    let world = World::open().await;
    for (login, _) in PEOPLE.iter().filter(|(login, _)| !["", "atelier"].contains(login)) {
        let user = json!({"username": login, "email": format!("{login}@example.com"), "password": PASSWORD});
        assert_eq!(world.call("atelier", Method::POST, "/admin/users", Some(user)).await.status, 201);
    }
    for name in ["public", "private"] {
        let repository = format!("/repos/owner/{name}");
        let hook = json!({"type": "gitea", "config": {"url": "http://127.0.0.1:9/", "content_type": "json"}});
        let topic = json!({"content": "Zm9vCg==", "new_branch": "topic"});
        let steps = [
            (
                "POST",
                "/user/repos".to_owned(),
                json!({"name": name, "private": name == "private", "auto_init": true}),
            ),
            ("PUT", format!("{repository}/collaborators/reader"), json!({"permission": "read"})),
            ("PUT", format!("{repository}/collaborators/writer"), json!({"permission": "write"})),
            ("PUT", format!("{repository}/collaborators/chief"), json!({"permission": "admin"})),
            ("POST", format!("{repository}/contents/t"), topic),
            ("POST", format!("{repository}/pulls"), json!({"title": "x", "head": "topic", "base": "main"})),
            ("POST", format!("{repository}/issues/1/comments"), json!({"body": "x"})),
            ("POST", format!("{repository}/releases"), json!({"tag_name": "v1"})),
            ("POST", format!("{repository}/hooks"), hook),
            ("POST", format!("{repository}/branch_protections"), json!({"rule_name": "other"})),
        ];
        for (method, path, body) in steps {
            let answer = world.call("owner", method.parse().unwrap(), &path, Some(body)).await;
            assert!(answer.status < 300, "{path}: {}", answer.text);
        }
    }
    world
}

/// What is answered to somebody who may do so much, of a repository that anybody may see or not.
fn expected(case: &Case, name: &str, has: Option<Least>, public: bool) -> u16 {
    let (_, _, _, least, fine) = case;
    let sees = public || has.is_some();
    let may = match (name, has) {
        ("", _) => *least == Least::Read,
        (_, Some(has)) => has >= *least,
        (_, None) => *least <= Least::Signed,
    };
    match (name.is_empty(), sees, may) {
        // What is not to be seen is not there, as with Gitea.
        (_, false, _) => 404,
        (_, true, true) => *fine,
        (true, true, false) => 401,
        (false, true, false) => 403,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_a_repository_asks_for_the_right_that_it_needs() {
    let world = world().await;
    let mut wrong = Vec::new();
    for case in cases() {
        let (method, path, body, least, _) = &case;
        for (name, has) in PEOPLE {
            for repository in ["public", "private"] {
                // What would go away for good is asked for by those only who may not.
                if *least == Least::Owner && has >= Some(Least::Owner) {
                    continue;
                }
                let address = format!("/repos/owner/{repository}{path}");
                let got = world.call(name, method.parse().unwrap(), &address, body.clone()).await.status;
                let wanted = expected(&case, name, has, repository == "public");
                if got != wanted {
                    let who = if name.is_empty() { "anonymous" } else { name };
                    wrong.push(format!("{method} {repository}{path} by {who}: {got}, not {wanted}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The table above has a case for each route that the router has.
#[test]
fn no_route_of_a_repository_is_left_out() {
    let source = format!("{}/src/forge/router.rs", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(source).unwrap();
    let below = source.split("fn repository_routes()").nth(1).unwrap();
    let below = below.split("fn page_routes()").next().unwrap();
    let routes = Regex::new(r#"\.route\(\s*"([^"]+)""#).unwrap();
    let cases = cases();
    let missing: Vec<&str> = routes
        .captures_iter(below)
        .map(|found| found.get(1).unwrap().as_str())
        .filter(|route| {
            let rest = Regex::new(r"\{\*\w+\}").unwrap().replace_all(route, ".+").into_owned();
            let one = Regex::new(r"\{\w+\}").unwrap().replace_all(&rest, "[^/]+").into_owned();
            let pattern = Regex::new(&format!("^{}$", one.trim_end_matches('/'))).unwrap();
            !cases.iter().any(|(_, path, ..)| pattern.is_match(path.trim_end_matches('/')))
        })
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// A token can do less than its owner, never more.
#[tokio::test(flavor = "multi_thread")]
async fn scopes_of_a_token_narrow_the_rights_of_its_owner() {
    let world = world().await;
    let mut wrong = Vec::new();
    for (scope, reads, writes, talks) in [
        ("read:repository", true, false, false),
        ("write:repository", true, true, false),
        ("write:issue", false, false, true),
        ("read:user", false, false, false),
        ("all", true, true, true),
    ] {
        let body = json!({"name": scope, "scopes": [scope]});
        let made = world.call("owner", Method::POST, "/users/owner/tokens", Some(body)).await.json();
        let token = made["sha1"].as_str().unwrap().to_owned();
        for (method, path, body, allowed) in [
            ("GET", "/pulls", json!(null), reads),
            ("GET", "/contents/README.md", json!(null), reads),
            ("POST", "/pulls", json!({"title": ""}), writes),
            ("POST", "/tags", json!({"tag_name": "v1"}), writes),
            ("POST", "/statuses/main", json!({"state": "none"}), writes),
            ("POST", "/issues/1/comments", json!({"body": ""}), talks),
        ] {
            let address = format!("{}/api/v1/repos/owner/private{path}", world.url);
            let request = world.http().request(method.parse().unwrap(), address).json(&body);
            let answer = World::answer(request.header("authorization", format!("token {token}"))).await;
            if (answer.status == 403) == allowed {
                wrong.push(format!("{scope}: {method} {path}: {} {}", answer.status, answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
