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
use super::super::network::Network;
use super::command::{Plan, Step, is_simulated};
use super::environment::expand;
use super::logs::Logs;
use super::mounts::Files;
use super::redis::Redis;
use super::site;
use crate::objects::Behaviour;
use crate::samples::{PORT, Probe, Service, Surroundings, jukebox, postcard};

/// What a program finds around it when it is started.
pub(super) struct Start {
    pub(super) environment: BTreeMap<String, String>,
    pub(super) files: Files,
    pub(super) namespace: String,
    pub(super) network: Network,
    pub(super) logs: Arc<Logs>,
}

/// A program that was started.
#[derive(Clone, Debug)]
pub(in super::super) enum Program {
    /// Its inside is not simulated. It counts as listening on the ports that the container declares.
    Idle { ports: Vec<i32> },
    /// It does some things and ends.
    Task { plan: Plan, logs: Arc<Logs> },
    /// It answers HTTP on one port.
    Site { port: u16, router: Router },
    /// A sample of ours, which answers HTTP, too.
    Sample(Service),
    /// It asks somebody else, and ends.
    Probe { probe: Probe, around: Surroundings },
    /// It keeps what it is given.
    Redis(Redis),
}

impl Program {
    /// Starts what an image of this version does; the error is an exit code.
    pub(super) fn start(found: &Found, tag: &str, container: &Container, start: Start) -> Result<Self, i32> {
        let contents = found.contents.as_deref();
        let Start { mut environment, files, namespace, network, logs } = start;
        for (name, value) in contents.iter().flat_map(|contents| &contents.environment) {
            environment.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let words = words(container, contents);
        let words = words.iter().map(|word| expand(word, &environment)).collect::<Vec<_>>();
        let given = container.command.as_ref().and_then(|command| command.first());
        let replaced =
            given.is_some_and(|program| is_simulated(program.rsplit('/').next().unwrap_or_default()));
        let ours = matches!(found.behaviour, Behaviour::Postcard | Behaviour::Jukebox);
        if found.behaviour == Behaviour::Task || ((contents.is_some() || ours) && replaced) {
            return Ok(Self::Task { plan: Plan::of(&words, &environment), logs });
        }
        if ours {
            // A real image has its version baked in, where only a deliberate setting replaces it.
            let version = contents.and_then(|contents| contents.version.as_deref()).unwrap_or(tag);
            for name in ["POSTCARD_VERSION", "JUKEBOX_VERSION"] {
                environment.entry(name.to_owned()).or_insert_with(|| version.to_owned());
            }
            let around = surroundings(environment, files, namespace, network, logs);
            return sample(found.behaviour, &words, around);
        }
        if found.behaviour == Behaviour::Redis {
            logs.add("* Ready to accept connections tcp");
            return Ok(Self::Redis(Redis::default()));
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
            Self::Task { .. } | Self::Probe { .. } => false,
            Self::Site { port: own, .. } => i32::from(*own) == port,
            Self::Sample(_) => i32::from(PORT) == port,
            Self::Redis(_) => i32::from(Redis::PORT) == port,
        }
    }

    /// Told when its container has been ended.
    pub(in super::super) fn end(&self) {
        match self {
            Self::Sample(service) if service.crash().is_none() => service.tell_stop(),
            Self::Redis(redis) => redis.end(),
            _ => {}
        }
    }

    /// Does what there is to do, and returns the exit code; goes on for ever where there is no end to it.
    pub(super) async fn finish(&self, clock: &Clock) -> i32 {
        match self {
            Self::Task { plan, logs } => {
                for step in &plan.steps {
                    match step {
                        Step::Say(line) => logs.add(line),
                        Step::Wait(time) => clock.wait(*time).await,
                    }
                }
                plan.code
            }
            Self::Probe { probe, around } => probe.run(around).await.into(),
            Self::Sample(service) => match service.crash() {
                Some(time) => {
                    clock.wait(time).await;
                    service.tell_crash();
                    1
                }
                None => std::future::pending().await,
            },
            _ => std::future::pending().await,
        }
    }

    /// Serves a connection to its port to the end, if its inside is simulated.
    pub(in super::super) fn serve(
        &self,
        io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Option<BoxFuture<'static, ()>> {
        let router = match self {
            Self::Site { router, .. } | Self::Sample(Service { router, .. }) => router,
            Self::Redis(redis) => return Some(Box::pin(redis.clone().serve(io))),
            _ => return None,
        };
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
            Self::Idle { .. } | Self::Task { .. } | Self::Probe { .. } | Self::Redis(_) => None,
            Self::Site { router, .. } | Self::Sample(Service { router, .. }) => {
                match router.clone().oneshot(request).await {
                    Ok(response) => Some(response),
                    Err(never) => match never {},
                }
            }
        }
    }
}

/// Starts the sample that the command line names, else the image's own.
fn sample(behaviour: Behaviour, words: &[String], around: Surroundings) -> Result<Program, i32> {
    let at = words.iter().position(|word| word == "sample");
    let named = at.map(|at| &words[at + 1..]).and_then(<[String]>::split_first);
    let service = match named {
        Some((name, rest)) if name == "probe" => {
            return match Probe::parse(rest) {
                Ok(probe) => Ok(Program::Probe { probe, around }),
                Err(reason) => {
                    (around.log)(format!("error: {reason}"));
                    Err(2)
                }
            };
        }
        Some((name, _)) if name == "jukebox" => jukebox::service(&around),
        Some((name, _)) if name == "postcard" => postcard::service(&around),
        _ if behaviour == Behaviour::Jukebox => jukebox::service(&around),
        _ => postcard::service(&around),
    };
    service.map(Program::Sample).map_err(|_| 1)
}

fn surroundings(
    environment: BTreeMap<String, String>,
    files: Files,
    namespace: String,
    network: Network,
    logs: Arc<Logs>,
) -> Surroundings {
    Surroundings {
        environment,
        read_file: Arc::new(move |path| {
            files.get(path).cloned().ok_or_else(|| std::io::Error::from_raw_os_error(NO_SUCH_FILE))
        }),
        dial: Arc::new(move |address| {
            let (network, namespace) = (network.clone(), namespace.clone());
            Box::pin(async move { network.dial(&namespace, &address).await })
        }),
        log: Arc::new(move |line| logs.add(&line)),
    }
}

/// The operating system's number for it.
const NO_SUCH_FILE: i32 = rustix::io::Errno::NOENT.raw_os_error();

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
