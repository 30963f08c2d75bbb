//! The status of a Pod, from its specification and the records of its containers. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStatus, HostIP, Pod, PodCondition, PodIP, PodSpec, PodStatus,
    VolumeMountStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

use super::super::container::{Record, State};

/// The address of every simulated node.
pub(super) const HOST: &str = "127.0.0.1";

/// What is to be told about a Pod besides its containers.
pub(super) struct View<'a> {
    pub(super) pod: &'a Pod,
    pub(super) records: &'a BTreeMap<String, Record>,
    pub(super) address: &'a str,
    /// Whether its volumes are there, so that containers may start.
    pub(super) set_up: bool,
    /// The status that was told last.
    pub(super) before: &'a PodStatus,
    pub(super) now: Timestamp,
}

impl View<'_> {
    /// Makes the status.
    pub(super) fn status(&self) -> PodStatus {
        let spec = self.pod.spec.clone().unwrap_or_default();
        let init = spec.init_containers.as_deref().unwrap_or_default();
        let statuses =
            |containers: &[Container]| containers.iter().map(|it| self.container(it)).collect::<Vec<_>>();
        let init_statuses = statuses(init);
        let container_statuses = statuses(&spec.containers);
        let initialized = init.iter().zip(&init_statuses).all(|(container, status)| {
            let sidecar = container.restart_policy.as_deref() == Some("Always");
            if sidecar { status.started == Some(true) } else { exit_code(status) == Some(0) }
        });
        let phase = phase(&spec, initialized, &init_statuses, &container_statuses);
        let conditions = self.conditions(phase, initialized, &init_statuses, &container_statuses);
        PodStatus {
            phase: Some(phase.to_owned()),
            conditions: Some(conditions),
            host_ip: Some(HOST.to_owned()),
            host_ips: Some(vec![HostIP { ip: HOST.to_owned() }]),
            pod_ip: Some(self.address.to_owned()),
            pod_ips: Some(vec![PodIP { ip: self.address.to_owned() }]),
            start_time: Some(self.before.start_time.clone().unwrap_or(Time(self.now))),
            init_container_statuses: (!init_statuses.is_empty()).then_some(init_statuses),
            container_statuses: Some(container_statuses),
            qos_class: Some(self.before.qos_class.clone().unwrap_or_else(|| quality(&spec).to_owned())),
            observed_generation: self.pod.metadata.generation,
            ..PodStatus::default()
        }
    }

    fn container(&self, container: &Container) -> ContainerStatus {
        let image = container.image.clone().unwrap_or_default();
        let waiting = Record::waiting("PodInitializing", &image);
        let record = self.records.get(&container.name).unwrap_or(&waiting);
        let resources = container.resources.clone();
        let started = !record.id.is_empty();
        let mounts = container.volume_mounts.iter().flatten().map(|mount| VolumeMountStatus {
            mount_path: mount.mount_path.clone(),
            name: mount.name.clone(),
            read_only: mount.read_only,
            recursive_read_only: (mount.read_only == Some(true)).then(|| "Disabled".to_owned()),
        });
        let mounts = mounts.collect::<Vec<_>>();
        let last = record
            .last
            .as_ref()
            .map(|last| ContainerState { terminated: Some(last.into()), ..Default::default() });
        ContainerStatus {
            name: container.name.clone(),
            state: Some((&record.state).into()),
            last_state: Some(last.unwrap_or_default()),
            ready: record.ready,
            restart_count: record.restarts,
            image: if started { record.image.clone() } else { image },
            image_id: record.image_id.clone(),
            container_id: started.then(|| record.id.clone()),
            started: Some(record.started),
            allocated_resources: resources.as_ref().filter(|_| started).and_then(|it| it.requests.clone()),
            resources: started.then_some(resources).flatten(),
            volume_mounts: (!mounts.is_empty()).then_some(mounts),
            ..ContainerStatus::default()
        }
    }

    fn conditions(
        &self,
        phase: &str,
        initialized: bool,
        init: &[ContainerStatus],
        containers: &[ContainerStatus],
    ) -> Vec<PodCondition> {
        let names = |statuses: &[ContainerStatus], wrong: fn(&ContainerStatus) -> bool| {
            statuses
                .iter()
                .filter(|status| wrong(status))
                .map(|it| it.name.as_str())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let unready = names(containers, |status| !status.ready);
        let over = matches!(phase, "Succeeded" | "Failed");
        let ready = match phase {
            "Succeeded" => Err(("PodCompleted", None)),
            "Failed" => Err(("PodFailed", None)),
            _ if unready.is_empty() => Ok(()),
            _ => Err(("ContainersNotReady", Some(format!("containers with unready status: [{unready}]")))),
        };
        let initialized = match (initialized, phase) {
            (true, "Succeeded") => Err(("PodCompleted", None)),
            (true, _) => Ok(()),
            (false, _) => {
                let incomplete = names(init, |status| exit_code(status) != Some(0));
                Err((
                    "ContainersNotInitialized",
                    Some(format!("containers with incomplete status: [{incomplete}]")),
                ))
            }
        };
        vec![
            self.condition(
                "PodReadyToStartContainers",
                if self.set_up && !over { Ok(()) } else { Err(("", None)) },
            ),
            match initialized {
                Err(("PodCompleted", _)) => PodCondition {
                    reason: Some("PodCompleted".to_owned()),
                    ..self.condition("Initialized", Ok(()))
                },
                other => self.condition("Initialized", other),
            },
            self.condition("Ready", ready.clone()),
            self.condition("ContainersReady", ready),
            self.condition("PodScheduled", Ok(())),
        ]
    }

    fn condition(&self, kind: &str, holds: Result<(), (&str, Option<String>)>) -> PodCondition {
        let status = if holds.is_ok() { "True" } else { "False" };
        let before =
            self.before.conditions.iter().flatten().find(|it| it.type_ == kind && it.status == status);
        let since = before.and_then(|before| before.last_transition_time.clone()).unwrap_or(Time(self.now));
        let (reason, message) = match holds {
            Ok(()) => (None, None),
            Err((reason, message)) => ((!reason.is_empty()).then(|| reason.to_owned()), message),
        };
        PodCondition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            last_transition_time: Some(since),
            observed_generation: self.pod.metadata.generation,
            reason,
            message,
            ..PodCondition::default()
        }
    }
}

