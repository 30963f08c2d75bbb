//! What this platform asks of a real Docker engine, without a cluster. Skipped, with the reason, where none answers.

use std::io::Write as _;
use std::path::Path;

use atelier::events::Outcome;
use atelier::platform::k3d::{Engine, Folder, Part, Search, Settings, Site, labs};

/// The engine of this machine, or none, with the reason written past the test harness.
async fn engine() -> Option<Engine> {
    let search = Search { host: std::env::var("DOCKER_HOST").ok(), ..Search::default() };
    match Engine::connect(&search).await {
        Ok(engine) => Some(engine),
        Err(error) => {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            let mut past_harness = std::io::stderr();
            writeln!(past_harness, "skipped {test}: {error}").unwrap();
            None
        }
    }
}

async fn site(home: &Path, lab: &str, settings: &Settings) -> Site {
    let site = Site::open(Folder::new(home.join("labs").join(lab)), lab, home, settings).await.unwrap();
    site.keep_record().unwrap();
    site
}

/// A name that no other run of the tests has.
fn lab(test: &str) -> String {
    format!("t{}-{test}", std::process::id())
}

fn settings(engine: &Engine) -> Settings {
    let search = Search { host: Some(engine.address().to_owned()), ..Search::default() };
    Settings { search, ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn networks_do_not_overlap_and_go_by_label() {
    let Some(engine) = engine().await else { return };
    let home = tempfile::tempdir().unwrap();
    let (one, two) = (lab("net-a"), lab("net-b"));
    let settings = settings(&engine);
    let (first, second) =
        (site(home.path(), &one, &settings).await, site(home.path(), &two, &settings).await);
    let ((made, subnet), (_, other)) =
        tokio::try_join!(first.ensure_network(), second.ensure_network()).unwrap();
    assert_eq!(made, Outcome::Created);
    assert_ne!(subnet, other);
    assert_eq!(first.ensure_network().await.unwrap(), (Outcome::Unchanged, subnet));
    let held = first.holdings().await.unwrap();
    assert_eq!(
        held.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [format!("network `atelier-{one}`")]
    );
    let home = home.path().display().to_string();
    assert!(labs(&engine).await.unwrap().contains(&(one, home)));

    assert!(first.remove_part(Part::Network).await.unwrap());
    assert!(!first.remove_part(Part::Network).await.unwrap());
    assert_eq!(first.holdings().await.unwrap(), []);
    assert!(second.probe_network().await.unwrap());
    assert!(second.remove_part(Part::Network).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn labs_of_one_name_and_two_state_folders_keep_apart() {
    let Some(engine) = engine().await else { return };
    let (home, foreign) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let name = lab("twice");
    let settings = settings(&engine);
    let other = site(foreign.path(), &name, &settings).await;
    other.ensure_network().await.unwrap();
    let ours = site(home.path(), &name, &settings).await;
    let error = ours.ensure_network().await.unwrap_err().to_string();
    let expected = format!(
        "network `atelier-{name}` exists already and is not of this lab: it belongs to lab `{name}` of `{}`",
        foreign.path().display()
    );
    assert_eq!(error, expected);
    assert!(!ours.remove_part(Part::Network).await.unwrap());
    assert!(other.remove_part(Part::Network).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn images_that_must_not_be_pulled_are_named() {
    let Some(engine) = engine().await else { return };
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings(&engine);
    settings.pull = atelier::platform::k3d::Pull::Never;
    settings.gitea = "atelier.invalid/gitea:0".to_owned();
    let site = site(home.path(), &lab("image"), &settings).await;
    let error = site.ensure_forge(&|_| ()).await.unwrap_err().to_string();
    let reason = "it is not in the engine, and `images.pull` is `never`";
    assert_eq!(error, format!("image `atelier.invalid/gitea:0` cannot be had: {reason}"));
    assert_eq!(site.holdings().await.unwrap(), []);
}
