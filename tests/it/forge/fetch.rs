//! Clone and fetch by real git.

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn clone_gives_what_was_pushed_with_and_without_git_in_the_name() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let head = world.git(&work, &["rev-parse", "HEAD"]).await;
    for (path, folder) in [("dev1/apps.git", "one"), ("dev1/apps", "two"), ("DEV1/Apps.git", "three")] {
        world.git(".", &["clone", "-q", &world.remote("", path), folder]).await;
        assert_eq!(world.git(folder, &["rev-parse", "HEAD"]).await, head);
        assert_eq!(world.git(folder, &["symbolic-ref", "HEAD"]).await, "refs/heads/main");
    }
    world.fsck(&["one", "two", "three"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_repository_can_be_cloned_and_filled() {
    let world = World::with_people().await;
    world.repository("empty").await;
    let output = world.try_git(".", &["clone", &world.remote("dev1", "dev1/empty"), "clone"]).await;
    assert_eq!(output.code, 0);
    assert!(output.stderr.contains("You appear to have cloned an empty repository."), "{}", output.stderr);
    world.git("clone", &["checkout", "-q", "-B", "trunk"]).await;
    world.commit("clone", &[("a", "a\n")], "first").await;
    world.git("clone", &["push", "-q", "origin", "trunk"]).await;
    // The only branch there is becomes the one that a clone checks out.
    world.git(".", &["clone", "-q", &world.remote("", "dev1/empty"), "again"]).await;
    assert_eq!(world.git("again", &["symbolic-ref", "--short", "HEAD"]).await, "trunk");
    world.fsck(&["again"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fetch_brings_only_what_is_new_through_several_rounds() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    world.git(".", &["clone", "-q", &world.remote("", "dev1/apps"), "other"]).await;
    // Over a thousand bytes of commits that the server lacks: several rounds, the later ones gzipped.
    for index in 0..150 {
        world.git("other", &["commit", "-q", "--allow-empty", "-m", &format!("local {index}")]).await;
    }
    world.commit(&work, &[("new.txt", "new\n")], "two").await;
    world.git(&work, &["push", "-q", "origin", "main"]).await;
    let output = world.try_git("other", &["fetch", "--no-progress", "origin"]).await;
    assert_eq!(output.code, 0, "{}", output.stderr);
    let (ours, theirs) = (
        world.git("other", &["rev-parse", "origin/main"]).await,
        world.git(&work, &["rev-parse", "HEAD"]).await,
    );
    assert_eq!(ours, theirs);
    // To the 6 objects of the clone and the 150 commits come one commit, one tree, one file and nothing else.
    let count = world.git("other", &["count-objects", "-v"]).await;
    assert!(count.contains("count: 159\n"), "{count}");
    world.fsck(&["other"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shallow_history_is_cut_deepened_and_made_whole() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    for index in 2..=6 {
        world.commit(&work, &[("file", &format!("{index}\n"))], &index.to_string()).await;
    }
    world.git(&work, &["push", "-q", "origin", "main"]).await;
    let count = async || world.git("shallow", &["rev-list", "--count", "HEAD"]).await;
    world.git(".", &["clone", "-q", "--depth", "1", &world.remote("dev1", "dev1/apps"), "shallow"]).await;
    assert_eq!(count().await, "1");
    world.fsck(&["shallow"]).await;
    world.git("shallow", &["fetch", "-q", "--depth", "3"]).await;
    assert_eq!(count().await, "3");
    world.git("shallow", &["fetch", "-q", "--deepen", "1"]).await;
    assert_eq!(count().await, "4");
    world.fsck(&["shallow"]).await;
    // A new commit comes without the history below the cut.
    world.commit(&work, &[("file", "7\n")], "7").await;
    world.git(&work, &["push", "-q", "origin", "main"]).await;
    world.git("shallow", &["pull", "-q", "--ff-only"]).await;
    assert_eq!(count().await, "5");
    // And a shallow clone can push.
    world.commit("shallow", &[("file", "8\n")], "8").await;
    world.git("shallow", &["push", "-q", "origin", "main"]).await;
    world.git("shallow", &["fetch", "-q", "--unshallow"]).await;
    assert_eq!(count().await, "8");
    assert_eq!(world.git("shallow", &["rev-parse", "--is-shallow-repository"]).await, "false");
    world.fsck(&["shallow"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shallow_by_date_and_by_reference() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    world.git(&work, &["tag", "v1"]).await;
    for index in 2..=3 {
        world.commit(&work, &[("file", &format!("{index}\n"))], &index.to_string()).await;
    }
    world.git(&work, &["push", "-q", "origin", "main", "v1"]).await;
    let remote = world.remote("", "dev1/apps");
    world.git(".", &["clone", "-q", "--shallow-exclude=v1", &remote, "after"]).await;
    assert_eq!(world.git("after", &["rev-list", "--count", "HEAD"]).await, "2");
    world.git(".", &["clone", "-q", "--shallow-since=2001-01-01", &remote, "since"]).await;
    assert_eq!(world.git("since", &["rev-list", "--count", "HEAD"]).await, "3");
    world.fsck(&["after", "since"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_follow_the_commits_that_are_fetched() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    world.git(".", &["clone", "-q", &world.remote("", "dev1/apps"), "other"]).await;
    world.commit(&work, &[("b", "b\n")], "two").await;
    world.git(&work, &["tag", "-a", "v1.0.0", "-m", "first release"]).await;
    world.git(&work, &["tag", "light"]).await;
    world.git(&work, &["push", "-q", "origin", "main", "v1.0.0", "light"]).await;
    world.git("other", &["fetch", "-q"]).await;
    assert_eq!(world.git("other", &["tag", "-l"]).await, "light\nv1.0.0");
    assert_eq!(world.git("other", &["cat-file", "-t", "v1.0.0"]).await, "tag");
    let listed = world.git(".", &["ls-remote", &world.remote("", "dev1/apps")]).await;
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    assert_eq!(
        names,
        ["HEAD", "refs/heads/main", "refs/tags/light", "refs/tags/v1.0.0", "refs/tags/v1.0.0^{}"]
    );
    world.fsck(&["other"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_that_no_reference_leads_to_is_not_given() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let first = world.git(&work, &["rev-parse", "HEAD"]).await;
    world.git(&work, &["commit", "-q", "--amend", "-m", "other"]).await;
    world.git(&work, &["push", "-q", "--force", "origin", "main"]).await;
    world.git("elsewhere", &["init", "-q"]).await;
    let remote = world.remote("", "dev1/apps");
    let output = world.try_git("elsewhere", &["fetch", "-q", &remote, &first]).await;
    assert_eq!(output.code, 128);
    assert!(output.stderr.contains(&format!("upload-pack: not our ref {first}")), "{}", output.stderr);
    world.fsck(&[]).await;
}
