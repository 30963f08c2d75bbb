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
use super::super::images::{Contents, Found};
use super::command::{Plan, Step, is_simulated};
use super::environment::expand;
use super::logs::Logs;
use super::site;
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
    /// Starts what an image of this version does; the error is an exit code.
    pub(super) fn start(
        found: &Found,
        tag: &str,
        container: &Container,
        mut environment: BTreeMap<String, String>,
        logs: &Arc<Logs>,
    ) -> Result<Self, i32> {
        let contents = found.contents.as_deref();
        for (name, value) in contents.iter().flat_map(|contents| &contents.environment) {
            environment.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let logs = Arc::clone(logs);
        let words = words(container, contents);
        let given = container.command.as_ref().and_then(|command| command.first());
        let replaced =
            given.is_some_and(|program| is_simulated(program.rsplit('/').next().unwrap_or_default()));
        if found.behaviour == Behaviour::Task || (contents.is_some() && replaced) {
            let words = words.iter().map(|word| expand(word, &environment)).collect::<Vec<_>>();
            return Ok(Self::Task { plan: Plan::of(&words, &environment), logs });
        }
        if found.behaviour == Behaviour::Postcard {
            // A real image has its version baked in, where only a deliberate setting replaces it.
            let version = contents.and_then(|contents| contents.version.as_deref()).unwrap_or(tag);
            environment.entry("POSTCARD_VERSION".to_owned()).or_insert_with(|| version.to_owned());
            let router =
                postcard::router(&environment, Arc::new(move |line| logs.add(&line))).map_err(|_| 1)?;
            return Ok(Self::Site { port: postcard::PORT, router });
        }
        if let (Some(contents), Some(site)) = (&found.contents, contents.and_then(|it| it.site.as_ref())) {
            let router = site::router(Arc::clone(contents), logs);
            return Ok(Self::Site { port: site.port, router });
        }
        let declared = container.ports.iter().flatten().map(|port| port.container_port);
        let exposed = contents.iter().flat_map(|contents| contents.ports.iter().copied());
        Ok(Self::Idle { ports: declared.chain(exposed).collect() })
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
    pub(super) async fn finish(&self, clock: &Clock) -> i32 {
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

/// The command line: a container's command replaces the image's entry point and its arguments.
fn words(container: &Container, contents: Option<&Contents>) -> Vec<String> {
    let own = |contents: Option<&Contents>, of: fn(&Contents) -> &Vec<String>| {
        contents.map(|contents| of(contents).clone()).unwrap_or_default()
    };
    let (command, arguments) = match (&container.command, &container.args) {
        (Some(command), arguments) => (command.clone(), arguments.clone().unwrap_or_default()),
        (None, Some(arguments)) => (own(contents, |it| &it.entrypoint), arguments.clone()),
        (None, None) => (own(contents, |it| &it.entrypoint), own(contents, |it| &it.arguments)),
    };
    command.into_iter().chain(arguments).collect()
}
