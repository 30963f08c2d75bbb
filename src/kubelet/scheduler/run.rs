//! Binds Pods to nodes as they come, and again when something changed that kept them waiting.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{Node, PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};

use super::super::clock::{Clock, RETRY, now};
use super::super::recorder::{Recorder, pod_reference};
use super::claims::{Claims, Standing, choose_node, standing};
use super::fit::{Size, choose, requested, unavailable};
use crate::objects::Happening;

type Key = (String, String);

/// What the scheduler knows of the cluster.
struct Scheduler {
    client: Client,
    recorder: Recorder,
    nodes: BTreeMap<String, Node>,
    claims: Claims,
    bound: BTreeMap<Key, (String, Size)>,
    waiting: BTreeMap<Key, Pod>,
    /// The message that a Pod's condition shows already.
    told: BTreeMap<Key, String>,
    relisted: BTreeSet<Key>,
}

/// Runs for as long as it is polled.
pub(in super::super) async fn run(client: Client, recorder: Recorder, clock: Clock) {
    let mut nodes = watcher(Api::<Node>::all(client.clone()), Config::default()).default_backoff().boxed();
    let mut pods = watcher(Api::<Pod>::all(client.clone()), Config::default()).default_backoff().boxed();
    let claims = Api::<PersistentVolumeClaim>::all(client.clone());
    let mut claims = watcher(claims, Config::default()).default_backoff().boxed();
    let mut scheduler = Scheduler {
        client,
        recorder,
        nodes: BTreeMap::new(),
        claims: Claims::new(),
        bound: BTreeMap::new(),
        waiting: BTreeMap::new(),
        told: BTreeMap::new(),
        relisted: BTreeSet::new(),
    };
    let mut failed = false;
    loop {
        tokio::select! {
            event = nodes.try_next() => match event {
                Ok(Some(event)) => scheduler.node(event),
                Ok(None) => return,
                Err(error) => tracing::debug!(%error, "nodes are not seen"),
            },
            event = pods.try_next() => match event {
                Ok(Some(event)) => scheduler.pod(event),
                Ok(None) => return,
                Err(error) => tracing::debug!(%error, "pods are not seen"),
            },
            event = claims.try_next() => match event {
                Ok(Some(event)) => scheduler.claim(event),
                Ok(None) => return,
                Err(error) => tracing::debug!(%error, "claims are not seen"),
            },
            () = clock.wait(RETRY), if failed => {}
        }
        failed = !scheduler.bind_all().await;
    }
}

impl Scheduler {
    fn node(&mut self, event: Event<Node>) {
        match event {
            Event::Apply(node) | Event::InitApply(node) => {
                self.nodes.insert(node.name_any(), node);
            }
            Event::Delete(node) => {
                self.nodes.remove(&node.name_any());
            }
            Event::Init => self.nodes.clear(),
            Event::InitDone => {}
        }
    }

    fn claim(&mut self, event: Event<PersistentVolumeClaim>) {
        let key = |claim: &PersistentVolumeClaim| (claim.namespace().unwrap_or_default(), claim.name_any());
        match event {
            Event::Apply(claim) | Event::InitApply(claim) => {
                self.claims.insert(key(&claim), claim);
            }
            Event::Delete(claim) => {
                self.claims.remove(&key(&claim));
            }
            Event::Init => self.claims.clear(),
            Event::InitDone => {}
        }
    }

    fn pod(&mut self, event: Event<Pod>) {
        match event {
            Event::Init => self.relisted.clear(),
            Event::InitApply(pod) => {
                self.relisted.insert(key(&pod));
                self.see(pod);
            }
            Event::Apply(pod) => self.see(pod),
            Event::Delete(pod) => self.forget(&key(&pod)),
            Event::InitDone => {
                let seen = std::mem::take(&mut self.relisted);
                let known = self.bound.keys().chain(self.waiting.keys()).cloned().collect::<Vec<_>>();
                known.iter().filter(|key| !seen.contains(key)).for_each(|key| self.forget(key));
            }
        }
    }

