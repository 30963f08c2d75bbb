//! Keeps the Endpoints of each Service as its Pods are.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Pod, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{Controller, WatchStreamExt as _, watcher};
use kube::{Api, Client, ResourceExt as _};
use tokio_util::sync::CancellationToken;

use super::super::endpointslice::{Group, groups, is_terminating, service_triggers, target};
use super::super::workloads::{Context, drive};

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const TRIGGERED: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    let controller = Controller::new(Api::<Service>::all(context.client.clone()), Config::default());
    let services = controller.store();
    let controller =
        controller.watches(Api::<Pod>::all(context.client.clone()), Config::default(), move |pod| {
            service_triggers(&services, &pod)
        });
    tokio::select! {
        () = drive(controller, reconcile, Arc::clone(&context), shutdown) => {}
        () = remove_with_services(context.client.clone()) => {}
    }
}

/// Endpoints have no owner reference: they go when their Service is seen to go.
async fn remove_with_services(client: Client) {
    let mut services =
        watcher(Api::<Service>::all(client.clone()), Config::default()).default_backoff().boxed();
    loop {
        match services.try_next().await {
            Ok(Some(Event::Delete(service))) => {
                let api =
                    Api::<Endpoints>::namespaced(client.clone(), &service.namespace().unwrap_or_default());
                if let Err(error) = api.delete(&service.name_any(), &DeleteParams::default()).await {
                    tracing::debug!(%error, "endpoints were not removed");
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => return,
            Err(error) => tracing::debug!(%error, "services are not seen"),
        }
    }
}

async fn reconcile(seen: Arc<Service>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let namespace = seen.namespace().unwrap_or_default();
    let services = Api::<Service>::namespaced(context.client.clone(), &namespace);
    let Some(service) = services.get_opt(&seen.name_any()).await? else { return Ok(Action::await_change()) };
    let spec = service.spec.clone().unwrap_or_default();
    let (Some(selector), None) =
        (spec.selector.filter(|it| !it.is_empty()), &service.metadata.deletion_timestamp)
    else {
        return Ok(Action::await_change());
    };
    let labels = selector.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",");
    let pods = Api::<Pod>::namespaced(context.client.clone(), &namespace);
    let pods = pods.list(&ListParams::default().labels(&labels)).await?.items;
    let anyway = spec.publish_not_ready_addresses == Some(true);
    let subsets =
        groups(&service, pods).into_iter().filter_map(|group| subset(group, anyway)).collect::<Vec<_>>();
    let subsets = (!subsets.is_empty()).then_some(subsets);

    let api = Api::<Endpoints>::namespaced(context.client.clone(), &namespace);
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut labels = service.labels().clone();
    labels.insert(MANAGED_BY.to_owned(), "endpoint-controller".to_owned());
    match api.get_opt(&service.name_any()).await? {
        Some(before) if before.subsets == subsets && *before.labels() == labels => {}
        Some(mut endpoints) => {
            endpoints.subsets = subsets;
            endpoints.metadata.labels = Some(labels);
            endpoints.metadata.managed_fields = None;
            endpoints.annotations_mut().insert(TRIGGERED.to_owned(), now);
            api.replace(&service.name_any(), &PostParams::default(), &endpoints).await?;
        }
        None => {
            let metadata = ObjectMeta {
                name: Some(service.name_any()),
                namespace: Some(namespace),
                labels: Some(labels),
                annotations: Some([(TRIGGERED.to_owned(), now)].into()),
                ..ObjectMeta::default()
            };
            api.create(&PostParams::default(), &Endpoints { metadata, subsets }).await?;
            // The Service may have gone, and its Endpoints with it, since it was read.
            if services.get_opt(&service.name_any()).await?.is_none() {
                api.delete(&service.name_any(), &DeleteParams::default()).await?;
            }
        }
    }
    Ok(Action::await_change())
}

fn subset(group: Group, anyway: bool) -> Option<EndpointSubset> {
    let (mut ready, mut unready) = (Vec::new(), Vec::new());
    for (ip, (pod, is_ready)) in group.pods {
        if is_terminating(&pod) && !anyway {
            continue;
        }
        let node_name = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
        let address = EndpointAddress { ip, node_name, target_ref: Some(target(&pod)), hostname: None };
        if is_ready || anyway { ready.push(address) } else { unready.push(address) }
    }
    if ready.is_empty() && unready.is_empty() {
        return None;
    }
    let ports = group.ports.into_iter().map(|port| EndpointPort {
        name: port.name.filter(|name| !name.is_empty()),
        port: port.port.unwrap_or_default(),
        protocol: port.protocol,
        app_protocol: port.app_protocol,
    });
    let some = |addresses: Vec<_>| (!addresses.is_empty()).then_some(addresses);
    Some(EndpointSubset {
        addresses: some(ready),
        not_ready_addresses: some(unready),
        ports: Some(ports.collect::<Vec<_>>()).filter(|ports| !ports.is_empty()),
    })
}
