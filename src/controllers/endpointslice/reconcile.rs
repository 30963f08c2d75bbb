//! Keeps the `EndpointSlice`s of each Service as its Pods are.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::{Controller, watcher};
use kube::{Api, ResourceExt as _};
use tokio_util::sync::CancellationToken;

use super::super::workloads::{Context, drive, owner};
use super::addresses::{Group, groups, is_terminating, service_triggers, target};

/// How many addresses one slice holds.
const LIMIT: usize = 100;

const SERVICE: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const TRIGGERED: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    let all = watcher::Config::default;
    let controller = Controller::new(Api::<Service>::all(context.client.clone()), all());
    let services = controller.store();
    let ours = all().labels(&format!("{MANAGED_BY}={MANAGER}"));
    let controller = controller.owns(Api::<EndpointSlice>::all(context.client.clone()), ours).watches(
        Api::<Pod>::all(context.client.clone()),
        all(),
        move |pod| service_triggers(&services, &pod),
    );
    drive(controller, reconcile, context, shutdown).await;
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

    let api = Api::<EndpointSlice>::namespaced(context.client.clone(), &namespace);
    let labels = format!("{SERVICE}={},{MANAGED_BY}={MANAGER}", service.name_any());
    let mut present = api.list(&ListParams::default().labels(&labels)).await?.items;
    let wanted = slices(&service, groups(&service, pods));
    for mut slice in wanted {
        // A slice with the same ports is changed in place, so that addresses move between slices as little as can be.
        let index = present.iter().position(|it| it.ports == slice.ports);
        let index = index.or_else(|| (!present.is_empty()).then_some(0));
        let Some(before) = index.map(|index| present.swap_remove(index)) else {
            stamp(&mut slice);
            api.create(&PostParams::default(), &slice).await?;
            continue;
        };
        let labels = slice.metadata.labels.clone().unwrap_or_default();
        let same =
            before.endpoints == slice.endpoints && before.ports == slice.ports && *before.labels() == labels;
        if !same {
            slice.metadata = ObjectMeta { labels: Some(labels), ..before.metadata.clone() };
            slice.metadata.managed_fields = None;
            stamp(&mut slice);
            api.replace(&before.name_any(), &PostParams::default(), &slice).await?;
        }
    }
    for left in present {
        api.delete(&left.name_any(), &DeleteParams::default()).await?;
    }
    Ok(Action::await_change())
}

fn stamp(slice: &mut EndpointSlice) {
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    slice.annotations_mut().insert(TRIGGERED.to_owned(), now);
}

/// The slices that a Service should have: at least one, which may be empty.
fn slices(service: &Service, mut groups: Vec<Group>) -> Vec<EndpointSlice> {
    if groups.is_empty() {
        groups.push(Group::default());
    }
    let anyway = service.spec.as_ref().and_then(|spec| spec.publish_not_ready_addresses) == Some(true);
    let mut slices = Vec::new();
    for group in groups {
        let endpoints =
            group.pods.into_iter().map(|(address, (pod, ready))| endpoint(address, &pod, ready, anyway));
        let mut endpoints = endpoints.collect::<Vec<_>>();
        loop {
            let rest = endpoints.split_off(endpoints.len().min(LIMIT));
            slices.push(slice(service, &group.ports, endpoints));
            if rest.is_empty() {
                break;
            }
            endpoints = rest;
        }
    }
    slices
}

fn slice(
    service: &Service,
    ports: &[k8s_openapi::api::discovery::v1::EndpointPort],
    endpoints: Vec<Endpoint>,
) -> EndpointSlice {
    let mut labels = service.labels().clone();
    labels.extend(BTreeMap::from([
        (SERVICE.to_owned(), service.name_any()),
        (MANAGED_BY.to_owned(), MANAGER.to_owned()),
    ]));
    if service.spec.as_ref().is_some_and(|spec| spec.cluster_ip.as_deref() == Some("None")) {
        labels.insert("service.kubernetes.io/headless".to_owned(), String::new());
    }
    EndpointSlice {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", service.name_any())),
            namespace: service.namespace(),
            labels: Some(labels),
            owner_references: owner(service).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        address_type: "IPv4".to_owned(),
        endpoints,
        ports: (!ports.is_empty()).then(|| ports.to_vec()),
    }
}

fn endpoint(address: String, pod: &Pod, ready: bool, anyway: bool) -> Endpoint {
    let terminating = is_terminating(pod);
    Endpoint {
        addresses: vec![address],
        conditions: Some(EndpointConditions {
            ready: Some(anyway || (ready && !terminating)),
            serving: Some(ready),
            terminating: Some(terminating),
        }),
        node_name: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
        target_ref: Some(target(pod)),
        ..Endpoint::default()
    }
}
