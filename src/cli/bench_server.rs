//! The part of `atelier bench` that measures the API server: the same requests to ours and, where a kubeconfig names
//! one, to a real one. Eight clients at once, on the machine that serves them too.

use std::path::Path;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams, WatchParams};
use kube::runtime::watcher;
use serde_json::{Value, json};

use super::bench_engine::resident;
use crate::error::{Failure, Kind};

/// The namespace that is measured in, and that goes afterwards.
const NAMESPACE: &str = "atelier-bench";
/// How many ask at once.
const CLIENTS: usize = 8;
/// How many objects there are.
const OBJECTS: usize = 1000;
/// How many watch.
const WATCHERS: usize = 100;
/// How many objects there are, and how many watch them all, where memory is measured.
const CROWD: (usize, usize) = (20_000, 500);

/// What one kind of request takes.
pub(super) struct Rate {
    /// The requests.
    pub(super) what: &'static str,
    /// Requests a second; for the watches, events.
    pub(super) per_second: f64,
    /// CPU time of the server for one request, in microseconds, where its process is known.
    pub(super) cpu: Option<f64>,
}

impl Rate {
    /// The same as data.
    pub(super) fn document(&self, server: &str) -> Value {
        json!({"what": self.what, "server": server, "perSecond": self.per_second, "cpuMicroseconds": self.cpu})
    }
}

/// The server that is measured.
pub(super) struct Measured {
    pub(super) client: kube::Client,
    /// Its processes, where they are on this machine and known.
    pub(super) processes: Vec<u32>,
}

impl Measured {
    /// The server that a kubeconfig names.
    pub(super) async fn of_kubeconfig(path: &Path, processes: Vec<u32>) -> Result<Self, Failure> {
        let machine = |error: kube::config::KubeconfigError| Failure::new(Kind::Machine, error);
        let file = kube::config::Kubeconfig::read_from(path).map_err(machine)?;
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(file, &options).await.map_err(machine)?;
        let client = kube::Client::try_from(config).map_err(refused)?;
        Ok(Self { client, processes })
    }

    /// Measures every kind of request, and removes what was made for it.
    pub(super) async fn measure(&self) -> Result<Vec<Rate>, Failure> {
        self.in_namespace(self.rates()).await
    }

    /// The memory of the processes in MB while many watch many objects, where the system tells.
    pub(super) async fn memory_of_a_crowd(&self) -> Result<Option<f64>, Failure> {
        self.in_namespace(self.crowd()).await
    }

