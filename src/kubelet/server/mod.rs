//! The kubelet's HTTP server: what the API server dials for logs, for port-forwards and for the programs in Pods. Plain HTTP on the
//! loopback interface, with a bearer token.

mod container_logs;
mod exec;
mod pod_proxy;
mod port_forward;
mod router;
mod spdy;
mod stream;
mod websocket;

pub(super) use router::serve;
