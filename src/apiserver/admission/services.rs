//! Addresses and node ports of Services. What is taken is known from the Services themselves.
//! After `pkg/registry/core/service/{storage/alloc,strategy}.go`.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use rand::Rng as _;
use serde_json::{Value, json};

use crate::apiserver::server::Server;
use crate::apiserver::status::Status;
use crate::apiserver::target::Target;
use crate::apiserver::types::{FieldError, Reason};

/// 10.43.0.0/16, without the addresses that are kept for the cluster itself.
const ADDRESSES: std::ops::Range<u32> = 0x0a2b_0010..0x0a2b_ffff;
const NODE_PORTS: std::ops::RangeInclusive<u64> = 30000..=32767;

#[derive(Default)]
struct Taken {
    addresses: HashSet<String>,
    ports: HashSet<u64>,
}

/// Gives a Service the address and the ports that its type needs.
pub(super) fn complete(
    server: &Server,
    target: &Target,
    old: Option<&Value>,
    service: &mut Value,
) -> Result<(), Status> {
    if !service["spec"].is_object() {
        return Ok(());
    }
    let kind = service["spec"]["type"].as_str().unwrap_or("ClusterIP").to_owned();
    let name = service["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let invalid = |field: &str, message: String| {
        let error = FieldError { field: field.to_owned(), reason: Reason::Invalid, message };
        Status::invalid("Service", "", &name, &[error])
    };
    let spec = &mut service["spec"];
    if let Some(old) = old {
        leave_behind(&old["spec"], spec);
    }
    if kind == "ExternalName" {
        remove(spec, "internalTrafficPolicy");
        return Ok(());
    }
    let asked = spec["clusterIP"].as_str().unwrap_or_default().to_owned();
    let own = old.and_then(|old| old["spec"]["clusterIP"].as_str()).unwrap_or_default().to_owned();
    if !own.is_empty() && !asked.is_empty() && own != asked {
        let message = format!("Invalid value: [{asked:?}]: may not change once set");
        return Err(invalid("spec.clusterIPs[0]", message));
    }
    let wants_ports = needs(spec, Need::NodePort);
    let mut taken = Taken::default();
    if (asked.is_empty() && own.is_empty()) || wants_ports || old.is_none() {
        taken = read(server, target, &name);
    }
    let address = match (own.is_empty(), asked.as_str()) {
        (false, _) => own,
        (true, "") => choose(&taken).ok_or_else(|| Status::internal("no address of 10.43.0.0/16 is free"))?,
        (true, "None") => "None".to_owned(),
        (true, asked) => {
            if asked.parse().is_ok_and(|address: Ipv4Addr| address.octets()[..2] != [10, 43]) {
                let message = format!(
                    "Invalid value: [{asked:?}]: failed to allocate IP {asked}: the provided network does not match \
                     the current range"
                );
                return Err(invalid("spec.clusterIPs", message));
            }
            if taken.addresses.contains(asked) {
                let message = format!(
                    "Invalid value: [{asked:?}]: failed to allocate IP {asked}: provided IP is already allocated"
                );
                return Err(invalid("spec.clusterIPs", message));
            }
            asked.to_owned()
        }
    };
    spec["clusterIPs"] = json!([address]);
    spec["clusterIP"] = address.into();
    for (field, value) in [("ipFamilies", json!(["IPv4"])), ("ipFamilyPolicy", json!("SingleStack"))] {
        if spec.get(field).is_none() {
            spec[field] = value;
        }
    }
    if wants_ports {
        if let Some((position, port, why)) = refused(spec, old, &taken) {
            let message = format!("Invalid value: {port}: {why}");
            return Err(invalid(&format!("spec.ports[{position}].nodePort"), message));
        }
        node_ports(spec, old, &mut taken)?;
    }
    if needs(spec, Need::HealthPort) && spec["healthCheckNodePort"].as_u64().unwrap_or(0) == 0 {
        let before = old.and_then(|old| old["spec"]["healthCheckNodePort"].as_u64()).filter(|port| *port > 0);
        spec["healthCheckNodePort"] = before.map_or_else(|| taken.choose_port(), Ok)?.into();
    }
    Ok(())
}

/// What only some types of Services have.
#[derive(Clone, Copy)]
enum Need {
    Address,
    NodePort,
    HealthPort,
    TrafficPolicy,
    LoadBalancer,
}

fn needs(spec: &Value, need: Need) -> bool {
    let kind = spec["type"].as_str().unwrap_or("ClusterIP");
    match need {
        Need::Address => kind != "ExternalName",
        Need::NodePort => kind == "NodePort" || kind == "LoadBalancer",
        Need::HealthPort => kind == "LoadBalancer" && spec["externalTrafficPolicy"] == "Local",
        Need::TrafficPolicy => {
            let reached = spec["externalIPs"].as_array().is_some_and(|list| !list.is_empty());
            needs(spec, Need::NodePort) || (kind == "ClusterIP" && reached)
        }
        Need::LoadBalancer => kind == "LoadBalancer",
    }
}

