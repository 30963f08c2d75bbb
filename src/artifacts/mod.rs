//! Source artefacts: the archives that sources store and reconcilers read.
