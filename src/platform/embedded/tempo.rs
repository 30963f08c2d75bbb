//! How fast the lab's clock goes: whoever rehearses says it in a ConfigMap, `atelier-system/clock`, and the background
//! process watches that. Waits of controllers and simulated nodes get shorter by it, and nothing else. Who says it
//! holds a lock that ends with him: a driver that was killed leaves no fast clock.

use std::fs::File;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Client;
use kube::api::{Api, DeleteParams, ObjectMeta, Patch, PatchParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::Folder;
use crate::platform::Error;
use crate::platform::files::file_error;
use crate::{controllers, kubelet};

/// Where it is said; the driver's own namespace.
const NAMESPACE: &str = "atelier-system";
/// The object, and the manager of its fields.
const NAME: &str = "clock";
/// The key of the number.
const SPEED: &str = "speed";
/// The fastest clock: waits of minutes become some milliseconds.
const LIMIT: u32 = 1000;

/// How many times as fast the lab's clock goes as the one on the wall.
pub async fn speed(client: &Client) -> Result<u32, kube::Error> {
    let clocks: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    Ok(clocks.get_opt(NAME).await?.as_ref().map_or(1, speed_of))
}

/// Makes the lab's clock go `speed` times as fast as the one on the wall; 1 is the usual.
pub async fn set_speed(client: &Client, speed: u32) -> Result<(), kube::Error> {
    let clocks: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    if speed == 1 {
        return match clocks.delete(NAME, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            result => result.map(|_| ()),
        };
    }
    let parameters = PatchParams::apply(NAME).force();
    let named = |name: &str| ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    let home = Namespace { metadata: named(NAMESPACE), ..Namespace::default() };
    Api::<Namespace>::all(client.clone()).patch(NAMESPACE, &parameters, &Patch::Apply(home)).await?;
    let data = Some([(SPEED.to_owned(), speed.to_string())].into());
    let clock = ConfigMap { metadata: named(NAME), data, ..ConfigMap::default() };
    clocks.patch(NAME, &parameters, &Patch::Apply(clock)).await.map(|_| ())
}

/// While it lives, the speed that was set stays. Several may hold it, each with the speed that was said last.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

/// Holds the clock of the lab whose process keeps its state in `folder`; to be called before [`set_speed`].
pub async fn hold_speed(folder: &Folder) -> Result<Hold, Error> {
    let (path, file) = (folder.clock_path(), folder.clock_file()?);
    // The process has it for the instant in which it sets the clock back.
    let held = tokio::task::spawn_blocking(move || file.lock_shared().map(|()| Hold(file))).await;
    held.map_err(std::io::Error::other).flatten().map_err(|source| file_error(&path, source))
}

/// Ends when nobody holds the clock, with the lock against a new holder.
fn released(folder: &Folder) -> oneshot::Receiver<Option<File>> {
    let (sender, receiver) = oneshot::channel();
    let file = folder.clock_file();
    // A thread that nobody joins: the process may end while it waits.
    std::thread::spawn(move || {
        let locked = file.ok().and_then(|file| file.lock().map(|()| file).ok());
        let _ = sender.send(locked);
    });
    receiver
}

/// Keeps both clocks at the speed that the ConfigMap says, until `shutdown`; takes it back when nobody holds it.
pub(super) async fn run(
    folder: Folder,
    client: Client,
    controllers: controllers::Clock,
    nodes: kubelet::Clock,
    shutdown: CancellationToken,
) {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    let only = watcher::Config::default().fields(&format!("metadata.name={NAME}"));
    let mut changes = watcher(api, only).default_backoff().boxed();
    let mut holders: Option<oneshot::Receiver<Option<File>>> = None;
    loop {
        let gone = async {
            match &mut holders {
                Some(receiver) => receiver.await,
                None => std::future::pending().await,
            }
        };
        let change = tokio::select! {
            change = changes.next() => change,
            lock = gone => {
                holders = None;
                if let Err(error) = set_speed(&client, 1).await {
                    tracing::warn!(%error, "the lab's clock cannot be set back");
                }
                drop(lock);
                continue;
            }
            () = shutdown.cancelled() => return,
        };
        let speed = match change {
            Some(Ok(watcher::Event::Apply(clock) | watcher::Event::InitApply(clock))) => speed_of(&clock),
            Some(Ok(watcher::Event::Delete(_))) => 1,
            Some(_) => continue,
            None => return,
        };
        tracing::info!(speed, "the lab's clock");
        controllers.set(speed);
        nodes.set(f64::from(speed));
        if speed > 1 {
            holders.get_or_insert_with(|| released(&folder));
        }
    }
}

/// The number that is written there; 1 where none is.
fn speed_of(clock: &ConfigMap) -> u32 {
    let written = clock.data.as_ref().and_then(|data| data.get(SPEED)?.parse().ok());
    written.unwrap_or(1).clamp(1, LIMIT)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::accounts::Identity;
    use crate::apiserver::{self, ApiServer};

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_said_reaches_both_clocks_and_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let config = apiserver::Config {
            data: folder.path().join("kubernetes"),
            kubelet_token: String::new(),
            ca_certificate: String::new(),
            audit: None,
        };
        let client = ApiServer::open(config).await.unwrap().client(Identity::administrator());
        let (ours, nodes) = (controllers::Clock::real(), kubelet::Clock::default());
        let (end, place) = (CancellationToken::new(), Folder::new(folder.path()));
        tokio::spawn(run(place.clone(), client.clone(), ours.clone(), nodes.clone(), end.clone()));
        let minute = Duration::from_secs(60);
        let reached = async |expected| {
            let wanted = Duration::from_millis(expected);
            let reached = async {
                while ours.shorten(minute) != wanted || nodes.real(minute) != wanted {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(minute, reached).await.expect("both clocks follow");
        };
        let hold = hold_speed(&place).await.unwrap();
        for (speed, expected) in [(60, 1000), (5000, 60), (1, 60_000), (60, 1000)] {
            set_speed(&client, speed).await.unwrap();
            reached(expected).await;
        }
        // Whoever was killed has said nothing.
        drop(hold);
        reached(60_000).await;
        set_speed(&client, 1).await.expect("what is usual already is no error");
        end.cancel();
    }
}
