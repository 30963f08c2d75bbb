//! Services, their endpoints, and what stands before and between them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::row::{created, items, joined, name, number, text_or};
use super::selector;

/// How many endpoints, ports or hosts are shown; the rest is counted.
const SHOWN: usize = 3;

/// How many characters of addresses are shown where the output is not wide.
const ADDRESSES: usize = 16;

/// The cells of a Service.
pub(super) fn service(object: &Value, now: Timestamp) -> Vec<Value> {
    let spec = &object["spec"];
    let ports = items(&spec["ports"]).iter().map(|port| {
        let (number, protocol) = (number(&port["port"]), text_or(&port["protocol"], "TCP"));
        match port["nodePort"].as_i64() {
            Some(node @ 1..) => format!("{number}:{node}/{protocol}"),
            _ => format!("{number}/{protocol}"),
        }
    });
    vec![
        name(object),
        json!(text_or(&spec["type"], "")),
        json!(text_or(&spec["clusterIPs"][0], text_or(&spec["clusterIP"], "<none>"))),
        json!(external(object)),
        json!(joined(ports, "<none>")),
        created(object, now),
        json!(selector::labels(&spec["selector"])),
    ]
}

fn external(service: &Value) -> String {
    let spec = &service["spec"];
    let addresses = items(&spec["externalIPs"]).iter().filter_map(Value::as_str).map(str::to_owned);
    match text_or(&spec["type"], "") {
        "ClusterIP" | "NodePort" => joined(addresses, "<none>"),
        "LoadBalancer" => {
            let balanced = balancer(&service["status"]["loadBalancer"]);
            joined(balanced.into_iter().chain(addresses), "<pending>")
        }
        "ExternalName" => text_or(&spec["externalName"], "").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

fn balancer(status: &Value) -> Vec<String> {
    let points = items(&status["ingress"]).iter();
    points.map(|point| text_or(&point["ip"], text_or(&point["hostname"], "")).to_owned()).collect()
}

/// The first texts, and how many more there are.
fn some(texts: &[String]) -> String {
    if texts.is_empty() {
        return "<none>".to_owned();
    }
    let first = texts[..texts.len().min(SHOWN)].join(",");
    if texts.len() > SHOWN { format!("{first} + {} more...", texts.len() - SHOWN) } else { first }
}

/// The cells of Endpoints.
pub(super) fn endpoints(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut all = Vec::new();
    for subset in items(&object["subsets"]) {
        let addresses = items(&subset["addresses"]).iter().filter_map(|address| address["ip"].as_str());
        let ports = items(&subset["ports"]);
        if ports.is_empty() {
            all.extend(addresses.clone().map(str::to_owned));
        }
        for port in ports {
            let port = number(&port["port"]);
            all.extend(
                addresses.clone().map(|ip| {
                    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
                }),
            );
        }
    }
    vec![name(object), json!(some(&all)), created(object, now)]
}

/// The cells of an `EndpointSlice`.
pub(super) fn endpoint_slice(object: &Value, now: Timestamp) -> Vec<Value> {
    let ports: Vec<String> = items(&object["ports"])
        .iter()
        .map(|port| match port["port"].as_i64() {
            Some(number) => number.to_string(),
            None => text_or(&port["name"], "*").to_owned(),
        })
        .collect();
    let addresses: Vec<String> = items(&object["endpoints"])
        .iter()
        .flat_map(|endpoint| items(&endpoint["addresses"]))
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    // A slice that says nothing of ports has none that are known.
    let ports = if ports.is_empty() { "<unset>".to_owned() } else { some(&ports) };
    let addresses = if addresses.is_empty() { "<unset>".to_owned() } else { some(&addresses) };
    vec![
        name(object),
        json!(text_or(&object["addressType"], "")),
        json!(ports),
        json!(addresses),
        created(object, now),
    ]
}

/// The cells of an Ingress.
pub(super) fn ingress(object: &Value, now: Timestamp) -> Vec<Value> {
    let spec = &object["spec"];
    let hosts: Vec<String> = items(&spec["rules"])
        .iter()
        .filter_map(|rule| rule["host"].as_str())
        .filter(|host| !host.is_empty())
        .map(str::to_owned)
        .collect();
    let hosts = if hosts.is_empty() { "*".to_owned() } else { some(&hosts) };
    let mut address = joined(balancer(&object["status"]["loadBalancer"]), "");
    if address.len() > ADDRESSES && address.is_ascii() {
        address.truncate(ADDRESSES - 3);
        address.push_str("...");
    }
    let ports = if items(&spec["tls"]).is_empty() { "80" } else { "80, 443" };
    vec![
        name(object),
        json!(text_or(&spec["ingressClassName"], "<none>")),
        json!(hosts),
        json!(address),
        json!(ports),
        created(object, now),
    ]
}

/// The cells of an `IngressClass`.
pub(super) fn ingress_class(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, parameters) = (&object["spec"], &object["spec"]["parameters"]);
    let shown = if parameters.is_null() {
        "<none>".to_owned()
    } else {
        let group = parameters["apiGroup"].as_str().map(|group| format!(".{group}")).unwrap_or_default();
        format!("{}{group}/{}", text_or(&parameters["kind"], ""), text_or(&parameters["name"], ""))
    };
    vec![name(object), json!(text_or(&spec["controller"], "")), json!(shown), created(object, now)]
}

/// The cells of a `NetworkPolicy`.
pub(super) fn policy(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), json!(selector::shown(&object["spec"]["podSelector"])), created(object, now)]
}
