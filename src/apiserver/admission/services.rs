//! Addresses and node ports of Services. What is taken is known from the Services themselves.

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
    if kind == "ExternalName" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] {
            spec.as_object_mut().map(|spec| spec.shift_remove(field));
        }
        return Ok(());
    }
    let asked = spec["clusterIP"].as_str().unwrap_or_default().to_owned();
    let own = old.and_then(|old| old["spec"]["clusterIP"].as_str()).unwrap_or_default().to_owned();
    if !own.is_empty() && !asked.is_empty() && own != asked {
        let message = format!("Invalid value: [{asked:?}]: may not change once set");
        return Err(invalid("spec.clusterIPs[0]", message));
    }
    let wants_ports = matches!(kind.as_str(), "NodePort" | "LoadBalancer");
    let mut taken = Taken::default();
    if (asked.is_empty() && own.is_empty()) || wants_ports || old.is_none() {
        taken = read(server, target, &name);
    }
    let address = match (own.is_empty(), asked.as_str()) {
        (false, _) => own,
        (true, "") => choose(&taken).ok_or_else(|| Status::internal("no address of 10.43.0.0/16 is free"))?,
        (true, "None") => "None".to_owned(),
        (true, asked) => {
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
        node_ports(spec, old, &mut taken)?;
    }
    Ok(())
}

fn node_ports(spec: &mut Value, old: Option<&Value>, taken: &mut Taken) -> Result<(), Status> {
    for (position, port) in spec["ports"].as_array_mut().into_iter().flatten().enumerate() {
        if port["nodePort"].as_u64().is_some_and(|port| port > 0) {
            continue;
        }
        let before = old.and_then(|old| old["spec"]["ports"][position]["nodePort"].as_u64());
        let chosen = before.filter(|port| *port > 0).or_else(|| {
            let start = rand::rng().random_range(NODE_PORTS);
            (start..=*NODE_PORTS.end()).chain(NODE_PORTS).find(|port| !taken.ports.contains(port))
        });
        let chosen = chosen.ok_or_else(|| Status::internal("no node port is free"))?;
        taken.ports.insert(chosen);
        port["nodePort"] = chosen.into();
    }
    Ok(())
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
    }
    taken
}

fn choose(taken: &Taken) -> Option<String> {
    let start = rand::rng().random_range(ADDRESSES);
    let all = (start..ADDRESSES.end).chain(ADDRESSES);
    let mut texts = all.map(|address| Ipv4Addr::from(address).to_string());
    texts.find(|address| !taken.addresses.contains(address))
}