fn exit_code(status: &ContainerStatus) -> Option<i32> {
    status.state.as_ref()?.terminated.as_ref().map(|terminated| terminated.exit_code)
}

/// The phase, as <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase> defines it.
fn phase(
    spec: &PodSpec,
    initialized: bool,
    init: &[ContainerStatus],
    containers: &[ContainerStatus],
) -> &'static str {
    let policy = spec.restart_policy.as_deref().unwrap_or("Always");
    if !initialized {
        let failed = init.iter().any(|status| exit_code(status).is_some_and(|code| code != 0));
        return if failed && policy == "Never" { "Failed" } else { "Pending" };
    }
    let never_ran = |status: &ContainerStatus| {
        let waiting = status.state.as_ref().is_none_or(|state| state.waiting.is_some());
        waiting && status.last_state.as_ref().is_none_or(|last| last.terminated.is_none())
    };
    if containers.iter().any(never_ran) {
        return "Pending";
    }
    let codes = containers.iter().map(exit_code).collect::<Option<Vec<_>>>();
    match codes {
        Some(codes) if policy != "Always" && codes.iter().all(|code| *code == 0) => "Succeeded",
        Some(codes) if policy == "Never" && codes.iter().any(|code| *code != 0) => "Failed",
        _ => "Running",
    }
}

