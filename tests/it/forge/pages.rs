//! The pages: what people need is on them, and nothing of a repository's contents becomes part of a page.

use reqwest::Method;

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn files_commits_and_changes_can_be_looked_at() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    world
        .commit(&work, &[("evil.html", "<script>alert(1)</script>\n"), ("a b/ü.txt", "x\n")], "<b>two</b>")
        .await;
    world.git(&work, &["push", "-q", "origin", "main", "main:feature/x"]).await;
    let head = world.git(&work, &["rev-parse", "HEAD"]).await;
    let page = |path: &'static str| world.request("", Method::GET, path, None);
    for (path, holds) in [
        ("/", vec!["href=\"/dev1/apps\""]),
        ("/dev1", vec!["href=\"/dev1/apps\""]),
        ("/dev1/apps", vec!["README.md", "apps/", "&lt;b&gt;two&lt;/b&gt;", "/dev1/apps.git"]),
        ("/dev1/apps/src/branch/main/apps/a", vec!["kustomization.yaml"]),
        (
            "/dev1/apps/src/branch/feature/x/evil.html",
            vec!["&lt;script&gt;alert(1)&lt;/script&gt;", "id=\"L1\""],
        ),
        ("/dev1/apps/src/branch/main/a%20b/%C3%BC.txt", vec!["id=\"L1\""]),
        ("/dev1/apps/commits/branch/main", vec!["2 commits", "&lt;b&gt;two&lt;/b&gt;", "one"]),
    ] {
        let answer = page(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(!answer.text.contains("<script") && !answer.text.contains("<b>"), "{path}: {}", answer.text);
        for text in holds {
            assert!(answer.text.contains(text), "{path} lacks {text}: {}", answer.text);
        }
    }
    let commit = world.request("", Method::GET, &format!("/dev1/apps/commit/{head}"), None).await;
    assert!(commit.text.contains("+&lt;script&gt;"), "{}", commit.text);
    let raw = page("/dev1/apps/raw/branch/main/evil.html").await;
    assert_eq!(
        (raw.text.as_str(), raw.header("content-type")),
        ("<script>alert(1)</script>\n", "text/plain; charset=utf-8")
    );
    let avatar = page("/avatars/0123456789abcdef0123456789abcdef").await;
    assert_eq!((avatar.status, avatar.header("content-type")), (200, "image/svg+xml"));
    for path in ["/nobody", "/dev1/apps/src/branch/none/x", "/dev1/apps/src/branch/main/none", "/avatars/x"] {
        assert_eq!(page(path).await.status, 404, "{path}");
    }
}

/// A browser that keeps its cookie and does not follow where it is sent.
struct Browser<'w> {
    world: &'w World,
    http: reqwest::Client,
    cookie: String,
}

impl<'w> Browser<'w> {
    async fn get(&self, path: &str) -> String {
        let request = self.http.get(format!("{}{path}", self.world.url)).header("cookie", &self.cookie);
        let answer = World::answer(request).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.text
    }

