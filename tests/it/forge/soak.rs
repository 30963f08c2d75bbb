//! Many clients at once: nothing that was acknowledged is lost.

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn clients_pushing_and_fetching_at_once_lose_nothing() {
    let world = World::with_people().await;
    world.seeded("apps").await;
    let remote = world.remote("dev1", "dev1/apps");
    let client = async |index: usize| {
        let (folder, branch) = (format!("soak{index}"), format!("branch{index}"));
        world.git(".", &["clone", "-q", &remote, &folder]).await;
        for round in 0..3 {
            world.commit(&folder, &[("file", &format!("{index} {round}\n"))], "round").await;
            world.git(&folder, &["push", "-q", "origin", &format!("HEAD:{branch}")]).await;
            world.git(&folder, &["fetch", "-q", "origin"]).await;
        }
        format!("{}\trefs/heads/{branch}", world.git(&folder, &["rev-parse", "HEAD"]).await)
    };
    let mut expected = futures::future::join_all((0..8).map(client)).await;
    expected.sort_by_key(|line| line.split('\t').nth(1).map(str::to_owned));
    let listed = world.git(".", &["ls-remote", &remote, "branch*"]).await;
    assert_eq!(listed.lines().collect::<Vec<_>>(), expected);
    world.fsck(&["soak0", "soak7"]).await;
}
