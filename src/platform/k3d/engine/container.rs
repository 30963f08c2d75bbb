//! Containers.

use std::collections::HashMap;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HostConfig, NetworkingConfig, PortBinding,
    RestartPolicy, RestartPolicyNameEnum,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, EventsOptionsBuilder, ListContainersOptionsBuilder, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder, StopContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use futures::StreamExt as _;

use super::Engine;
use crate::platform::k3d::Error;
use crate::platform::k3d::error::optional;

/// How long a container may take to end by itself.
const STOP_SECONDS: i32 = 10;
/// How long the engine may take to end a removal that it has begun.
const REMOVAL_LIMIT: Duration = Duration::from_secs(60);
/// What is kept of a command's output and of a log.
const OUTPUT_LIMIT: usize = 4 << 20;

/// A container to be made.
pub(in crate::platform::k3d) struct ContainerSpec<'a> {
    pub(in crate::platform::k3d) name: &'a str,
    pub(in crate::platform::k3d) image: &'a str,
    pub(in crate::platform::k3d) environment: Vec<String>,
    pub(in crate::platform::k3d) labels: HashMap<String, String>,
    /// `<volume>:<folder>`.
    pub(in crate::platform::k3d) volumes: Vec<String>,
    pub(in crate::platform::k3d) network: &'a str,
    /// The address in the network.
    pub(in crate::platform::k3d) address: &'a str,
    /// Further names in the network.
    pub(in crate::platform::k3d) aliases: Vec<String>,
    /// The port inside, and the port of 127.0.0.1 where it is published.
    pub(in crate::platform::k3d) port: (u16, u16),
}

/// A container as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::platform::k3d) struct Container {
    pub(in crate::platform::k3d) id: String,
    pub(in crate::platform::k3d) name: String,
    pub(in crate::platform::k3d) image: String,
    pub(in crate::platform::k3d) running: bool,
    pub(in crate::platform::k3d) labels: HashMap<String, String>,
}

/// What a command inside a container printed.
#[derive(Debug, Default)]
pub(in crate::platform::k3d) struct Executed {
    pub(in crate::platform::k3d) code: i64,
    pub(in crate::platform::k3d) output: String,
}

