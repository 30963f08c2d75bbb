//! `network`: one network per lab, with a free subnet of its own. The engine gives addresses from the upper half;
//! the forge has a fixed one in the lower half, so that it survives stop and start, and so that forge and cluster can
//! be made side by side.

use std::net::Ipv4Addr;

use super::engine::{Container, NetworkSpec};
use super::folder::Addresses;
use super::forge::forge_aliases;
use super::{Error, Site};
use crate::events::Outcome;
use crate::platform;

/// Subnets are `10.203.<n>.0/24`: a corner of the private addresses that neither engines nor home routers use.
const PREFIX: (u8, u8) = (10, 203);

impl Site {
    /// Whether the network is there.
    pub async fn probe_network(&self) -> Result<bool, platform::Error> {
        let found = self.engine.network(&self.names.network()).await?;
        Ok(found.is_some_and(|network| self.must_be_ours("", &network.labels).is_ok()))
    }

    /// Makes the network unless it is there; its subnet.
    pub async fn ensure_network(&self) -> Result<(Outcome, String), platform::Error> {
        let name = self.names.network();
        if let Some(network) = self.engine.network(&name).await? {
            self.must_be_ours(&format!("network `{name}`"), &network.labels)?;
            let subnet = network.subnets.first().cloned().unwrap_or_default();
            let addresses = addresses(&subnet).ok_or(Error::NoSubnet)?;
            self.folder.keep_addresses(&addresses)?;
            return Ok((Outcome::Unchanged, subnet));
        }
        let held = self.engine.containers(&self.filter()).await?;
        let networks = self.engine.networks(&[]).await?;
        let taken = networks.iter().flat_map(|network| {
            let by = format!("network `{}`", network.name);
            network.subnets.iter().filter_map(move |text| Some((block(text)?, by.clone())))
        });
        let routes = routes().into_iter().map(|route| (route, "a route of this machine".to_owned()));
        let taken = taken.chain(routes).collect::<Vec<_>>();
        // A network that nothing running is in goes with `docker network prune`; the lab's containers have addresses
        // in it all the same.
        let known = self.folder.addresses()?.filter(|_| !held.is_empty());
        for subnet in known.as_ref().map_or_else(|| self.subnets(), |known| vec![known.subnet.clone()]) {
            let block = block(&subnet).ok_or(Error::NoSubnet)?;
            if let Some((_, by)) = taken.iter().find(|(other, _)| overlap(block, *other)) {
                if known.is_some() {
                    return Err(Error::SubnetTaken { subnet, by: by.clone() }.into());
                }
                continue;
            }
            let base = subnet.rsplit_once('.').map(|(base, _)| base).ok_or(Error::NoSubnet)?;
            let (range, gateway) = (format!("{base}.128/25"), format!("{base}.1"));
            let (range, gateway) = (range.as_str(), gateway.as_str());
            let labels = self.labels("network");
            let spec = NetworkSpec { name: &name, subnet: &subnet, range, gateway, labels };
            match self.engine.create_network(spec).await {
                Ok(_) => {
                    let addresses = addresses(&subnet).ok_or(Error::NoSubnet)?;
                    self.folder.keep_addresses(&addresses)?;
                    self.connect(&held, &addresses).await?;
                    return Ok((Outcome::Created, subnet));
                }
                // Somebody made a network there since we looked.
                Err(error) if error.message().contains("overlap") && known.is_none() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::NoSubnet.into())
    }

    /// The subnets to try, in an order of the lab's own: labs that are made at one time seldom meet.
    fn subnets(&self) -> Vec<String> {
        let first = self.lab.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
        let number = |step: u8| format!("{}.{}.{}.0/24", PREFIX.0, PREFIX.1, first.wrapping_add(step));
        (0..=u8::MAX).map(number).collect()
    }

    /// Brings the containers that the lab has into its network, which was made anew: they know the old one by an id.
    async fn connect(&self, held: &[Container], addresses: &Addresses) -> Result<(), Error> {
        let (network, forge) = (self.names.network(), self.names.forge());
        for container in held {
            let forge = container.name == forge;
            let address = forge.then_some(addresses.forge.as_str());
            let aliases = if forge { forge_aliases() } else { Vec::new() };
            self.engine.connect_network(&network, &container.id, address, aliases).await?;
        }
        Ok(())
    }
}

fn addresses(subnet: &str) -> Option<Addresses> {
    let (base, _) = subnet.rsplit_once('.')?;
    Some(Addresses { subnet: subnet.to_owned(), forge: format!("{base}.10") })
}

/// First address and mask of an IPv4 block.
fn block(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits): (Ipv4Addr, u32) = (address.parse().ok()?, bits.parse().ok()?);
    let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits)?).unwrap_or(0);
    Some((u32::from(address) & mask, mask))
}

fn overlap(one: (u32, u32), other: (u32, u32)) -> bool {
    let mask = one.1 & other.1;
    one.0 & mask == other.0 & mask
}

/// Where this machine's routes lead, the default route apart: a VPN's addresses are not ours to use.
fn routes() -> Vec<(u32, u32)> {
    let table = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    let number = |text: Option<&str>| u32::from_str_radix(text?, 16).ok().map(u32::swap_bytes);
    let route = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let destination = number(fields.next())?;
        let mask = number(fields.nth(5))?;
        (mask != 0).then_some((destination, mask))
    };
    table.lines().skip(1).filter_map(route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_overlap_when_one_holds_the_other() {
        let blocks = |one, other| overlap(block(one).unwrap(), block(other).unwrap());
        assert!(blocks("10.203.4.0/24", "10.0.0.0/8"));
        assert!(blocks("10.203.4.0/24", "10.203.4.128/25"));
        assert!(!blocks("10.203.4.0/24", "10.203.5.0/24"));
        assert!(blocks("10.203.4.0/24", "0.0.0.0/0"));
        assert_eq!(block("fd00::/8"), None);
    }

    #[test]
    fn forge_is_outside_of_the_range_that_the_engine_gives_from() {
        let addresses = addresses("10.203.7.0/24").unwrap();
        let range = block("10.203.7.128/25").unwrap();
        assert!(!overlap(range, block(&format!("{}/32", addresses.forge)).unwrap()));
    }
}
