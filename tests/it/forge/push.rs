//! Push by real git.

use super::world::{PASSWORD, World, leftovers};

#[tokio::test(flavor = "multi_thread")]
async fn branches_and_tags_are_made_moved_and_deleted() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    world.git(&work, &["push", "-q", "origin", "main:feature/one", "main:refs/tags/v1"]).await;
    world.commit(&work, &[("b", "b\n")], "two").await;
    let output = world.try_git(&work, &["push", "origin", "HEAD:feature/one"]).await;
    assert_eq!(output.code, 0);
    assert!(output.stderr.contains("remote: . Processing 1 references"), "{}", output.stderr);
    world.git(&work, &["commit", "-q", "--amend", "-m", "other"]).await;
    let refused = world.try_git(&work, &["push", "origin", "HEAD:feature/one"]).await;
    assert!(refused.stderr.contains("! [rejected]"), "{}", refused.stderr);
    world.git(&work, &["push", "-q", "--force-with-lease", "origin", "HEAD:feature/one"]).await;
    world.git(&work, &["push", "-q", "origin", ":feature/one", ":refs/tags/v1"]).await;
    let listed = world.git(&work, &["ls-remote", "-q", "--heads", "--tags"]).await;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    world.fsck(&[&work]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_pushes_to_a_branch_one_wins_and_the_other_is_told() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let remote = world.remote("dev1", "dev1/apps");
    let folders: Vec<String> = (0..6).map(|index| format!("clone{index}")).collect();
    for folder in &folders {
        world.git(".", &["clone", "-q", &remote, folder]).await;
        world.commit(folder, &[("who", folder)], folder).await;
    }
    // Forced, so that git itself does not hold the late ones back: the forge compares and swaps.
    let first = world.git(&work, &["rev-parse", "HEAD"]).await;
    let lease = format!("--force-with-lease=main:{first}");
    let push = ["push", lease.as_str(), "origin", "main"];
    let pushes = folders.iter().map(|folder| world.try_git(folder, &push));
    let outputs = futures::future::join_all(pushes).await;
    let won: Vec<usize> = (0..outputs.len()).filter(|&index| outputs[index].code == 0).collect();
    assert_eq!(won.len(), 1, "{outputs:?}");
    for (index, output) in outputs.iter().enumerate().filter(|(index, _)| !won.contains(index)) {
        let told = output.stderr.contains("failed to update ref") || output.stderr.contains("stale info");
        assert!(told, "{index}: {}", output.stderr);
    }
    let head = world.git(&folders[won[0]], &["rev-parse", "HEAD"]).await;
    assert!(world.git(&work, &["ls-remote", "origin", "main"]).await.starts_with(&head));
    world.fsck(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn atomic_push_changes_all_or_nothing() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    world.git(&work, &["push", "-q", "origin", "main:a/b"]).await;
    world.commit(&work, &[("b", "b\n")], "two").await;
    // `a` cannot be where `a/b` is.
    let output = world.try_git(&work, &["push", "--atomic", "origin", "HEAD:a", "HEAD:new"]).await;
    assert_eq!(output.code, 1, "{}", output.stderr);
    let listed = world.git(&work, &["ls-remote", "--heads", "origin"]).await;
    assert!(!listed.contains("refs/heads/new"), "{listed}");
    // Without it, what can be done is done.
    let output = world.try_git(&work, &["push", "origin", "HEAD:a", "HEAD:new"]).await;
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("HEAD -> a (failed to update ref)"), "{}", output.stderr);
    let listed = world.git(&work, &["ls-remote", "--heads", "origin"]).await;
    assert!(listed.contains("refs/heads/new"), "{listed}");
    // A name may be freed and taken in one push.
    world.git(&work, &["push", "-q", "--atomic", "origin", ":a/b", "HEAD:a"]).await;
    world.fsck(&[&work]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_references_in_one_push() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let head = world.git(&work, &["rev-parse", "HEAD"]).await;
    let lines: Vec<String> = (0..500).map(|index| format!("{head} refs/tags/t{index:03}\n")).collect();
    let lines = lines.concat();
    std::fs::write(
        world.path(&work).join(".git/packed-refs"),
        format!("# pack-refs with: peeled fully-peeled sorted\n{lines}"),
    )
    .unwrap();
    world.git(&work, &["push", "-q", "origin", "--tags"]).await;
    let listed = world.git(&work, &["ls-remote", "--tags", "origin"]).await;
    assert_eq!(listed.lines().count(), 500);
    world.fsck(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_pack_is_streamed_both_ways() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    })
    .take(8 << 20)
    .collect();
    std::fs::write(world.path(&work).join("noise.bin"), &noise).unwrap();
    world.commit(&work, &[], "noise").await;
    world.git(&work, &["push", "-q", "origin", "main"]).await;
    world.git(".", &["clone", "-q", &world.remote("", "dev1/apps"), "again"]).await;
    assert_eq!(std::fs::read(world.path("again/noise.bin")).unwrap(), noise);
    world.fsck(&["again"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn push_that_breaks_off_leaves_the_repository_as_it_was() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    world.commit(&work, &[("c", "c\n")], "two").await;
    let head = world.git(&work, &["rev-parse", "HEAD"]).await;
    let old = world.git(&work, &["rev-parse", "origin/main"]).await;
    world.git(&work, &["branch", "-q", "two"]).await;
    world.git(&work, &["gc", "-q"]).await;
    let packs = std::fs::read_dir(world.path(&work).join(".git/objects/pack")).unwrap();
    let pack = packs
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "pack"));
    let pack = std::fs::read(pack.unwrap()).unwrap();
    let command = format!("{old} {head} refs/heads/main\0report-status\n");
    let mut body = format!("{:04x}{command}0000", command.len() + 4).into_bytes();
    body.extend_from_slice(&pack[..pack.len() / 2]);
    let before = files(&world);
    // Half of the pack and then the end of the body, and half of it and then the end of the connection.
    let address = format!("{}/dev1/apps.git/git-receive-pack", world.url);
    let request = |body: reqwest::Body| {
        let request = world.http().post(&address).basic_auth("dev1", Some(PASSWORD));
        request.header("content-type", "application/x-git-receive-pack-request").body(body)
    };
    let answer = World::answer(request(body.clone().into())).await;
    assert!(answer.text.contains("unpack ") && !answer.text.contains("unpack ok"), "{}", answer.text);
    assert!(answer.text.contains("ng refs/heads/main unpacker error"), "{}", answer.text);
    let broken = futures::stream::iter([Ok(body), Err(std::io::Error::other("the client was killed"))]);
    assert!(request(reqwest::Body::wrap_stream(broken)).send().await.is_err());
    // The end of the connection comes to the forge in its own time.
    while leftovers(&world.stored("apps")) {
        tokio::task::yield_now().await;
    }
    assert_eq!(files(&world), before);
    assert!(world.git(&work, &["ls-remote", "origin", "main"]).await.starts_with(&old));
    world.git(&work, &["push", "-q", "origin", "main"]).await;
    world.fsck(&[]).await;
}

