//! What an owner has in the registry, as the forge's lists tell it. The two servers know each other by this alone.

use jiff::Timestamp;

/// One version of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Below the owner, with slashes where it has some: `app`, `charts/app`.
    pub name: String,
    /// A tag.
    pub version: String,
    /// When it was pushed.
    pub created: Timestamp,
}

/// Who knows of packages.
pub trait Packages: Send + Sync {
    /// All versions of all packages of an owner, by name and version. Reads files: not for the runtime's threads.
    fn of_owner(&self, login: &str) -> Vec<Package>;
}
