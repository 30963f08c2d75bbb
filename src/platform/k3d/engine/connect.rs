//! The connection to the engine.

use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};

use super::Search;
use crate::platform::k3d::Error;
use crate::platform::k3d::error::innermost;

/// An engine that does not say hello in this time is not there.
const HELLO: Duration = Duration::from_secs(10);
/// One request may take this long until its answer begins; pulls and builds stream.
pub(in crate::platform::k3d) const REQUEST_SECONDS: u64 = 180;

/// A connection to a Docker engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) docker: Docker,
    address: String,
}

impl Engine {
    /// Connects to the first engine that answers.
    pub async fn connect(search: &Search) -> Result<Self, Error> {
        let mut tried = Vec::new();
        for address in search.addresses()? {
            match Self::open(&address).await {
                Ok(engine) => return Ok(engine),
                Err(Error::NoEngine { tried: this }) => tried.push(this),
                Err(error) => return Err(error),
            }
        }
        Err(Error::NoEngine { tried: tried.join("; ") })
    }

    /// Connects to the engine at `address`.
    pub async fn open(address: &str) -> Result<Self, Error> {
        let docker = docker(address)?;
        let docker = docker.map_err(|source| Error::NoEngine { tried: format!("{address} ({source})") })?;
        match tokio::time::timeout(HELLO, docker.negotiate_version()).await {
            Ok(Ok(docker)) => Ok(Self { docker, address: address.to_owned() }),
            Ok(Err(source)) => Err(Error::NoEngine { tried: format!("{address} ({})", innermost(&source)) }),
            Err(_) => {
                Err(Error::NoEngine { tried: format!("{address} (no answer within {} s)", HELLO.as_secs()) })
            }
        }
    }

    /// Where it is, in the form of `DOCKER_HOST`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

fn docker(address: &str) -> Result<Result<Docker, bollard::errors::Error>, Error> {
    let unusable = |reason: &str| Error::Address { address: address.to_owned(), reason: reason.to_owned() };
    match address.split_once("://") {
        Some(("unix", _)) => Ok(Docker::connect_with_unix(address, REQUEST_SECONDS, API_DEFAULT_VERSION)),
        Some(("tcp" | "http", _)) => {
            Ok(Docker::connect_with_http(address, REQUEST_SECONDS, API_DEFAULT_VERSION))
        }
        Some(("ssh" | "https", _)) => {
            Err(unusable("the engine must be on this machine; use its socket, `unix:///…`"))
        }
        _ => Err(unusable("it must look like `unix:///var/run/docker.sock`")),
    }
}