fn files(world: &World) -> Vec<String> {
    let names = |folder: &str| {
        let entries = std::fs::read_dir(world.stored("apps").join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().path().display().to_string()).collect::<Vec<_>>()
    };
    let mut all = [names("objects"), names("objects/pack"), names("refs/heads")].concat();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn pack_with_a_hole_is_refused() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    world.commit(&work, &[("deep/c", "c\n")], "two").await;
    // A pack of the commit alone, without its tree.
    let head = world.git(&work, &["rev-parse", "HEAD"]).await;
    let command = atelier::process::Command::new("git").args(["pack-objects", "-q", "hole"]);
    let command = command.folder(world.path(&work)).input(format!("{head}\n"));
    let name = command.run().await.unwrap().stdout.trim().to_owned();
    let pack = std::fs::read(world.path(&work).join(format!("hole-{name}.pack"))).unwrap();
    let command = format!("{} {head} refs/heads/hole\0report-status\n", "0".repeat(40));
    let mut body = format!("{:04x}{command}0000", command.len() + 4).into_bytes();
    body.extend_from_slice(&pack);
    let request = world.http().post(format!("{}/dev1/apps/git-receive-pack", world.url));
    let request = request.basic_auth("dev1", Some(PASSWORD)).body(body);
    let answer =
        World::answer(request.header("content-type", "application/x-git-receive-pack-request")).await;
    assert!(answer.text.contains("ng refs/heads/hole unpacker error"), "{}", answer.text);
    assert!(!leftovers(&world.stored("apps")));
    world.fsck(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pushed_is_there_after_a_restart() {
    let world = World::with_people().await;
    let work = world.seeded("apps").await;
    let head = world.git(&work, &["rev-parse", "HEAD"]).await;
    // Half-made things of a killed process.
    let stray = world.stored("apps").join("quarantine/half/pack");
    std::fs::create_dir_all(&stray).unwrap();
    let world = world.reopen().await;
    assert!(!stray.exists());
    let listed = world.git(".", &["ls-remote", &world.remote("", "dev1/apps"), "main"]).await;
    assert_eq!(listed, format!("{head}\trefs/heads/main"));
    world.fsck(&[]).await;
}
