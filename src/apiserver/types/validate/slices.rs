//! What Kubernetes checks in `EndpointSlices`, after `pkg/apis/discovery/validation`.

use std::net::IpAddr;

use super::field::{Errors, Field};
use super::services;

/// An `EndpointSlice`.
pub(super) fn validate(object: &Field, errors: &mut Errors) {
    let kind = object.get("addressType");
    if kind.text().is_empty() {
        kind.required("", errors);
    } else {
        kind.one_of(&["FQDN", "IPv4", "IPv6"], errors);
    }
    for endpoint in object.get("endpoints").items() {
        let addresses = endpoint.get("addresses");
        if addresses.len() == 0 {
            addresses.required("must contain at least 1 address", errors);
        }
        for address in addresses.items() {
            match kind.text() {
                "FQDN" => address.subdomain(errors),
                "IPv4" | "IPv6" => family(&addresses, &address, kind.text(), errors),
                _ => {}
            }
        }
    }
    let mut names = Vec::new();
    for port in object.get("ports").items() {
        let name = port.get("name");
        if !name.text().is_empty() {
            name.label(errors);
        }
        if names.contains(&name.text()) {
            Field { value: &name.text().into(), path: name.path.clone() }.duplicate(errors);
        }
        names.push(name.text());
        port.get("protocol").must_be_of(&["SCTP", "TCP", "UDP"], errors);
    }
}

fn family(list: &Field, address: &Field, wanted: &str, errors: &mut Errors) {
    if !address.address(errors) {
        return;
    }
    let is_new = address.text().parse::<IpAddr>().is_ok_and(|address| address.is_ipv6());
    if is_new == (wanted == "IPv6") {
        services::endpoint(address, errors);
    } else {
        let detail = format!("must be an {wanted} address");
        list.wrong(address.value, &detail, errors);
    }
}
