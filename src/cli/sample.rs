//! `atelier sample NAME`: is a sample application, in a container of a real cluster. Nobody types it.

use std::sync::Arc;

use clap::{Args, Subcommand};

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::samples::{Error, Log, PORT, Probe, Service, Surroundings, jukebox, postcard};

/// Be a sample application
#[derive(Debug, Args)]
pub(super) struct SampleArgs {
    #[command(subcommand)]
    sample: Sample,
}

#[derive(Debug, Subcommand)]
enum Sample {
    /// Be Postcard, a site that shows what it was told
    Postcard,
    /// Be Jukebox, an API with a Redis beside it
    Jukebox,
    /// Ask an address once, and end with 0 or 1
    Probe {
        /// The address, then `--status CODE` that is expected (200), `--contains TEXT` that must be in the answer,
        /// `--within SECONDS` for which somebody who does not answer is asked again (10), `--print` to show the answer
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "URL")]
        words: Vec<String>,
    },
}

pub(super) async fn run(global: &Global, args: SampleArgs) -> Result<u8, Failure> {
    let ours = |name: &str| name.starts_with("POSTCARD_") || name.starts_with("JUKEBOX_");
    let environment = std::env::vars().filter(|(name, _)| ours(name)).collect();
    let ui = global.ui.clone();
    let log: Log = Arc::new(move |line| ui.data(&format!("{line}\n")));
    let around = Surroundings::of_process(environment, log);
    match args.sample {
        Sample::Postcard => serve(postcard::service(&around)).await,
        Sample::Jukebox => serve(jukebox::service(&around)).await,
        Sample::Probe { words } => {
            let probe = Probe::parse(&words).map_err(|reason| Failure::new(Kind::Arguments, reason))?;
            Ok(probe.run(&around).await)
        }
    }
}

async fn serve(service: Result<Service, Error>) -> Result<u8, Failure> {
    let machine = |error| Failure::new(Kind::Machine, error);
    let service = service.map_err(|error| Failure::new(Kind::Arguments, error))?;
    // A container's address is its network's: this is the one place that listens beyond loopback.
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", PORT)).await.map_err(machine)?;
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(machine)?;
    let stopping = service.clone();
    let end = async move {
        terminate.recv().await;
        stopping.tell_stop();
    };
    let crash = async {
        match service.crash() {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    let served = axum::serve(listener, service.router.clone()).with_graceful_shutdown(end);
    tokio::select! {
        served = served.into_future() => served.map(|()| 0).map_err(machine),
        () = crash => {
            service.tell_crash();
            Ok(1)
        }
    }
}
