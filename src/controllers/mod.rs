//! Reconcilers, one file or folder per kind.
