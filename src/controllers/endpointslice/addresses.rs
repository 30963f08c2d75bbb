//! Which Pods answer for a Service, and on which ports. Pure; shared by both kinds of object that tell it.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ObjectReference, Pod, Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointPort;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt as _;
use kube::runtime::reflector::{ObjectRef, Store};

use super::super::workloads::ready_since;

/// Pods that answer on the same ports.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Group {
    /// The ports; empty when the Service has none that these Pods have.
    pub(in super::super) ports: Vec<EndpointPort>,
    /// By address. The flag tells whether it is ready.
    pub(in super::super) pods: BTreeMap<String, (Pod, bool)>,
}

/// Groups the Pods with an address by the ports that the Service's target ports mean in them.
pub(in super::super) fn groups(service: &Service, pods: Vec<Pod>) -> Vec<Group> {
    let ports = service.spec.as_ref().and_then(|spec| spec.ports.clone()).unwrap_or_default();
    let mut groups = Vec::<Group>::new();
    for pod in pods {
        let status = pod.status.clone().unwrap_or_default();
        let over = matches!(status.phase.as_deref(), Some("Succeeded" | "Failed"));
        let Some(address) = status.pod_ip.filter(|address| !address.is_empty() && !over) else { continue };
        let ready = ready_since(&pod).is_some();
        let ports = ports.iter().filter_map(|port| resolve(port, &pod)).collect::<Vec<_>>();
        let index = groups.iter().position(|group| group.ports == ports).unwrap_or_else(|| {
            groups.push(Group { ports, pods: BTreeMap::new() });
            groups.len() - 1
        });
        groups[index].pods.insert(address, (pod, ready));
    }
    groups
}

fn resolve(port: &ServicePort, pod: &Pod) -> Option<EndpointPort> {
    let number = match &port.target_port {
        None | Some(IntOrString::Int(0)) => port.port,
        Some(IntOrString::Int(number)) => *number,
        Some(IntOrString::String(name)) => {
            let mut declared =
                pod.spec.iter().flat_map(|spec| &spec.containers).flat_map(|it| it.ports.iter().flatten());
            declared.find(|declared| declared.name.as_ref() == Some(name))?.container_port
        }
    };
    Some(EndpointPort {
        name: Some(port.name.clone().unwrap_or_default()),
        port: Some(number),
        protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".to_owned())),
        app_protocol: port.app_protocol.clone(),
    })
}

/// Whether a Pod is on its way out.
pub(in super::super) fn is_terminating(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// Refers to a Pod as endpoints do.
pub(in super::super) fn target(pod: &Pod) -> ObjectReference {
    ObjectReference {
        kind: Some("Pod".to_owned()),
        name: Some(pod.name_any()),
        namespace: pod.namespace(),
        uid: pod.uid(),
        ..ObjectReference::default()
    }
}

/// The Services that a change of a Pod may concern: all with a selector in its namespace, because labels that it no
/// longer has do not tell.
pub(in super::super) fn service_triggers(services: &Store<Service>, pod: &Pod) -> Vec<ObjectRef<Service>> {
    let concerned = |service: &&Arc<Service>| {
        service.metadata.namespace == pod.metadata.namespace
            && service.spec.as_ref().is_some_and(|spec| spec.selector.is_some())
    };
    services.state().iter().filter(concerned).map(|service| ObjectRef::from_obj(service.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(name: &str, address: &str, port: i32) -> Pod {
        serde_json::from_value(json!({
            "metadata": { "name": name },
            "spec": { "containers": [{ "name": "c", "ports": [{ "name": "http", "containerPort": port }] }] },
            "status": { "podIP": address, "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] },
        }))
        .unwrap()
    }

    #[test]
    fn named_target_port_is_each_pods_own() {
        let service = serde_json::from_value(json!({
            "spec": { "ports": [{ "port": 80, "targetPort": "http" }, { "port": 9000, "targetPort": "none" }] },
        }))
        .unwrap();
        let pods =
            vec![pod("a", "10.42.0.2", 8080), pod("b", "10.42.0.3", 8081), pod("c", "10.42.0.4", 8080)];
        let groups = groups(&service, pods);
        let seen = groups
            .iter()
            .map(|group| {
                let ports = group.ports.iter().map(|port| port.port.unwrap()).collect::<Vec<_>>();
                (ports, group.pods.keys().map(String::as_str).collect::<Vec<_>>())
            })
            .collect::<Vec<_>>();
        assert_eq!(seen, [(vec![8080], vec!["10.42.0.2", "10.42.0.4"]), (vec![8081], vec!["10.42.0.3"])]);
    }
}