    fn see(&mut self, pod: Pod) {
        let key = key(&pod);
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let over = matches!(phase, Some("Succeeded" | "Failed"));
        let spec = pod.spec.as_ref();
        let ours = spec
            .and_then(|spec| spec.scheduler_name.as_deref())
            .is_none_or(|name| name == "default-scheduler");
        let node = spec.and_then(|spec| spec.node_name.clone()).filter(|node| !node.is_empty());
        match node {
            _ if over => self.forget(&key),
            Some(node) => {
                self.forget(&key);
                self.bound.insert(key, (node, requested(&pod)));
            }
            None if ours && pod.metadata.deletion_timestamp.is_none() => {
                self.waiting.insert(key, pod);
            }
            None => self.forget(&key),
        }
    }

    fn forget(&mut self, key: &Key) {
        self.bound.remove(key);
        self.waiting.remove(key);
        self.told.remove(key);
    }

    /// Returns false when something must be tried again.
    async fn bind_all(&mut self) -> bool {
        let mut used = BTreeMap::<String, Size>::new();
        for (node, size) in self.bound.values() {
            *used.entry(node.clone()).or_default() += *size;
        }
        let mut done = true;
        for (key, pod) in self.waiting.clone() {
            let written = self.place(&key, &pod, &mut used).await;
            match written {
                Ok(()) => {}
                // It is gone or was changed: its watch tells, and the decision is made anew.
                Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409 | 422) => {}
                Err(error) => {
                    tracing::debug!(%error, pod = pod.name_any(), "the pod was not bound");
                    done = false;
                }
            }
        }
        done
    }

    /// Binds a Pod, has its volumes made first, or tells why neither can be.
    async fn place(
        &mut self,
        key: &Key,
        pod: &Pod,
        used: &mut BTreeMap<String, Size>,
    ) -> Result<(), kube::Error> {
        let standing = standing(&self.client, &self.claims, pod).await?;
        let chosen = match &standing {
            Standing::Waiting => return Ok(()),
            Standing::Refused(words) => Err(unavailable(self.nodes.len(), words)),
            Standing::Ready(Some(only)) => {
                let nodes = self.nodes.iter().filter(|(name, _)| *name == only);
                choose(pod, &nodes.map(|(name, node)| (name.clone(), node.clone())).collect(), used)
            }
            Standing::Ready(None) | Standing::Choose(_) => choose(pod, &self.nodes, used),
        };
        let node = match chosen {
            Ok(node) => node,
            Err(message) => return self.refuse(key, pod, message).await,
        };
        if let Standing::Choose(claims) = standing {
            return choose_node(&self.client, &key.0, &claims, &node).await;
        }
        let size = requested(pod);
        *used.entry(node.clone()).or_default() += size;
        self.bind(key, pod, &node).await?;
        self.waiting.remove(key);
        self.bound.insert(key.clone(), (node, size));
        Ok(())
    }

    async fn bind(&self, (namespace, name): &Key, pod: &Pod, node: &str) -> Result<(), kube::Error> {
        let api = Api::<Pod>::namespaced(self.client.clone(), namespace);
        // One that is bound already, or goes, is refused: the event that was on its way tells why.
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding", "metadata": { "name": name, "namespace": namespace },
            "target": { "apiVersion": "v1", "kind": "Node", "name": node },
        });
        let _: Value = api.create_subresource("binding", name, &PostParams::default(), &binding).await?;
        let message = format!("Successfully assigned {namespace}/{name} to {node}");
        self.tell(pod, false, "Scheduled", message);
        Ok(())
    }

    async fn refuse(&mut self, key: &Key, pod: &Pod, message: String) -> Result<(), kube::Error> {
        if self.told.get(key) == Some(&message) {
            return Ok(());
        }
        let condition = json!({
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
            "lastProbeTime": null, "lastTransitionTime": Time(now()),
        });
        let patch = json!({ "status": { "phase": "Pending", "conditions": [condition] } });
        let api = Api::<Pod>::namespaced(self.client.clone(), &key.0);
        api.patch_status(&key.1, &PatchParams::default(), &Patch::Merge(patch)).await?;
        self.tell(pod, true, "FailedScheduling", message.clone());
        self.told.insert(key.clone(), message);
        Ok(())
    }

    fn tell(&self, pod: &Pod, warning: bool, reason: &str, message: String) {
        self.recorder.record(Happening {
            object: pod_reference(pod, None),
            warning,
            reason: reason.to_owned(),
            message,
            component: "default-scheduler".to_owned(),
            host: None,
        });
    }
}

fn key(pod: &Pod) -> Key {
    (pod.namespace().unwrap_or_default(), pod.name_any())
}
