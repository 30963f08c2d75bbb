//! A Node object and its lease: what the simulated node tells about itself.

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};

use super::clock::{Clock, LEASE, now};
use super::error::Error;
use super::recorder::Recorder;
use crate::objects::Happening;

/// Where leases of nodes are.
const LEASES: &str = "kube-node-lease";

/// How many Pods a node takes.
pub(super) const PODS: u32 = 110;

/// What a node is told about itself.
pub(super) struct Description {
    /// Its name.
    pub(super) name: String,
    /// Where its Pods' addresses are from.
    pub(super) range: String,
    /// Where the API server reaches its kubelet on the loopback interface.
    pub(super) port: u16,
}

/// Creates or renews the Node, and tells it in Events.
pub(super) async fn register(client: &Client, node: &Description, recorder: &Recorder) -> Result<(), Error> {
    let name = node.name.as_str();
    let failed = |source| Error::Register { node: name.to_owned(), source };
    let api = Api::<Node>::all(client.clone());
    let object: Node =
        serde_json::from_value(object(node)).map_err(|source| failed(kube::Error::SerdeError(source)))?;
    let known = api.get_opt(name).await.map_err(failed)?;
    if known.is_none() {
        api.create(&PostParams::default(), &object).await.map_err(failed)?;
    }
    let since = known.as_ref().and_then(ready_since).unwrap_or_else(now);
    let status = json!({ "status": status(node, since, now()) });
    let written =
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await.map_err(failed)?;
    let about = |reason: &str, message: String| Happening {
        object: ObjectReference {
            kind: Some("Node".to_owned()),
            name: Some(name.to_owned()),
            uid: written.uid(),
            ..ObjectReference::default()
        },
        warning: false,
        reason: reason.to_owned(),
        message,
        component: "kubelet".to_owned(),
        host: Some(name.to_owned()),
    };
    recorder.record(about("Starting", "Starting kubelet.".to_owned()));
    recorder.record(about("NodeReady", format!("Node {name} status is now: NodeReady")));
    Ok(())
}

/// Renews the lease for as long as it is polled.
pub(super) async fn renew_lease(client: Client, name: String, clock: Clock) {
    let api = Api::<Lease>::namespaced(client, LEASES);
    loop {
        let renewed = json!({ "spec": { "renewTime": MicroTime(Timestamp::now()) } });
        let written = match api.patch(&name, &PatchParams::default(), &Patch::Merge(renewed)).await {
            Err(kube::Error::Api(status)) if status.code == 404 => match lease(&name) {
                Ok(lease) => api.create(&PostParams::default(), &lease).await,
                Err(source) => Err(kube::Error::SerdeError(source)),
            },
            other => other,
        };
        if let Err(error) = written {
            tracing::debug!(%error, node = name, "the lease was not renewed");
        }
        clock.wait(LEASE).await;
    }
}

fn lease(name: &str) -> Result<Lease, serde_json::Error> {
    serde_json::from_value(json!({
        "metadata": { "name": name, "namespace": LEASES },
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": 40,
            "renewTime": MicroTime(Timestamp::now()),
        },
    }))
}

fn ready_since(node: &Node) -> Option<Timestamp> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    let ready =
        conditions.iter().find(|condition| condition.type_ == "Ready" && condition.status == "True")?;
    ready.last_transition_time.as_ref().map(|time| time.0)
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn object(node: &Description) -> Value {
    let (name, architecture) = (&node.name, architecture());
    json!({
        "metadata": {
            "name": name,
            "labels": {
                "beta.kubernetes.io/arch": architecture,
                "beta.kubernetes.io/os": "linux",
                "kubernetes.io/arch": architecture,
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
            },
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": { "podCIDR": node.range, "podCIDRs": [node.range] },
    })
}

fn status(node: &Description, since: Timestamp, now: Timestamp) -> Value {
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": Time(now), "lastTransitionTime": Time(since),
        })
    };
    let size = json!({
        "cpu": "4", "memory": "8Gi", "ephemeral-storage": "64Gi", "pods": PODS.to_string(),
        "hugepages-1Gi": "0", "hugepages-2Mi": "0",
    });
    json!({
        "capacity": size,
        "allocatable": size,
        "conditions": [
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        ],
        "addresses": [
            { "type": "InternalIP", "address": "127.0.0.1" },
            { "type": "Hostname", "address": node.name },
        ],
        "daemonEndpoints": { "kubeletEndpoint": { "Port": node.port } },
        "nodeInfo": {
            "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "simulated",
            "osImage": "atelier (no containers run here)", "containerRuntimeVersion": "simulated://1",
            "kubeletVersion": "v1.34.1", "kubeProxyVersion": "", "operatingSystem": "linux",
            "architecture": architecture(),
        },
    })
}