    async fn in_namespace<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let metadata = ObjectMeta { name: Some(NAMESPACE.to_owned()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        namespaces.create(&PostParams::default(), &namespace).await.map_err(refused)?;
        let done = work.await;
        namespaces.delete(NAMESPACE, &DeleteParams::default()).await.map_err(refused)?;
        // The next one needs the same name.
        let gone =
            kube::runtime::wait::await_condition(namespaces, NAMESPACE, |found: Option<&Namespace>| {
                found.is_none()
            });
        gone.await.map_err(|error| Failure::new(Kind::Platform, error))?;
        done
    }

    async fn crowd(&self) -> Result<Option<f64>, Failure> {
        let (objects, watchers) = CROWD;
        let (maps, post) = (&self.maps(), &PostParams::default());
        let create = |number: usize| async move {
            maps.create(post, &config_map(&format!("crowd-{number:05}"), &"x".repeat(200))).await.map(drop)
        };
        let made = stream::iter((0..objects).map(create)).buffer_unordered(CLIENTS);
        made.try_collect::<()>().await.map_err(refused)?;
        // Watches alone: what a client keeps of the objects is not the server's.
        let latest = maps.list(&ListParams::default().limit(1)).await.map_err(refused)?.metadata;
        let version = latest.resource_version.unwrap_or_default();
        let mut streams = Vec::new();
        for _ in 0..watchers {
            let events = maps.watch(&WatchParams::default(), &version).await.map_err(refused)?;
            streams.push(events.boxed());
        }
        // Each is told of a change, so all of them are there.
        let patch = Patch::Merge(json!({"data": {"value": "changed"}}));
        maps.patch("crowd-00000", &PatchParams::default(), &patch).await.map_err(refused)?;
        for events in &mut streams {
            events.try_next().await.map_err(refused)?;
        }
        Ok(memory(&self.processes))
    }

    fn maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    async fn rates(&self) -> Result<Vec<Rate>, Failure> {
        let (maps, post) = (&self.maps(), &PostParams::default());
        let name = |number: usize| format!("bench-{number:04}");
        let apply = &PatchParams::apply("bench").force();
        let mut rates = Vec::new();
        rates.push(
            self.time("create", OBJECTS, |number| async move {
                maps.create(post, &config_map(&name(number), "1")).await.map(drop)
            })
            .await?,
        );
        rates.push(
            self.time("get", OBJECTS, |number| async move { maps.get(&name(number)).await.map(drop) })
                .await?,
        );
        rates.push(
            self.time(
                "list of 1,000",
                40,
                |_| async move { maps.list(&ListParams::default()).await.map(drop) },
            )
            .await?,
        );
        rates.push(
            self.time("update", OBJECTS, |number| async move {
                maps.replace(&name(number), post, &config_map(&name(number), "2")).await.map(drop)
            })
            .await?,
        );
        rates.push(
            self.time("merge patch", OBJECTS, |number| async move {
                let patch = Patch::Merge(json!({"data": {"value": "3"}}));
                maps.patch(&name(number), &PatchParams::default(), &patch).await.map(drop)
            })
            .await?,
        );
        rates.push(
            self.time("server-side apply", OBJECTS, |number| async move {
                let patch =
                    Patch::Apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"value": "4"}}));
                maps.patch(&name(number), apply, &patch).await.map(drop)
            })
            .await?,
        );
        rates.push(self.fan_out().await?);
        rates.push(
            self.time("delete", OBJECTS, |number| async move {
                maps.delete(&name(number), &DeleteParams::default()).await.map(drop)
            })
            .await?,
        );
        Ok(rates)
    }

    fn cpu(&self) -> Option<Duration> {
        let used = self.processes.iter().map(|process| cpu(*process)).collect::<Option<Vec<_>>>()?;
        (!used.is_empty()).then(|| used.into_iter().sum())
    }

    /// Times so many requests, eight at once.
    async fn time<F>(
        &self,
        what: &'static str,
        count: usize,
        ask: impl Fn(usize) -> F,
    ) -> Result<Rate, Failure>
    where
        F: Future<Output = kube::Result<()>>,
    {
        let (begin, before) = (Instant::now(), self.cpu());
        let asked = stream::iter((0..count).map(ask)).buffer_unordered(CLIENTS);
        asked.try_collect::<()>().await.map_err(refused)?;
        Ok(self.rate(what, count, begin, before))
    }

    #[expect(clippy::cast_precision_loss, reason = "the counts are small")]
    fn rate(&self, what: &'static str, count: usize, begin: Instant, before: Option<Duration>) -> Rate {
        let used = before.zip(self.cpu()).map(|(before, after)| after.saturating_sub(before));
        let cpu = used.map(|used| used.as_secs_f64() * 1e6 / count as f64);
        Rate { what, per_second: count as f64 / begin.elapsed().as_secs_f64(), cpu }
    }

    /// How many events a second reach a hundred watchers of one object that is changed again and again.
    async fn fan_out(&self) -> Result<Rate, Failure> {
        const CHANGES: usize = 50;
        let only = || watcher::Config::default().fields("metadata.name=bench-0000");
        let (ready, mut all_ready) = tokio::sync::mpsc::channel(WATCHERS);
        let watching = (0..WATCHERS).map(|_| {
            let (maps, ready) = (self.maps(), ready.clone());
            tokio::spawn(async move {
                let mut events = watcher(maps, only()).boxed();
                let mut seen = 0;
                while seen < CHANGES {
                    match events.try_next().await {
                        Ok(Some(watcher::Event::Apply(_))) => seen += 1,
                        Ok(Some(watcher::Event::InitDone)) => {
                            let _ = ready.send(()).await;
                        }
                        Ok(Some(_)) => {}
                        Ok(None) | Err(_) => break,
                    }
                }
            })
        });
        let watching: Vec<_> = watching.collect();
        for _ in 0..WATCHERS {
            all_ready.recv().await;
        }
        let (begin, before) = (Instant::now(), self.cpu());
        for number in 0..CHANGES {
            let patch = Patch::Merge(json!({"data": {"value": format!("change {number}")}}));
            self.maps().patch("bench-0000", &PatchParams::default(), &patch).await.map_err(refused)?;
        }
        futures::future::join_all(watching).await;
        Ok(self.rate("watch fan-out to 100", WATCHERS * CHANGES, begin, before))
    }
}

fn config_map(name: &str, value: &str) -> ConfigMap {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    let data = [("value".to_owned(), value.to_owned())].into();
    ConfigMap { metadata, data: Some(data), ..ConfigMap::default() }
}

fn refused(error: kube::Error) -> Failure {
    Failure::new(Kind::Platform, error)
}

/// What processes hold in memory together, in MB, where the system tells.
pub(super) fn memory(processes: &[u32]) -> Option<f64> {
    let held = processes.iter().map(|process| resident(*process)).collect::<Option<Vec<_>>>()?;
    (!held.is_empty()).then(|| held.into_iter().sum())
}

/// The CPU time that a process has used, where the system tells: fields 14 and 15 of `/proc/<pid>/stat`, in ticks of
/// 10 ms. See proc(5).
fn cpu(process: u32) -> Option<Duration> {
    let text = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat")).ok()?;
    let after_name = text.rsplit_once(") ")?.1;
    let mut fields = after_name.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
}