/// The quality of service class.
fn quality(spec: &PodSpec) -> &'static str {
    let containers = || spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let of = |container: &Container, name: &str| {
        let resources = container.resources.clone().unwrap_or_default();
        let get = |map: Option<BTreeMap<_, _>>| map.and_then(|map| map.get(name).cloned());
        let limit = get(resources.limits);
        (get(resources.requests).or_else(|| limit.clone()), limit)
    };
    let names = ["cpu", "memory"];
    let none = |container: &Container| names.iter().all(|name| of(container, name) == (None, None));
    let full = |container: &Container| {
        names
            .iter()
            .all(|name| matches!(of(container, name), (Some(request), Some(limit)) if request == limit))
    };
    if containers().all(none) {
        "BestEffort"
    } else if containers().all(full) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// The records that a Pod's containers begin with: what its status tells, or nothing yet.
pub(super) fn first_records(pod: &Pod) -> Vec<(String, Record)> {
    let spec = pod.spec.clone().unwrap_or_default();
    let status = pod.status.clone().unwrap_or_default();
    let known = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
    let known = known.map(|status| (status.name.as_str(), status)).collect::<BTreeMap<_, _>>();
    let has_init = spec.init_containers.as_ref().is_some_and(|init| !init.is_empty());
    let reason = if has_init { "PodInitializing" } else { "ContainerCreating" };
    let fresh =
        |container: &Container| Record::waiting(reason, container.image.as_deref().unwrap_or_default());
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    containers
        .map(|container| {
            let record = known.get(container.name.as_str()).map(|status| Record::from_status(status));
            (container.name.clone(), record.unwrap_or_else(|| fresh(container)))
        })
        .collect()
}

/// Whether a status tells of a container that runs or ran.
pub(super) fn has_begun(records: &BTreeMap<String, Record>) -> bool {
    records.values().any(|record| !matches!(record.state, State::Waiting { .. }) || record.last.is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Takes a Pod as a real kubelet left it, and makes its status again from what containers are at.
    #[track_caller]
    fn assert_same_as_recorded(recording: &str) {
        let recorded: Value = serde_saphyr::from_str(recording).unwrap();
        let pod = serde_json::from_value::<Pod>(recorded).unwrap();
        let before = pod.status.clone().unwrap();
        let records = first_records(&pod).into_iter().collect();
        let view = View {
            pod: &pod,
            records: &records,
            address: before.pod_ip.as_deref().unwrap(),
            set_up: true,
            before: &PodStatus { qos_class: None, ..before.clone() },
            now: Timestamp::UNIX_EPOCH,
        };
        let json = |status: &PodStatus| serde_json::to_string_pretty(status).unwrap();
        assert_eq!(json(&view.status()), json(&before));
    }

    #[test]
    fn running_pod_is_as_recorded() {
        assert_same_as_recorded(include_str!("../../../tests/fixtures/workloads/pod-running.yaml"));
    }

    #[test]
    fn unpullable_pod_is_as_recorded() {
        assert_same_as_recorded(include_str!("../../../tests/fixtures/workloads/pod-bad-image.yaml"));
    }

    #[test]
    fn crashing_pod_is_as_recorded() {
        assert_same_as_recorded(include_str!("../../../tests/fixtures/workloads/pod-crashloop.yaml"));
    }

    #[test]
    fn phase_follows_exit_codes_and_policy() {
        let ended = |code: i32| ContainerStatus {
            state: Some(ContainerState {
                terminated: Some(k8s_openapi::api::core::v1::ContainerStateTerminated {
                    exit_code: code,
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
        let phase = |policy: &str, codes: &[i32]| {
            let spec = PodSpec { restart_policy: Some(policy.to_owned()), ..PodSpec::default() };
            super::phase(&spec, true, &[], &codes.iter().map(|code| ended(*code)).collect::<Vec<_>>())
        };
        assert_eq!(phase("Never", &[0, 0]), "Succeeded");
        assert_eq!(phase("Never", &[0, 1]), "Failed");
        assert_eq!(phase("OnFailure", &[0, 1]), "Running");
        assert_eq!(phase("OnFailure", &[0]), "Succeeded");
        assert_eq!(phase("Always", &[0]), "Running");
    }
}
