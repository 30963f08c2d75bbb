//! What Kubernetes checks in Services and Endpoints, after `validateService` and `ValidateEndpoints` of
//! `pkg/apis/core/validation`. Which addresses and ports are free is told where they are given out.

use std::net::IpAddr;

use serde_json::json;

use super::field::{Errors, Field};

/// A Service's specification.
pub(super) fn validate(spec: &Field, errors: &mut Errors) {
    let (kind, headless) = (spec.get("type").text(), spec.get("clusterIP").text() == "None");
    let ports = spec.get("ports");
    if ports.len() == 0 && !headless && kind != "ExternalName" {
        ports.required("", errors);
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let at = Field { path: format!("{}.clusterIPs[0]", spec.path), ..spec.get("clusterIP") };
            at.invalid(&format!("may not be set to 'None' for {kind} services"), errors);
        }
        "ExternalName" => external(spec, errors),
        _ => {}
    }
    check_ports(&ports, errors);
    spec.get("selector").labels(errors);
    spec.get("sessionAffinity").one_of(&["ClientIP", "None"], errors);
    addresses(spec, errors);
    for address in spec.get("externalIPs").items() {
        if address.address(errors) {
            endpoint(&address, errors);
        }
    }
    let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    spec.get("type").must_be_of(&types, errors);
    for port in ports.items().filter(|_| kind == "ClusterIP") {
        if port.get("nodePort").count() != 0 {
            port.get("nodePort").forbidden("may not be used when `type` is 'ClusterIP'", errors);
        }
    }
    let mut seen = Vec::new();
    for port in ports.items() {
        let (protocol, number) = (port.get("protocol").text(), port.get("port").count());
        if seen.contains(&(protocol, number)) {
            let shown = json!({"Name": "", "Protocol": protocol, "AppProtocol": null, "Port": number,
                "TargetPort": 0, "NodePort": 0});
            Field { value: &shown, path: port.path.clone() }.duplicate(errors);
        }
        seen.push((protocol, number));
    }
    traffic(spec, kind, errors);
}

fn external(spec: &Field, errors: &mut Errors) {
    if !spec.get("clusterIP").text().is_empty() || spec.get("clusterIPs").len() > 0 {
        spec.get("clusterIPs").forbidden("may not be set for ExternalName services", errors);
    }
    let name = spec.get("externalName");
    if name.must_be_text("", errors) {
        name.subdomain(errors);
    }
}

fn check_ports(ports: &Field, errors: &mut Errors) {
    let mut names = Vec::new();
    for port in ports.items() {
        let name = port.get("name");
        if name.text().is_empty() {
            if ports.len() > 1 {
                name.required("", errors);
            }
        } else {
            name.label(errors);
            if names.contains(&name.text()) {
                name.duplicate(errors);
            }
            names.push(name.text());
        }
        port.get("port").port(errors);
        port.get("protocol").one_of(&["SCTP", "TCP", "UDP"], errors);
        port.get("targetPort").port_or_name(errors);
        if !port.get("appProtocol").text().is_empty() {
            port.get("appProtocol").qualified(errors);
        }
    }
}

/// Addresses by their form, and the families of a cluster that has one only.
fn addresses(spec: &Field, errors: &mut Errors) {
    let address = spec.get("clusterIP");
    if !matches!(address.text(), "" | "None") && spec.get("type").text() != "ExternalName" {
        Field { path: format!("{}.clusterIPs[0]", spec.path), ..address }.address(errors);
    }
    let policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
    let policy = spec.get("ipFamilyPolicy");
    policy.one_of(&policies, errors);
    if policy.text() == "RequireDualStack" {
        policy.invalid("this cluster is not configured for dual-stack services", errors);
    }
    for family in spec.get("ipFamilies").items() {
        match family.text() {
            "IPv4" => {}
            "IPv6" => family.invalid("not configured on this cluster", errors),
            _ => family.one_of(&["IPv4", "IPv6"], errors),
        }
    }
}

fn traffic(spec: &Field, kind: &str, errors: &mut Errors) {
    for range in spec.get("loadBalancerSourceRanges").items() {
        let path = range.path.replace("loadBalancer", "LoadBalancer");
        Field { path, ..range }.block(errors);
    }
    let class = spec.get("loadBalancerClass");
    if !class.text().is_empty() {
        if kind == "LoadBalancer" {
            class.qualified(errors);
        } else {
            class.forbidden("may only be used when `type` is 'LoadBalancer'", errors);
        }
    }
    let outward = spec.get("externalTrafficPolicy");
    if matches!(kind, "LoadBalancer" | "NodePort") || spec.get("externalIPs").len() > 0 {
        outward.one_of(&["Cluster", "Local"], errors);
    } else if outward.is_set() {
        outward.invalid("may only be set for externally-accessible services", errors);
    }
    spec.get("internalTrafficPolicy").one_of(&["Cluster", "Local"], errors);
    let near = ["PreferClose", "PreferSameZone", "PreferSameNode"];
    spec.get("trafficDistribution").one_of(&near, errors);
}

/// Endpoints.
pub(super) fn endpoints(object: &Field, errors: &mut Errors) {
    for subset in object.get("subsets").items() {
        let (ready, others) = (subset.get("addresses"), subset.get("notReadyAddresses"));
        if ready.len() + others.len() == 0 {
            subset.required("must specify `addresses` or `notReadyAddresses`", errors);
        }
        for one in ready.items().chain(others.items()) {
            let address = one.get("ip");
            if address.address(errors) {
                endpoint(&address, errors);
            } else {
                address.invalid("must be a valid IP address", errors);
            }
        }
        let ports = subset.get("ports");
        for port in ports.items() {
            if ports.len() > 1 && port.get("name").must_be_text("", errors) {
                port.get("name").label(errors);
            }
            port.get("port").port(errors);
            port.get("protocol").one_of(&["SCTP", "TCP", "UDP"], errors);
        }
    }
}

/// An address that other machines can reach.
pub(super) fn endpoint(address: &Field, errors: &mut Errors) {
    let Ok(parsed) = address.text().parse::<IpAddr>() else { return };
    let link_local = match parsed {
        IpAddr::V4(parsed) => parsed.is_link_local(),
        IpAddr::V6(parsed) => parsed.is_unicast_link_local(),
    };
    let detail = if parsed.is_unspecified() {
        format!("may not be unspecified ({})", address.text())
    } else if parsed.is_loopback() {
        "may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned()
    } else if link_local {
        "may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned()
    } else if parsed.is_multicast() {
        "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()
    } else {
        return;
    };
    address.invalid(&detail, errors);
}
