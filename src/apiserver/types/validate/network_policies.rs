//! What Kubernetes checks in `NetworkPolicies`, after `pkg/apis/networking/validation`.

use super::field::{self, Errors, Field};

/// A `NetworkPolicy`'s specification.
pub(super) fn validate(spec: &Field, errors: &mut Errors) {
    spec.get("podSelector").selector(errors);
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.get(direction).items() {
            for port in rule.get("ports").items() {
                check_port(&port, errors);
            }
            for peer in rule.get(peers).items() {
                check_peer(&peer, errors);
            }
        }
    }
    let types = spec.get("policyTypes");
    if types.len() > 2 {
        types.invalid("may not specify more than two policyTypes", errors);
        return;
    }
    for kind in types.items() {
        kind.one_of(&["Ingress", "Egress"], errors);
    }
}

fn check_port(one: &Field, errors: &mut Errors) {
    one.get("protocol").one_of(&["TCP", "UDP", "SCTP"], errors);
    let (port, end) = (one.get("port"), one.get("endPort"));
    if port.is_set() {
        if port.value.is_number() {
            port.port(errors);
            if end.is_set() && end.count() < port.count() {
                end.wrong(port.value, "must be greater than or equal to `port`", errors);
            }
        } else {
            if end.is_set() {
                end.invalid("may not be specified when `port` is non-numeric", errors);
            }
            port.port_name(errors);
        }
    } else if end.is_set() {
        end.invalid("may not be specified when `port` is not specified", errors);
    }
}

fn check_peer(peer: &Field, errors: &mut Errors) {
    let (pods, namespaces, block) =
        (peer.get("podSelector"), peer.get("namespaceSelector"), peer.get("ipBlock"));
    pods.selector(errors);
    namespaces.selector(errors);
    if block.is_set() {
        check_block(&block, errors);
    }
    if block.is_set() && (pods.is_set() || namespaces.is_set()) {
        peer.forbidden("may not specify both ipBlock and another peer", errors);
    } else if !block.is_set() && !pods.is_set() && !namespaces.is_set() {
        peer.required("must specify a peer", errors);
    }
}

fn check_block(one: &Field, errors: &mut Errors) {
    let whole = one.get("cidr");
    if !whole.must_be_text("", errors) || !whole.block(errors) {
        return;
    }
    for exception in one.get("except").items() {
        if exception.block(errors) && !is_within(exception.text(), whole.text()) {
            exception.invalid("must be a strict subset of `cidr`", errors);
        }
    }
}

fn is_within(inner: &str, outer: &str) -> bool {
    let bits = |address: std::net::IpAddr| match address {
        std::net::IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, true),
        std::net::IpAddr::V6(address) => (u128::from(address), false),
    };
    let (Some((inner, inner_length)), Some((outer, length))) = (field::block(inner), field::block(outer))
    else {
        return false;
    };
    let ((inner, old), (outer, outer_old)) = (bits(inner), bits(outer));
    let shift = 128 - u32::from(length);
    let same = shift == 128 || inner >> shift == outer >> shift;
    old == outer_old && inner_length > length && same
}
