//! What a chart is told about the release that it is rendered for.

/// `.Release`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Where it goes.
    pub namespace: String,
    /// One for the first, and one more for each upgrade and rollback.
    pub revision: i64,
    /// Whether this is an upgrade or rollback; otherwise it is an installation.
    pub is_upgrade: bool,
}
