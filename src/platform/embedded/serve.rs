//! The background process: takes its lock, opens its ports, starts servers, nodes and reconcilers, says one word
//! on standard output, and works until it is told to end.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::operator::{self, Receiving};
use super::prompt::Prompt;
use super::start::Word;
use super::{Folder, Ports, hooks, tempo};
use crate::accounts::{Authority, Identity, NewUser, Users};
use crate::apiserver::{self, ApiServer};
use crate::artifacts::Storage;
use crate::controllers::{self, Context};
use crate::forge::{self, Forge};
use crate::kubelet;
use crate::objects::{Behaviour, Image};
use crate::platform::administration::ADMINISTRATOR;
use crate::platform::files::file_error;
use crate::platform::{Error, FORGE_HOST, audit};
use crate::registry::{self, Registry};

/// How long requests that are under way may take when the servers are told to end. Watches and streams of pushes have
/// no end of their own, and every acknowledged write is safe at any time.
const GRACE: Duration = Duration::from_millis(500);

/// How often the health of applied objects is looked at. Flux's five seconds are for clusters far away, whose Pods
/// take as long; here a look costs nothing and Pods are ready within one.
const HEALTH_INTERVAL: Duration = Duration::from_millis(200);

/// As whom nodes, controllers and the program itself work.
const OWN: [&str; 1] = ["system:admin"];

/// What the process is to be.
pub struct ServeConfig {
    /// Where it keeps everything.
    pub folder: PathBuf,
    /// The workshop's image catalogue.
    pub images: Vec<Image>,
    /// The operator's images, which run and answer nothing.
    pub operator: Vec<String>,
    /// Where the lab's forge is, when another process is the forge.
    pub forge: Option<String>,
    /// Paths of the Kubernetes API that somebody else answers; none in a lab of ours.
    pub beside: axum::Router,
}

/// Works until SIGTERM or SIGINT. Its first word, ready or not, goes to standard output for who started it.
pub async fn serve(config: ServeConfig) -> Result<(), Error> {
    let shutdown = CancellationToken::new();
    let mut parts = JoinSet::new();
    match start(&config, &shutdown, &mut parts).await {
        Ok(lock) => {
            say(&Word::Ready);
            wait_for_end(&mut parts).await;
            shutdown.cancel();
            let end = async { while parts.join_next().await.is_some() {} };
            if tokio::time::timeout(GRACE, end).await.is_err() {
                tracing::warn!("some connections did not end in time");
            }
            drop(lock);
            Ok(())
        }
        Err(error) => {
            let port = match &error {
                Error::PortTaken { port, what, .. } => Some((*port, what.clone())),
                _ => None,
            };
            say(&Word::Failed { message: chain(&error), port });
            Err(error)
        }
    }
}

