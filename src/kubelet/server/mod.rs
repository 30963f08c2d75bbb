//! The kubelet's HTTP server: what the API server dials for logs and for the programs in Pods. Plain HTTP on the
//! loopback interface, with a bearer token.

mod container_logs;
mod pod_proxy;
mod router;

pub(super) use router::serve;