impl Engine {
    pub(in crate::platform::k3d) async fn create_container(
        &self,
        spec: ContainerSpec<'_>,
    ) -> Result<String, Error> {
        let inner = format!("{}/tcp", spec.port.0);
        let binding =
            PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(spec.port.1.to_string()) };
        let host = HostConfig {
            binds: Some(spec.volumes),
            network_mode: Some(spec.network.to_owned()),
            port_bindings: Some(HashMap::from([(inner.clone(), Some(vec![binding]))])),
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
                maximum_retry_count: None,
            }),
            ..HostConfig::default()
        };
        let endpoint = EndpointSettings {
            ipam_config: Some(EndpointIpamConfig {
                ipv4_address: Some(spec.address.to_owned()),
                ..EndpointIpamConfig::default()
            }),
            aliases: Some(spec.aliases),
            ..EndpointSettings::default()
        };
        let body = ContainerCreateBody {
            image: Some(spec.image.to_owned()),
            env: Some(spec.environment),
            labels: Some(spec.labels),
            exposed_ports: Some(vec![inner]),
            host_config: Some(host),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(HashMap::from([(spec.network.to_owned(), endpoint)])),
            }),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::default().name(spec.name).build();
        let made = self.docker.create_container(Some(options), body).await;
        Ok(made.map_err(Error::engine(format!("make the container `{}`", spec.name)))?.id)
    }

    pub(in crate::platform::k3d) async fn start_container(&self, name: &str) -> Result<(), Error> {
        let started = self.docker.start_container(name, None).await;
        started.map_err(Error::engine(format!("start the container `{name}`")))
    }

    pub(in crate::platform::k3d) async fn stop_container(&self, name: &str) -> Result<(), Error> {
        let options = StopContainerOptionsBuilder::default().t(STOP_SECONDS).build();
        let stopped = self.docker.stop_container(name, Some(options)).await;
        stopped.map_err(Error::engine(format!("stop the container `{name}`")))
    }

    /// Removes a container, running or not, with its anonymous volumes. Whether it was there.
    pub(in crate::platform::k3d) async fn remove_container(&self, id: &str) -> Result<bool, Error> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let removed = self.docker.remove_container(id, Some(options)).await;
        match removed.map_err(Error::engine(format!("remove the container `{id}`"))) {
            // A removal whose asker was killed goes on in the engine, and ends there.
            Err(error) if error.status() == Some(409) && error.message().contains("in progress") => {
                self.wait_removed(id).await.map(|()| true)
            }
            removed => Ok(optional(removed)?.is_some()),
        }
    }

    async fn wait_removed(&self, id: &str) -> Result<(), Error> {
        let options = WaitContainerOptionsBuilder::default().condition("removed").build();
        let mut gone = Box::pin(self.docker.wait_container(id, Some(options)));
        let wait = async {
            // An answer and an error alike say that it is not there any more; the look below decides.
            let _ = gone.next().await;
        };
        let _ = tokio::time::timeout(REMOVAL_LIMIT, wait).await;
        match self.container(id).await? {
            None => Ok(()),
            Some(_) => Err(Error::Slow {
                what: format!("remove the container `{id}`"),
                seconds: REMOVAL_LIMIT.as_secs(),
            }),
        }
    }

    /// The container of that name.
    pub(in crate::platform::k3d) async fn container(&self, name: &str) -> Result<Option<Container>, Error> {
        let found = self.docker.inspect_container(name, None).await;
        let found = optional(found.map_err(Error::engine(format!("look at the container `{name}`"))))?;
        Ok(found.map(|found| {
            let config = found.config.unwrap_or_default();
            Container {
                id: found.id.unwrap_or_default(),
                name: found.name.unwrap_or_default().trim_start_matches('/').to_owned(),
                image: config.image.unwrap_or_default(),
                running: found.state.and_then(|state| state.running).unwrap_or_default(),
                labels: config.labels.unwrap_or_default(),
            }
        }))
    }

    /// The port of 127.0.0.1 where a container's port is published, running or not.
    pub(in crate::platform::k3d) async fn published(
        &self,
        name: &str,
        inner: u16,
    ) -> Result<Option<u16>, Error> {
        let found = self.docker.inspect_container(name, None).await;
        let found = optional(found.map_err(Error::engine(format!("look at the container `{name}`"))))?;
        let bindings = found.and_then(|found| found.host_config).and_then(|host| host.port_bindings);
        let binding = bindings.and_then(|mut bindings| bindings.remove(&format!("{inner}/tcp")).flatten());
        Ok(binding.and_then(|binding| binding.into_iter().find_map(|one| one.host_port?.parse().ok())))
    }

    /// The containers with all of these labels, running or not.
    pub(in crate::platform::k3d) async fn containers(
        &self,
        labels: &[String],
    ) -> Result<Vec<Container>, Error> {
        let filters = HashMap::from([("label".to_owned(), labels.to_vec())]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let found =
            self.docker.list_containers(Some(options)).await.map_err(Error::engine("list its containers"))?;
        let container = |found: bollard::models::ContainerSummary| {
            let names = found.names.unwrap_or_default();
            Container {
                id: found.id.unwrap_or_default(),
                name: names.first().map(|name| name.trim_start_matches('/').to_owned()).unwrap_or_default(),
                image: found.image.unwrap_or_default(),
                running: found.state.is_some_and(|state| state.to_string() == "running"),
                labels: found.labels.unwrap_or_default(),
            }
        };
        Ok(found.into_iter().map(container).collect())
    }

    /// Says something whenever a container with all of these labels starts.
    pub(in crate::platform::k3d) fn starts(
        &self,
        labels: &[String],
    ) -> futures::stream::BoxStream<'static, ()> {
        let words = |text: &str| vec![text.to_owned()];
        let filters = HashMap::from([
            ("type".to_owned(), words("container")),
            ("event".to_owned(), words("start")),
            ("label".to_owned(), labels.to_vec()),
        ]);
        let options = EventsOptionsBuilder::default().filters(&filters).build();
        let docker = self.docker.clone();
        let starts = async_stream::stream! {
            let mut events = Box::pin(docker.events(Some(options)));
            while let Some(Ok(_)) = events.next().await {
                yield ();
            }
        };
        starts.boxed()
    }

    /// Runs a command inside a container to its end, whatever its exit code.
    pub(in crate::platform::k3d) async fn execute(
        &self,
        container: &str,
        user: Option<&str>,
        command: &[&str],
    ) -> Result<Executed, Error> {
        let failed = || Error::engine(format!("run `{}` in the container `{container}`", command[0]));
        let options = CreateExecOptions::<String> {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.iter().map(|&word| word.to_owned()).collect()),
            user: user.map(str::to_owned),
            ..CreateExecOptions::default()
        };
        let made = self.docker.create_exec(container, options).await.map_err(failed())?;
        let started = self.docker.start_exec(&made.id, None).await.map_err(failed())?;
        let mut output = Vec::new();
        if let StartExecResults::Attached { output: stream, .. } = started {
            collect(stream, &mut output).await.map_err(failed())?;
        }
        let ended = self.docker.inspect_exec(&made.id).await.map_err(failed())?;
        let output = String::from_utf8_lossy(&output).into_owned();
        Ok(Executed { code: ended.exit_code.unwrap_or(-1), output })
    }

    /// The last lines of a container's log.
    pub(in crate::platform::k3d) async fn logs(
        &self,
        container: &str,
        lines: usize,
    ) -> Result<String, Error> {
        let options =
            LogsOptionsBuilder::default().stdout(true).stderr(true).tail(&lines.to_string()).build();
        let mut output = Vec::new();
        let read = collect(self.docker.logs(container, Some(options)), &mut output).await;
        read.map_err(Error::engine(format!("show the log of the container `{container}`")))?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    /// The memory that a running container uses now, in bytes.
    pub(in crate::platform::k3d) async fn memory(&self, container: &str) -> Option<u64> {
        let options =
            bollard::query_parameters::StatsOptionsBuilder::default().stream(false).one_shot(true).build();
        let stats = self.docker.stats(container, Some(options)).next().await?.ok()?;
        let memory = stats.memory_stats?;
        // Files that were read and can be forgotten are no need; cgroup 2 and 1 have two names for them.
        let detail = memory.stats.unwrap_or_default();
        let cached = detail.get("inactive_file").or_else(|| detail.get("total_inactive_file"));
        Some(memory.usage?.saturating_sub(cached.copied().unwrap_or_default()))
    }
}

async fn collect(
    stream: impl futures::Stream<Item = Result<LogOutput, bollard::errors::Error>>,
    output: &mut Vec<u8>,
) -> Result<(), bollard::errors::Error> {
    let mut stream = Box::pin(stream);
    while let Some(part) = stream.next().await {
        let part = part?.into_bytes();
        let room = OUTPUT_LIMIT.saturating_sub(output.len());
        output.extend_from_slice(&part[..part.len().min(room)]);
    }
    Ok(())
}
