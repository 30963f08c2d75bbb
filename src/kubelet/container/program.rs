//! What runs in a simulated container.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use futures::future::BoxFuture;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use k8s_openapi::api::core::v1::Container;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt as _;

use super::super::clock::Clock;
use super::super::images::Reference;
use super::command::{Plan, Step};
use super::logs::Logs;
use crate::objects::Behaviour;
use crate::samples::postcard;

/// A program that was started.
#[derive(Clone, Debug)]
pub(in super::super) enum Program {
    /// Its inside is not simulated. It counts as listening on the ports that the container declares.
    Idle { ports: Vec<i32> },
    /// It does some things and ends.
    Task { plan: Plan, logs: Arc<Logs> },
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
            Behaviour::Task => {
                let words = container.command.iter().chain(&container.args).flatten();
                Ok(Self::Task { plan: Plan::of(&words.cloned().collect::<Vec<_>>()), logs: Arc::clone(logs) })
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
            Self::Task { .. } => false,
            Self::Site { port: own, .. } => i32::from(*own) == port,
        }
    }

    /// Does what there is to do, and returns the exit code; goes on for ever where there is no end to it.
    pub(super) async fn finish(&self, clock: Clock) -> i32 {
        let Self::Task { plan, logs } = self else { return std::future::pending().await };
        for step in &plan.steps {
            match step {
                Step::Say(line) => logs.add(line),
                Step::Wait(time) => clock.wait(*time).await,
            }
        }
        plan.code
    }

    /// Serves a connection to its port to the end, if its inside is simulated.
    pub(in super::super) fn serve(
        &self,
        io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Option<BoxFuture<'static, ()>> {
        let Self::Site { router, .. } = self else { return None };
        let mut server = Builder::new(TokioExecutor::new()).http1_only();
        // A client may send its last request and say that it was the last.
        server.http1().half_close(true);
        let router = TowerToHyperService::new(router.clone());
        Some(Box::pin(async move {
            if let Err(error) = server.serve_connection(TokioIo::new(io), router).await {
                tracing::debug!(error, "a connection to a program ended");
            }
        }))
    }

    /// The answer of an HTTP server in it, if there is one whose inside is simulated.
    pub(in super::super) async fn answer(&self, request: Request<Body>) -> Option<Response<Body>> {
        match self {
            Self::Idle { .. } | Self::Task { .. } => None,
            Self::Site { router, .. } => match router.clone().oneshot(request).await {
                Ok(response) => Some(response),
                Err(never) => match never {},
            },
        }
    }
}
