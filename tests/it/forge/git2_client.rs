//! libgit2 as a client, as the reconcilers use it.

use git2::build::RepoBuilder;
use git2::{FetchOptions, Repository};

use super::world::World;

fn fetch(path: &std::path::Path, url: &str, depth: i32) -> Result<Repository, git2::Error> {
    let mut options = FetchOptions::new();
    if depth > 0 {
        options.depth(depth);
    }
    RepoBuilder::new().bare(true).fetch_options(options).clone(url, path)
}

fn count(repository: &Repository) -> usize {
    let mut walk = repository.revwalk().unwrap();
    walk.push(
        repository
            .refname_to_id("refs/remotes/origin/main")
            .or_else(|_| repository.refname_to_id("HEAD"))
            .unwrap(),
    )
    .unwrap();
    walk.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_shallow_clone_and_later_fetches() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    for index in 0..3 {
        world.commit(&work, &[("n", &index.to_string())], &index.to_string()).await;
    }
    world.git(&work, &["push", "-q", "origin", "main"]).await;
    let url = world.remote("", "dev1/apps.git");
    let (whole, shallow) = (world.path("whole"), world.path("shallow"));
    let counts = tokio::task::spawn_blocking(move || {
        let whole = fetch(&whole, &url, 0)?;
        let shallow = fetch(&shallow, &url, 1)?;
        Ok::<_, git2::Error>((count(&whole), count(&shallow)))
    });
    assert_eq!(counts.await.unwrap().unwrap(), (4, 1));
    world.commit(&work, &[("n", "last")], "last").await;
    world.git(&work, &["push", "-q", "origin", "main"]).await;
    let head = world.git(&work, &["rev-parse", "HEAD"]).await;
    for folder in ["whole", "shallow"] {
        let path = world.path(folder);
        let fetched = tokio::task::spawn_blocking(move || {
            let repository = Repository::open_bare(&path)?;
            let mut remote = repository.find_remote("origin")?;
            remote.fetch(&["+refs/heads/main:refs/heads/fetched"], None, None)?;
            repository.refname_to_id("refs/heads/fetched").map(|id| id.to_string())
        });
        assert_eq!(fetched.await.unwrap().unwrap(), head, "{folder}");
    }
    world.fsck(&["whole", "shallow"]).await;
}
