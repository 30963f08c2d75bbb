//! Asking from inside a namespace, as a program there would, with its network policies and its quota: a Pod of a
//! sample's image is made for the one question, and goes with the answer.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, LogParams, PostParams};
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};

use crate::objects::Image;
use crate::platform::kubernetes_words;
use crate::scenario::context::Context;

/// How long the Pod may take, from its creation to its end.
const LIMIT: Duration = Duration::from_secs(60);
/// For how many seconds somebody who does not answer is asked again.
const WITHIN: &str = "2";
/// What the Pods are found by.
const LABEL: &str = "atelier-probe";

/// An image that can ask: one of a sample of ours.
pub(crate) fn image(images: &[Image]) -> Option<String> {
    let sample = images.iter().find(|image| image.behaviour.is_sample() && !image.tags.is_empty())?;
    Some(format!("{}:{}", sample.reference, sample.tags[0]))
}

/// Asks `url` (`http://…`) from inside `namespace`; status and body. The error is what went wrong, in words.
pub(super) async fn ask(
    context: &Context<'_>,
    namespace: &str,
    image: &str,
    url: &str,
) -> Result<(u16, Vec<u8>), String> {
    let client = context.observer().await.map_err(|error| error.to_string())?;
    let pods = Api::<Pod>::namespaced(client, namespace);
    let pod = serde_json::from_value(pod(image, url)).map_err(|error| error.to_string())?;
    let made = pods.create(&PostParams::default(), &pod).await;
    let made = made.map_err(|error| format!("no Pod can ask from there: {}", kubernetes_words(&error)))?;
    let name = made.metadata.name.unwrap_or_default();
    let left = Left { pods: pods.clone(), name: name.clone() };
    let answer = answer(&pods, &name).await;
    drop(left);
    answer
}

/// What the Pod said when it has ended.
async fn answer(pods: &Api<Pod>, name: &str) -> Result<(u16, Vec<u8>), String> {
    let ended = |pod: Option<&Pod>| {
        let phase = pod.and_then(|pod| pod.status.as_ref()?.phase.clone());
        pod.is_none() || matches!(phase.as_deref(), Some("Succeeded" | "Failed"))
    };
    match tokio::time::timeout(LIMIT, await_condition(pods.clone(), name, ended)).await {
        Err(_) => {
            return Err(format!("the Pod `{name}` that asks has not ended within {} s", LIMIT.as_secs()));
        }
        Ok(Err(error)) => return Err(error.to_string()),
        Ok(Ok(_)) => (),
    }
    let log = pods.logs(name, &LogParams::default()).await.map_err(|error| kubernetes_words(&error))?;
    let said = log.lines().find_map(|line| {
        let value = serde_json::from_str::<Value>(line).ok()?;
        let status = u16::try_from(value["status"].as_u64()?).ok()?;
        Some((status, value["body"].as_str()?.as_bytes().to_vec()))
    });
    said.ok_or_else(|| log.lines().last().unwrap_or("the Pod that asks has said nothing").to_owned())
}

/// A Pod that any policy for Pods lets in, and that needs little of a quota.
/// <https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted>
fn pod(image: &str, url: &str) -> Value {
    let resources = json!({"cpu": "50m", "memory": "64Mi"});
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": format!("{LABEL}-"),
            "labels": {"app.kubernetes.io/name": LABEL, "app.kubernetes.io/managed-by": "atelier"},
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": LIMIT.as_secs(),
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "probe",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["/usr/local/bin/atelier", "sample", "probe", url, "--print", "--within", WITHIN],
                "resources": {"requests": resources, "limits": resources},
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            }],
        },
    })
}

/// Takes the Pod away, however the question ends.
struct Left {
    pods: Api<Pod>,
    name: String,
}

impl Drop for Left {
    fn drop(&mut self) {
        let (pods, name) = (self.pods.clone(), std::mem::take(&mut self.name));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // What cannot be removed ends by itself after its deadline, and goes with its namespace.
            runtime.spawn(async move { pods.delete(&name, &DeleteParams::default().grace_period(0)).await });
        }
    }
}