    /// Sends a form, and tells the status and where it leads.
    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.http.post(format!("{}{path}", self.world.url)).header("cookie", &self.cookie);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = World::answer(request.body(body.join("&"))).await;
        (answer.status, answer.header("location").to_owned())
    }

    async fn sign_in(world: &'w World, user: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        let mut browser = Browser { world, http: http.unwrap(), cookie: String::new() };
        let body = format!("user_name={user}&password={}&redirect_to=/dev1/apps", super::world::PASSWORD);
        let request = browser.http.post(format!("{}/user/login", world.url)).body(body);
        let answer = World::answer(request.header("content-type", "application/x-www-form-urlencoded")).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/dev1/apps"), "{}", answer.text);
        let cookie = answer.header("set-cookie");
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
        cookie.split(';').next().unwrap().clone_into(&mut browser.cookie);
        browser
    }

    async fn csrf(&self, path: &str) -> String {
        let page = self.get(path).await;
        let value = page.split("name=\"csrf\" value=\"").nth(1).unwrap_or_else(|| panic!("{page}"));
        value.split('"').next().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pull_request_is_opened_discussed_approved_and_merged_in_a_browser() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let rights = Some(serde_json::json!({"permission": "write"}));
    world.call("dev1", Method::PUT, "/repos/dev1/apps/collaborators/dev2", rights).await;
    world.git(&work, &["checkout", "-q", "-b", "feature/x"]).await;
    world.commit(&work, &[("x.txt", "<i>x</i>\n")], "add x").await;
    world.git(&work, &["push", "-q", "origin", "feature/x"]).await;
    let (one, two) = (Browser::sign_in(&world, "dev1").await, Browser::sign_in(&world, "dev2").await);
    let page = one.get("/dev1/apps/pulls/new/feature/x").await;
    assert!(page.contains("value=\"add x\"") && page.contains("value=\"main\""), "{page}");
    let same = one.get("/dev1/apps/compare/production...feature/x").await;
    assert!(same.contains("value=\"add x\"") && same.contains("value=\"production\""), "{same}");
    let csrf = one.csrf("/dev1/apps").await;
    let fields = |csrf| {
        [
            ("csrf", csrf),
            ("head", "feature%2Fx"),
            ("base", "main"),
            ("title", "%3Cb%3EX%3C%2Fb%3E"),
            ("body", "please"),
        ]
    };
    assert_eq!(one.send("/dev1/apps/pulls", &fields("forged")).await.0, 403);
    assert_eq!(one.send("/dev1/apps/pulls", &fields(&csrf)).await, (303, "/dev1/apps/pulls/1".to_owned()));
    let pull = "/dev1/apps/pulls/1";
    let theirs = two.csrf(pull).await;
    let say = format!("{pull}/say");
    // What one browser knows is no good to another.
    assert_eq!(two.send(&say, &[("csrf", &csrf), ("text", "hi")]).await.0, 403);
    assert_eq!(two.send(&say, &[("csrf", &theirs), ("text", "a+question")]).await.0, 303);
    assert_eq!(one.send(&say, &[("csrf", &csrf), ("event", "APPROVED")]).await.0, 409);
    assert_eq!(two.send(&say, &[("csrf", &theirs), ("event", "APPROVED")]).await.0, 303);
    let tip = world.git(&work, &["rev-parse", "HEAD"]).await;
    let status = serde_json::json!({"state": "failure", "context": "ci/build", "description": "broken"});
    world.call("dev2", Method::POST, &format!("/repos/dev1/apps/statuses/{tip}"), Some(status)).await;
    let page = two.get(pull).await;
    for text in [
        "&lt;b&gt;X&lt;/b&gt;",
        "a question",
        "✓ approved",
        "✗ failure",
        "ci/build",
        "+&lt;i&gt;x",
        "Ready to be merged.",
    ] {
        assert!(page.contains(text), "lacks {text}: {page}");
    }
    assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("<i>"), "{page}");
    for (path, text) in
        [("/dev1/apps/pulls", "1 approved"), ("/dev1/apps/commits/branch/feature/x", "title=\"failure\"")]
    {
        let page = one.get(path).await;
        assert!(page.contains(text), "{path} lacks {text}: {page}");
    }
    let merge = format!("{pull}/merge");
    let stranger = world.request("", Method::POST, &merge, None).await;
    assert!(stranger.status >= 400, "{}", stranger.status);
    assert_eq!(two.send(&merge, &[("csrf", &theirs), ("style", "merge"), ("delete", "true")]).await.0, 303);
    assert!(two.get(pull).await.contains("Merged by dev2 as "));
    assert!(two.get("/dev1/apps/commits/branch/main").await.contains("●─╮"));
    assert_eq!(two.send("/user/logout", &[("csrf", &theirs)]).await.0, 303);
    assert!(two.get(pull).await.contains("Sign in"));
    world.fsck(&[]).await;
}
