//! What the forge's lists tell of the registry: each tag is a version of a package.

use jiff::Timestamp;

use super::server::Registry;
use super::storage::Kind;
use crate::accounts::{Package, Packages};

impl Packages for Registry {
    fn of_owner(&self, login: &str) -> Vec<Package> {
        let storage = &self.shared.storage;
        let mut found = Vec::new();
        for name in storage.names() {
            let Some((owner, rest)) = name.as_str().split_once('/') else { continue };
            if !owner.eq_ignore_ascii_case(login) {
                continue;
            }
            for version in storage.keys(&name, Kind::Tags).unwrap_or_default() {
                let created = storage.time(&name, Kind::Tags, &version).unwrap_or(Timestamp::UNIX_EPOCH);
                found.push(Package { name: rest.to_owned(), version, created });
            }
        }
        found
    }
}
