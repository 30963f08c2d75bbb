//! `atelier sample NAME`: is a sample application, in a container of a real cluster. Nobody types it.

use std::sync::Arc;

use clap::Args;

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::samples::postcard;

/// Be a sample application
#[derive(Debug, Args)]
pub(super) struct SampleArgs {
    /// Which
    #[arg(value_parser = ["postcard"])]
    name: String,
}

pub(super) async fn run(global: &Global, args: SampleArgs) -> Result<u8, Failure> {
    let machine = |error| Failure::new(Kind::Machine, error);
    global.ui.talk(&format!("sample {}", args.name));
    let environment = std::env::vars().filter(|(name, _)| name.starts_with("POSTCARD_")).collect();
    let ui = global.ui.clone();
    let log: postcard::Log = Arc::new(move |line| ui.data(&format!("{line}\n")));
    let router = postcard::router(&environment, log).map_err(|error| Failure::new(Kind::Arguments, error))?;
    // A container's address is its network's: this is the one place that listens beyond loopback.
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", postcard::PORT)).await.map_err(machine)?;
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(machine)?;
    let end = async move {
        terminate.recv().await;
    };
    axum::serve(listener, router).with_graceful_shutdown(end).await.map_err(machine)?;
    Ok(0)
}
