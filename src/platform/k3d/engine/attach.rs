//! Containers that a person works in: they have a terminal, and go when they end.

use std::collections::HashMap;
use std::pin::Pin;

use bollard::container::LogOutput;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, ResizeContainerTTYOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::io::AsyncWrite;

use super::Engine;
use crate::platform::k3d::Error;

/// A container to be worked in.
pub(in crate::platform::k3d) struct Interactive<'a> {
    pub(in crate::platform::k3d) name: &'a str,
    pub(in crate::platform::k3d) image: &'a str,
    /// The image's own command when empty.
    pub(in crate::platform::k3d) command: Vec<String>,
    /// `<name>=<value>`.
    pub(in crate::platform::k3d) environment: Vec<String>,
    pub(in crate::platform::k3d) labels: HashMap<String, String>,
    /// `<folder>:<folder>`.
    pub(in crate::platform::k3d) binds: Vec<String>,
    pub(in crate::platform::k3d) network: &'a str,
    /// `<user>:<group>`, as numbers.
    pub(in crate::platform::k3d) user: String,
    pub(in crate::platform::k3d) folder: String,
    /// Whether there is a terminal on this side.
    pub(in crate::platform::k3d) terminal: bool,
}

/// A container that runs, with its streams in our hands.
pub struct Attached {
    engine: Engine,
    id: String,
    /// What it prints; on a terminal all of it is one stream.
    pub output: BoxStream<'static, Result<LogOutput, Error>>,
    /// What it reads. Closed, the container's shell ends.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// Its exit code, when it has ended.
    pub ended: Pin<Box<dyn Future<Output = Result<i64, Error>> + Send>>,
}

impl Attached {
    /// Tells the container how large the terminal is, in characters.
    pub fn resize(&self, rows: u16, columns: u16) -> impl Future<Output = Result<(), Error>> + use<> {
        let (docker, id) = (self.engine.docker.clone(), self.id.clone());
        async move {
            let options =
                ResizeContainerTTYOptionsBuilder::default().h(rows.into()).w(columns.into()).build();
            let resized = docker.resize_container_tty(&id, options).await;
            resized.map_err(Error::engine(format!("resize the terminal of the container `{id}`")))
        }
    }
}

impl Engine {
    /// Makes and starts a container that goes when it ends, or when nobody is attached to it any more.
    pub(in crate::platform::k3d) async fn work_in(&self, spec: Interactive<'_>) -> Result<Attached, Error> {
        let name = spec.name.to_owned();
        let body = ContainerCreateBody {
            image: Some(spec.image.to_owned()),
            cmd: Some(spec.command).filter(|command| !command.is_empty()),
            env: Some(spec.environment),
            labels: Some(spec.labels),
            user: Some(spec.user),
            working_dir: Some(spec.folder),
            tty: Some(spec.terminal),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            open_stdin: Some(true),
            stdin_once: Some(true),
            host_config: Some(HostConfig {
                auto_remove: Some(true),
                binds: Some(spec.binds),
                network_mode: Some(spec.network.to_owned()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let made = self.docker.create_container(Some(options), body).await;
        let id = made.map_err(Error::engine(format!("make the container `{name}`")))?.id;
        // What is printed and how it ends is listened for before anything can happen.
        let options =
            AttachContainerOptionsBuilder::default().stdin(true).stdout(true).stderr(true).stream(true);
        let attached = self.docker.attach_container(&id, Some(options.build())).await;
        let attached = attached.map_err(Error::engine(format!("attach to the container `{name}`")))?;
        let options = WaitContainerOptionsBuilder::default().condition("next-exit").build();
        let mut exits = Box::pin(self.docker.wait_container(&id, Some(options)));
        let what = format!("wait for the container `{name}`");
        let ended = Box::pin(async move {
            match exits.next().await {
                Some(Ok(exit)) => Ok(exit.status_code),
                // The library makes an error of every exit code but 0.
                Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(code),
                Some(Err(error)) => Err(Error::engine(what)(error)),
                None => Ok(0),
            }
        });
        if let Err(error) = self.start_container(&id).await {
            // One that never ran does not go by itself.
            self.remove_container(&id).await?;
            return Err(error);
        }
        let output = attached.output.map(move |part| part.map_err(Error::engine(format!("show `{name}`"))));
        Ok(Attached { engine: self.clone(), id, output: output.boxed(), input: attached.input, ended })
    }
}
