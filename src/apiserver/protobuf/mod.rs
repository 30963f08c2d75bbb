//! Reads objects that clients send in Kubernetes' binary encoding: kubectl and Go controllers prefer it for built-in
//! kinds. Answers are never written in it: every such client takes JSON as well.
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding>

mod decode;
mod messages;
mod wire;

pub(crate) use decode::{Undecodable, object};
