//! Networks.

use std::collections::HashMap;

use bollard::models::{
    EndpointIpamConfig, EndpointSettings, Ipam, IpamConfig, NetworkConnectRequest, NetworkCreateRequest,
    NetworkDisconnectRequest,
};
use bollard::query_parameters::ListNetworksOptionsBuilder;

use super::Engine;
use crate::platform::k3d::Error;
use crate::platform::k3d::error::optional;

/// A network to be made.
pub(in crate::platform::k3d) struct NetworkSpec<'a> {
    pub(in crate::platform::k3d) name: &'a str,
    pub(in crate::platform::k3d) subnet: &'a str,
    /// The part of the subnet that the engine gives addresses from.
    pub(in crate::platform::k3d) range: &'a str,
    pub(in crate::platform::k3d) gateway: &'a str,
    pub(in crate::platform::k3d) labels: HashMap<String, String>,
}

/// A network as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::platform::k3d) struct Network {
    pub(in crate::platform::k3d) id: String,
    pub(in crate::platform::k3d) name: String,
    pub(in crate::platform::k3d) subnets: Vec<String>,
    pub(in crate::platform::k3d) labels: HashMap<String, String>,
}

impl Engine {
    pub(in crate::platform::k3d) async fn create_network(
        &self,
        spec: NetworkSpec<'_>,
    ) -> Result<String, Error> {
        let config = IpamConfig {
            subnet: Some(spec.subnet.to_owned()),
            ip_range: Some(spec.range.to_owned()),
            gateway: Some(spec.gateway.to_owned()),
            auxiliary_addresses: None,
        };
        let request = NetworkCreateRequest {
            name: spec.name.to_owned(),
            driver: Some("bridge".to_owned()),
            ipam: Some(Ipam { config: Some(vec![config]), ..Ipam::default() }),
            labels: Some(spec.labels),
            ..NetworkCreateRequest::default()
        };
        let made = self.docker.create_network(request).await;
        Ok(made.map_err(Error::engine(format!("make the network `{}`", spec.name)))?.id)
    }

    /// Connects a container, running or not, to a network, with an address of its own or any. What it knows of an
    /// earlier network of that name is forgotten.
    pub(in crate::platform::k3d) async fn connect_network(
        &self,
        network: &str,
        container: &str,
        address: Option<&str>,
        aliases: Vec<String>,
    ) -> Result<(), Error> {
        let config = address.map(|address| EndpointIpamConfig {
            ipv4_address: Some(address.to_owned()),
            ..EndpointIpamConfig::default()
        });
        let endpoint =
            EndpointSettings { ipam_config: config, aliases: Some(aliases), ..EndpointSettings::default() };
        let request =
            NetworkConnectRequest { container: container.to_owned(), endpoint_config: Some(endpoint) };
        let forgotten = NetworkDisconnectRequest { container: container.to_owned(), force: Some(true) };
        // The engine keeps the old connection, and says that all is well, as long as it is there.
        let _ = self.docker.disconnect_network(network, forgotten).await;
        let connected = self.docker.connect_network(network, request).await;
        connected.map_err(Error::engine(format!("connect a container to the network `{network}`")))
    }

    /// The network of that name.
    pub(in crate::platform::k3d) async fn network(&self, name: &str) -> Result<Option<Network>, Error> {
        // Two networks can have one name, and the engine finds by a part of the name too.
        Ok(self.networks(&[]).await?.into_iter().find(|network| network.name == name))
    }

    /// The networks with all of these labels (`key` or `key=value`).
    pub(in crate::platform::k3d) async fn networks(&self, labels: &[String]) -> Result<Vec<Network>, Error> {
        let filters = HashMap::from([("label".to_owned(), labels.to_vec())]);
        let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let found =
            self.docker.list_networks(Some(options)).await.map_err(Error::engine("list its networks"))?;
        let network = |network: bollard::models::Network| Network {
            id: network.id.unwrap_or_default(),
            name: network.name.unwrap_or_default(),
            subnets: network
                .ipam
                .and_then(|ipam| ipam.config)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|config| config.subnet)
                .collect(),
            labels: network.labels.unwrap_or_default(),
        };
        Ok(found.into_iter().map(network).collect())
    }

    /// Removes a network, and cuts off what is still connected to it. Whether it was there.
    pub(in crate::platform::k3d) async fn remove_network(&self, id: &str) -> Result<bool, Error> {
        let inspected = self.docker.inspect_network(id, None).await;
        let Some(inspected) =
            optional(inspected.map_err(Error::engine(format!("look at the network `{id}`"))))?
        else {
            return Ok(false);
        };
        for container in inspected.containers.unwrap_or_default().into_keys() {
            let request = NetworkDisconnectRequest { container, force: Some(true) };
            // What went away by itself in the meantime is off the network.
            let _ = self.docker.disconnect_network(id, request).await;
        }
        let removed = self.docker.remove_network(id).await;
        let removed = optional(removed.map_err(Error::engine(format!("remove the network `{id}`"))))?;
        Ok(removed.is_some())
    }
}
