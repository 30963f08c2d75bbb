//! The addresses of Pods: `10.42.<node>.<pod>`. They look like a cluster's, and lead nowhere: the API server's proxy
//! reaches Pods through the kubelet.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

/// The addresses of one node.
#[derive(Debug)]
pub(super) struct Addresses {
    node: u8,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    taken: BTreeSet<u8>,
    next: u8,
}

impl Addresses {
    /// Those of the node with this index.
    pub(super) fn new(node: u8) -> Self {
        Self { node, state: Mutex::new(State { taken: BTreeSet::new(), next: 2 }) }
    }

    /// The range in CIDR notation.
    pub(super) fn range(&self) -> String {
        format!("10.42.{}.0/24", self.node)
    }

    /// Keeps an address that a Pod has already.
    pub(super) fn reserve(&self, address: &str) {
        if let Some(last) = self.last(address) {
            self.lock().taken.insert(last);
        }
    }

    /// Takes a free address, the one that was free for longest, or none when all are taken.
    pub(super) fn take(&self) -> Option<String> {
        let mut state = self.lock();
        let last = (state.next..=254).chain(2..state.next).find(|last| !state.taken.contains(last))?;
        state.taken.insert(last);
        state.next = if last == 254 { 2 } else { last + 1 };
        Some(Ipv4Addr::new(10, 42, self.node, last).to_string())
    }

    /// Gives an address back.
    pub(super) fn release(&self, address: &str) {
        if let Some(last) = self.last(address) {
            self.lock().taken.remove(&last);
        }
    }

    fn last(&self, address: &str) -> Option<u8> {
        match address.parse::<Ipv4Addr>().ok()?.octets() {
            [10, 42, node, last] if node == self.node => Some(last),
            _ => None,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_unlike_each_other_and_come_back_last() {
        let addresses = Addresses::new(0);
        addresses.reserve("10.42.0.3");
        addresses.reserve("10.42.1.2");
        assert_eq!(addresses.take().unwrap(), "10.42.0.2");
        assert_eq!(addresses.take().unwrap(), "10.42.0.4");
        addresses.release("10.42.0.2");
        assert_eq!(addresses.take().unwrap(), "10.42.0.5");
        for _ in 6..=254 {
            addresses.take().unwrap();
        }
        assert_eq!(addresses.take().unwrap(), "10.42.0.2");
        assert_eq!(addresses.take(), None);
    }
}
