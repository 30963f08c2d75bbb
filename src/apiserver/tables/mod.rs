//! Tables for `kubectl get`.
