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
