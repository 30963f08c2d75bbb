//! The scenario engine without a lab: loading, lint, and runs whose checks need none.

mod lint;
