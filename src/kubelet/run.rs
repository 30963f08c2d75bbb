//! Runs the nodes: one watch over all Pods, one worker per Pod that is bound to one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{Config as Watched, Event};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, ResourceExt as _};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::addresses::Addresses;
use super::clock::Clock;
use super::error::Error;
use super::images::{Images, Registry};
use super::network::Network;
use super::node::{Description, register, renew_lease};
use super::pod::{Boards, Context, Worker};
use super::recorder::{Recorder, recorder};
use super::{scheduler, server};
use crate::objects::Image;

/// What the simulated nodes need.
pub struct Config {
    /// The API server, with the rights of a node and a scheduler.
    pub client: Client,
    /// The images that can be pulled.
    pub images: Vec<Image>,
    /// The lab's own registry, whose images can be pulled as well.
    pub registry: Option<Registry>,
    /// What the API server shows as bearer token.
    pub token: String,
    /// Where the API server reaches it: on the loopback interface.
    pub listener: TcpListener,
    /// The nodes' names; the first address range belongs to the first.
    pub nodes: Vec<String>,
    /// How fast time goes.
    pub clock: Clock,
}

/// Runs until `shutdown`. Pods stay as they are in the API server, and are taken over by the next run.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), Error> {
    let Config { client, images, registry, token, listener, nodes, clock } = config;
    let listening = |source| Error::Listener { source };
    listener.set_nonblocking(true).map_err(listening)?;
    let port = listener.local_addr().map_err(listening)?.port();
    let listener = tokio::net::TcpListener::from_std(listener).map_err(listening)?;
    let (recorder, writer) = recorder();
    let images = Arc::new(Images::new(images, registry));
    let boards = Boards::default();
    let mut runtime = Runtime { boards: boards.clone(), nodes: BTreeMap::new(), pods: BTreeMap::new() };
    let work = async {
        for (index, name) in nodes.iter().enumerate() {
            let addresses = Addresses::new(u8::try_from(index).unwrap_or(u8::MAX));
            let description = Description { name: name.clone(), range: addresses.range(), port };
            register(&client, &description, &recorder).await?;
            runtime.add_node(name, &client, &images, &recorder, clock.clone(), addresses);
        }
        let leases = nodes.into_iter().map(|name| renew_lease(client.clone(), name, clock.clone()));
        tokio::select! {
            _ = futures::future::join_all(leases) => {}
            () = scheduler::run(client.clone(), recorder.clone(), clock.clone()) => {}
            () = runtime.run(client.clone()) => {}
            served = server::serve(listener, boards, token) => served.map_err(listening)?,
        }
        Ok(())
    };
    tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        () = writer.run(client.clone()) => Ok(()),
        result = work => result,
    }
}

type Key = (String, String);

/// The Pods of all nodes.
struct Runtime {
    boards: Boards,
    nodes: BTreeMap<String, Node>,
    pods: BTreeMap<Key, Running>,
}

struct Node {
    context: Arc<Context>,
    addresses: Addresses,
}

struct Running {
    uid: Option<String>,
    node: String,
    address: String,
    pod: watch::Sender<Arc<Pod>>,
    _task: AbortOnDropHandle<()>,
}

impl Runtime {
    fn add_node(
        &mut self,
        name: &str,
        client: &Client,
        images: &Arc<Images>,
        recorder: &Recorder,
        clock: Clock,
        addresses: Addresses,
    ) {
        let context = Context {
            node: name.to_owned(),
            client: client.clone(),
            images: Arc::clone(images),
            network: Network::new(client.clone(), self.boards.clone()),
            recorder: recorder.clone(),
            clock,
        };
        self.nodes.insert(name.to_owned(), Node { context: Arc::new(context), addresses });
    }

    async fn run(&mut self, client: Client) {
        let mut events = watcher(Api::<Pod>::all(client), Watched::default()).default_backoff().boxed();
        let mut listed = Vec::new();
        loop {
            match events.try_next().await {
                Ok(Some(Event::Init)) => listed.clear(),
                Ok(Some(Event::InitApply(pod))) => listed.push(pod),
                Ok(Some(Event::InitDone)) => self.replace(std::mem::take(&mut listed)),
                Ok(Some(Event::Apply(pod))) => self.apply(pod),
                Ok(Some(Event::Delete(pod))) => self.remove(&key(&pod)),
                Ok(None) => return,
                Err(error) => tracing::debug!(%error, "pods are not seen"),
            }
        }
    }

    /// Takes over the list of all Pods. Addresses in use are kept before any is given out.
    fn replace(&mut self, pods: Vec<Pod>) {
        let present = pods.iter().map(key).collect::<BTreeSet<_>>();
        let gone = self.pods.keys().filter(|key| !present.contains(*key)).cloned().collect::<Vec<_>>();
        for key in &gone {
            self.remove(key);
        }
        for pod in &pods {
            let address = pod.status.as_ref().and_then(|status| status.pod_ip.as_deref());
            if let (Some(node), Some(address)) = (node_of(pod).and_then(|node| self.nodes.get(node)), address)
            {
                node.addresses.reserve(address);
            }
        }
        for pod in pods {
            self.apply(pod);
        }
    }

    fn apply(&mut self, pod: Pod) {
        let key = key(&pod);
        if let Some(running) = self.pods.get(&key) {
            if running.uid == pod.uid() {
                running.pod.send_replace(Arc::new(pod));
                return;
            }
            self.remove(&key);
        }
        let Some((name, node)) = node_of(&pod).and_then(|name| self.nodes.get_key_value(name)) else {
            return;
        };
        let known = pod
            .status
            .as_ref()
            .and_then(|status| status.pod_ip.clone())
            .filter(|address| !address.is_empty());
        let Some(address) = known.or_else(|| node.addresses.take()) else {
            tracing::warn!(node = name, pod = key.1, "no address is free");
            return;
        };
        let (uid, name) = (pod.uid(), name.clone());
        let (sender, receiver) = watch::channel(Arc::new(pod));
        let worker = Worker::new(Arc::clone(&node.context), receiver, address.clone());
        self.boards.insert(key.clone(), worker.board());
        let task = AbortOnDropHandle::new(tokio::spawn(worker.run()));
        self.pods.insert(key, Running { uid, node: name, address, pod: sender, _task: task });
    }

    fn remove(&mut self, key: &Key) {
        let Some(running) = self.pods.remove(key) else { return };
        self.boards.remove(key);
        if let Some(node) = self.nodes.get(&running.node) {
            node.addresses.release(&running.address);
        }
    }
}

fn key(pod: &Pod) -> Key {
    (pod.namespace().unwrap_or_default(), pod.name_any())
}

fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}