/// Takes out what the former type had and the new one cannot have, where the writer only left it standing.
fn leave_behind(old: &Value, spec: &mut Value) {
    let dependent: [(Need, &[&str]); 5] = [
        (
            Need::Address,
            &["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"],
        ),
        (Need::NodePort, &[]),
        (Need::HealthPort, &["healthCheckNodePort"]),
        (Need::TrafficPolicy, &["externalTrafficPolicy"]),
        (Need::LoadBalancer, &["allocateLoadBalancerNodePorts", "loadBalancerClass"]),
    ];
    for (need, fields) in dependent {
        if !needs(old, need) || needs(spec, need) {
            continue;
        }
        for field in fields.iter().filter(|field| old.get(**field).is_some()) {
            if spec.get(*field) == old.get(*field) {
                remove(spec, field);
            }
        }
        if matches!(need, Need::NodePort) && used(old) == used(spec) {
            for port in spec["ports"].as_array_mut().into_iter().flatten() {
                remove(port, "nodePort");
            }
        }
    }
}

fn remove(object: &mut Value, field: &str) {
    object.as_object_mut().map(|fields| fields.shift_remove(field));
}

/// The node ports of a specification, without those that are yet to be chosen.
fn used(spec: &Value) -> HashSet<u64> {
    let ports = spec["ports"].as_array().into_iter().flatten();
    ports.filter_map(|port| port["nodePort"].as_u64()).filter(|port| *port > 0).collect()
}

/// The first node port that somebody asks for and cannot have: its place, the port and why.
fn refused(spec: &Value, old: Option<&Value>, taken: &Taken) -> Option<(usize, u64, String)> {
    let own = old.map(|old| used(&old["spec"])).unwrap_or_default();
    let ports = spec["ports"].as_array()?.iter().map(|port| port["nodePort"].as_u64().unwrap_or(0));
    let asked = ports.enumerate().filter(|(_, port)| *port > 0 && !own.contains(port));
    let why = |port: &u64| {
        if !NODE_PORTS.contains(port) {
            let (first, last) = (NODE_PORTS.start(), NODE_PORTS.end());
            let range = format!("The range of valid ports is {first}-{last}");
            return Some(format!("provided port is not in the valid range. {range}"));
        }
        taken.ports.contains(port).then(|| "provided port is already allocated".to_owned())
    };
    asked.into_iter().find_map(|(place, port)| Some((place, port, why(&port)?)))
}

fn node_ports(spec: &mut Value, old: Option<&Value>, taken: &mut Taken) -> Result<(), Status> {
    let none = Value::Null;
    let old = old.map_or(&none, |old| &old["spec"]);
    let own = used(spec);
    let mut kept: HashSet<_> = used(old).intersection(&own).copied().collect();
    taken.ports.extend(own);
    if spec["type"] == "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] == false {
        return Ok(());
    }
    for port in spec["ports"].as_array_mut().into_iter().flatten() {
        if port["nodePort"].as_u64().is_some_and(|port| port > 0) {
            continue;
        }
        let mut before = old["ports"].as_array().into_iter().flatten();
        let before = before.find(|other| other.get("name") == port.get("name"));
        let before = before.and_then(|before| before["nodePort"].as_u64());
        let chosen = match before.filter(|port| *port > 0 && kept.insert(*port)) {
            Some(port) => port,
            None => taken.choose_port()?,
        };
        port["nodePort"] = chosen.into();
    }
    Ok(())
}

impl Taken {
    /// A node port that nobody has, which is taken from now on.
    fn choose_port(&mut self) -> Result<u64, Status> {
        let start = rand::rng().random_range(NODE_PORTS);
        let chosen = (start..=*NODE_PORTS.end()).chain(NODE_PORTS).find(|port| !self.ports.contains(port));
        let chosen = chosen.ok_or_else(|| Status::internal("no node port is free"))?;
        self.ports.insert(chosen);
        Ok(chosen)
    }
}

fn read(server: &Server, target: &Target, name: &str) -> Taken {
    let mut taken = Taken::default();
    for ((namespace, other), object) in server.store.list("services", None).1 {
        if target.namespace.as_deref() == Some(&*namespace) && *other == *name {
            continue;
        }
        let Ok(service) = serde_json::from_slice::<Value>(&object.json) else { continue };
        let spec = &service["spec"];
        taken.addresses.extend(spec["clusterIP"].as_str().map(str::to_owned));
        let ports = spec["ports"].as_array().into_iter().flatten();
        taken.ports.extend(ports.filter_map(|port| port["nodePort"].as_u64()));
        taken.ports.extend(spec["healthCheckNodePort"].as_u64());
    }
    taken
}

fn choose(taken: &Taken) -> Option<String> {
    let start = rand::rng().random_range(ADDRESSES);
    let all = (start..ADDRESSES.end).chain(ADDRESSES);
    let mut texts = all.map(|address| Ipv4Addr::from(address).to_string());
    texts.find(|address| !taken.addresses.contains(address))
}