/// A part that ends by itself ends the whole; whoever looks next sees a stopped lab and its log.
async fn wait_for_end(parts: &mut JoinSet<()>) {
    let (Ok(mut terminate), Ok(mut interrupt), Ok(_hangup)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
    else {
        return;
    };
    // A hang-up is taken and forgotten: the lab outlives the terminal that it was started from.
    tokio::select! {
        _ = terminate.recv() => tracing::info!("told to end"),
        _ = interrupt.recv() => tracing::info!("interrupted"),
        _ = parts.join_next() => tracing::error!("a server ended by itself"),
    }
}

async fn start(
    config: &ServeConfig,
    shutdown: &CancellationToken,
    parts: &mut JoinSet<()>,
) -> Result<std::fs::File, Error> {
    let folder = Folder::new(&config.folder);
    folder.create()?;
    let lock = take_lock(&folder).await?;
    let secrets = folder.secrets()?;
    let authority = Authority::open(&folder.join("pki"))?;
    let listeners = Listeners::open(&folder)?;
    let kubelet_listener = bind(0, "simulated nodes")?;

    let api = apiserver::Config {
        data: folder.join("kubernetes"),
        kubelet_token: secrets.kubelet.clone(),
        ca_certificate: authority.certificate().to_owned(),
        audit: Some(apiserver::Audit { log: folder.audit_log(), policy: audit::policy(&OWN) }),
    };
    let api = ApiServer::open(api).await.map_err(|source| failed("API server", source))?;
    let users = Users::open(&folder.join("users.json")).map_err(|source| failed("user store", source))?;
    let users = Arc::new(users);
    ensure_administrator(&users, &secrets.forge_administrator)?;
    let registry =
        registry::Config { data: folder.registry(), users: Arc::clone(&users), name: FORGE_HOST.to_owned() };
    let registry = Registry::open(registry).await.map_err(|source| failed("registry", source))?;
    let forge = forge::Config { data: folder.join("forge"), users, name: FORGE_HOST.to_owned() };
    let forge = Forge::open(forge).await.map_err(|source| failed("forge", source))?;
    forge.show_packages(Arc::new(registry.clone()));
    let artifacts =
        Storage::open(&folder.join("artifacts")).map_err(|source| failed("artefact store", source))?;

    let own = || format!("127.0.0.1:{}", listeners.ports.forge);
    let forge_address = config.forge.clone().unwrap_or_else(own);
    let context = controllers(&api, artifacts, forge_address);
    let receiving = Receiving::default();
    let notifier = (context.impersonate)(operator::NAMESPACE, operator::NOTIFICATION_CONTROLLER);
    let hooks = hooks::router(controllers::receiver_router(notifier), receiving.clone());
    let administrator = api.client(Identity::administrator());
    let clock = kubelet::Clock::default();
    let waits = context.clock.clone();
    parts.spawn(tempo::run(folder.clone(), administrator.clone(), waits, clock.clone(), shutdown.clone()));
    let kubelet = kubelet::Config {
        client: administrator.clone(),
        images: images(config),
        registry: Some(kubelet::Registry { name: FORGE_HOST.to_owned(), router: registry.router() }),
        token: secrets.kubelet,
        listener: kubelet_listener,
        nodes: vec!["workshop-1".to_owned()],
        clock,
    };

    let (router, end) = (config.beside.clone().merge(api.router()), shutdown.clone());
    parts.spawn(async move {
        report("API server", apiserver::serve(router, listeners.kubernetes, &authority, end).await);
    });
    let served = forge.router().merge(registry.router());
    parts.spawn(http("forge", served, listeners.forge, shutdown.clone()));
    parts.spawn(http("webhooks", hooks, listeners.hooks, shutdown.clone()));
    let end = shutdown.clone();
    parts.spawn(async move { report("simulated nodes", kubelet::run(kubelet, end).await) });
    parts.spawn(controllers::run_workload_controllers(administrator.clone(), shutdown.clone()));
    parts.spawn(operator::run(administrator, context, receiving, shutdown.clone()));
    Ok(lock)
}

/// The lock is held as long as the file is open. A command that looks whether we run holds it for an instant.
async fn take_lock(folder: &Folder) -> Result<std::fs::File, Error> {
    let path = folder.lock_path();
    let file = folder.lock_file()?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
    let locked = tokio::time::timeout(Duration::from_secs(2), locked).await;
    let taken = || std::io::Error::new(std::io::ErrorKind::WouldBlock, "another process of this lab runs");
    let locked = locked.map_err(|_| file_error(&path, taken()))?;
    let mut file =
        locked.map_err(std::io::Error::other).flatten().map_err(|source| file_error(&path, source))?;
    let written = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    written.map_err(|source| file_error(&path, source))?;
    Ok(file)
}

struct Listeners {
    ports: Ports,
    kubernetes: TcpListener,
    forge: TcpListener,
    hooks: TcpListener,
}

impl Listeners {
    /// The ports that the lab has had from its first start, or free ones, which it keeps then.
    fn open(folder: &Folder) -> Result<Self, Error> {
        let known = folder.ports();
        let wanted = known.unwrap_or(Ports { kubernetes: 0, forge: 0, hooks: 0 });
        let kubernetes = bind(wanted.kubernetes, "Kubernetes API")?;
        let forge = bind(wanted.forge, "forge")?;
        let hooks = bind(wanted.hooks, "webhooks")?;
        let port =
            |listener: &TcpListener| listener.local_addr().map(|address| address.port()).unwrap_or_default();
        let ports = Ports { kubernetes: port(&kubernetes), forge: port(&forge), hooks: port(&hooks) };
        if known.is_none() {
            folder.keep_ports(ports)?;
        }
        Ok(Self { ports, kubernetes, forge, hooks })
    }
}

fn bind(port: u16, what: &str) -> Result<TcpListener, Error> {
    let taken = |source| Error::PortTaken { port, what: what.to_owned(), source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(taken)?;
    listener.set_nonblocking(true).map_err(taken)?;
    Ok(listener)
}

fn ensure_administrator(users: &Users, password: &str) -> Result<(), Error> {
    if users.get(ADMINISTRATOR).is_some() {
        return Ok(());
    }
    let administrator = NewUser {
        login: ADMINISTRATOR.to_owned(),
        full_name: "Workshop".to_owned(),
        email: format!("{ADMINISTRATOR}@atelier.internal"),
        password: Some(password.to_owned()),
        is_admin: true,
    };
    users.create(administrator).map(|_| ()).map_err(|source| failed("user store", source))
}

fn controllers(api: &ApiServer, artifacts: Storage, forge: String) -> Context {
    let impersonating = api.clone();
    Context {
        client: api.client(Identity::administrator()),
        impersonate: Arc::new(move |namespace: &str, name: &str| {
            impersonating.client(Identity::service_account(namespace, name))
        }),
        artifacts,
        clock: controllers::Clock::real(),
        health_interval: HEALTH_INTERVAL,
        resolve: Arc::new(move |host: &str| if host == FORGE_HOST { forge.clone() } else { host.to_owned() }),
    }
}

fn images(config: &ServeConfig) -> Vec<Image> {
    let operator = config.operator.iter().filter_map(|image| image.rsplit_once(':'));
    let operator = operator.map(|(reference, tag)| Image {
        reference: reference.to_owned(),
        tags: vec![tag.to_owned()],
        behaviour: Behaviour::Idle,
    });
    config.images.iter().cloned().chain(operator).collect()
}

async fn http(what: &'static str, router: axum::Router, listener: TcpListener, shutdown: CancellationToken) {
    let work = async {
        let listener = Prompt(tokio::net::TcpListener::from_std(listener)?);
        axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
    };
    report(what, work.await);
}

fn report<E: std::error::Error>(what: &str, result: Result<(), E>) {
    if let Err(error) = result {
        tracing::error!(part = what, error = chain(&error), "ended");
    }
}

fn failed(server: &str, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Server { server: server.to_owned(), source: Box::new(source) }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// Nobody may read it any more, when the command that started us was killed.
fn say(word: &Word) {
    let line = serde_json::to_string(word).unwrap_or_default();
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
