//! What runs in a simulated container.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use k8s_openapi::api::core::v1::Container;
use tower::ServiceExt as _;

use super::super::images::Reference;
use super::logs::Logs;
use crate::objects::Behaviour;
use crate::samples::postcard;

/// A program that was started.
#[derive(Clone, Debug)]
pub(in super::super) enum Program {
    /// Its inside is not simulated. It counts as listening on the ports that the container declares.
    Idle { ports: Vec<i32> },
    /// It answers HTTP on one port.
    Site { port: u16, router: Router },
}

impl Program {
    /// Starts what `behaviour` says; the error is an exit code.
    pub(super) fn start(
        behaviour: Behaviour,
        image: &Reference,
        container: &Container,
        mut environment: BTreeMap<String, String>,
        logs: &Arc<Logs>,
    ) -> Result<Self, i32> {
        match behaviour {
            Behaviour::Idle => {
                let ports = container.ports.iter().flatten().map(|port| port.container_port).collect();
                Ok(Self::Idle { ports })
            }
            Behaviour::Postcard => {
                // A real image has its version baked in, where only a deliberate setting replaces it.
                environment.entry("POSTCARD_VERSION".to_owned()).or_insert_with(|| image.tag().to_owned());
                let logs = Arc::clone(logs);
                let router =
                    postcard::router(&environment, Arc::new(move |line| logs.add(&line))).map_err(|_| 1)?;
                Ok(Self::Site { port: postcard::PORT, router })
            }
        }
    }

    /// Whether something listens on the port.
    pub(in super::super) fn listens_on(&self, port: i32) -> bool {
        match self {
            Self::Idle { ports } => ports.contains(&port),
            Self::Site { port: own, .. } => i32::from(*own) == port,
        }
    }

    /// The answer of an HTTP server in it, if there is one whose inside is simulated.
    pub(in super::super) async fn answer(&self, request: Request<Body>) -> Option<Response<Body>> {
        match self {
            Self::Idle { .. } => None,
            Self::Site { router, .. } => match router.clone().oneshot(request).await {
                Ok(response) => Some(response),
                Err(never) => match never {},
            },
        }
    }
}
