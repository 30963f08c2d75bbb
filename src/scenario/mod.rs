//! Scenario files: model, lint, run.
