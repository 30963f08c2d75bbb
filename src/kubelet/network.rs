//! The network between Pods, as far as the programs in them are ours: a Service's name leads to one of its Pods.

use std::io;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::ListParams;
use kube::{Api, Client};

use super::pod::Boards;
use crate::samples::Connection;

/// What is on its way in one direction.
const BUFFER: usize = 64 << 10;

/// The network of all nodes.
#[derive(Clone)]
pub(super) struct Network {
    client: Client,
    boards: Boards,
}

/// Why nobody is there, as the operating system says it.
fn refused() -> io::Error {
    io::Error::from_raw_os_error(rustix::io::Errno::CONNREFUSED.raw_os_error())
}

fn unknown() -> io::Error {
    io::Error::other("failed to lookup address information: Name or service not known")
}

impl Network {
    pub(super) fn new(client: Client, boards: Boards) -> Self {
        Self { client, boards }
    }

    /// Connects to `host:port` from a Pod in `namespace`. Hosts are names of Services: `songs`, `songs.dev1`,
    /// `songs.dev1.svc`, `songs.dev1.svc.cluster.local`.
    pub(super) async fn dial(&self, namespace: &str, address: &str) -> io::Result<Connection> {
        let (host, port) = address.rsplit_once(':').ok_or_else(unknown)?;
        let port = port.parse::<i32>().map_err(|_| unknown())?;
        let (name, namespace) = service_of(host, namespace).ok_or_else(unknown)?;
        let services = Api::<Service>::namespaced(self.client.clone(), namespace);
        let service = services.get_opt(name).await.map_err(io::Error::other)?.ok_or_else(unknown)?;
        let ports = service.spec.unwrap_or_default().ports.unwrap_or_default();
        let wanted = ports.iter().find(|one| one.port == port).ok_or_else(refused)?;
        let slices = Api::<EndpointSlice>::namespaced(self.client.clone(), namespace);
        let of = ListParams::default().labels(&format!("kubernetes.io/service-name={name}"));
        let slices = slices.list(&of).await.map_err(io::Error::other)?.items;
        let target = slices.iter().find_map(|slice| ready(slice, wanted)).ok_or_else(refused)?;
        let board = self.boards.get(namespace, &target.0).ok_or_else(refused)?;
        let program = board.listener(target.1).ok_or_else(refused)?;
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        let served = program.serve(theirs).ok_or_else(refused)?;
        tokio::spawn(served);
        Ok(Box::new(ours))
    }
}

/// Name and namespace of the Service that a host is.
fn service_of<'a>(host: &'a str, namespace: &'a str) -> Option<(&'a str, &'a str)> {
    let host = host.strip_suffix(".cluster.local").unwrap_or(host);
    let host = host.strip_suffix(".svc").unwrap_or(host);
    let (name, namespace) = host.split_once('.').unwrap_or((host, namespace));
    (!name.is_empty() && !namespace.contains('.')).then_some((name, namespace))
}

/// A Pod that is ready, and the port in it.
fn ready(slice: &EndpointSlice, wanted: &ServicePort) -> Option<(String, i32)> {
    let named = |name: &Option<String>| name.clone().unwrap_or_default();
    let ports = slice.ports.iter().flatten();
    let port = ports.into_iter().find(|port| named(&port.name) == named(&wanted.name))?.port?;
    let mut endpoints = slice.endpoints.iter();
    let endpoint = endpoints
        .find(|one| one.conditions.as_ref().and_then(|conditions| conditions.ready) != Some(false))?;
    Some((endpoint.target_ref.as_ref()?.name.clone()?, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_of_services() {
        let of = |host| service_of(host, "dev1");
        assert_eq!(of("songs"), Some(("songs", "dev1")));
        assert_eq!(of("songs.dev2"), Some(("songs", "dev2")));
        assert_eq!(of("songs.dev2.svc"), Some(("songs", "dev2")));
        assert_eq!(of("songs.dev2.svc.cluster.local"), Some(("songs", "dev2")));
        assert_eq!(of("10.42.0.3"), None);
        assert_eq!(of("www.example.org"), None);
        assert_eq!(of(""), None);
    }
}
