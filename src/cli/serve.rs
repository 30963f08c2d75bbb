//! `atelier serve`: is the background process of a lab on the embedded platform. `up` starts it; nobody types it.

use clap::Args;
use tracing_subscriber::EnvFilter;

use super::global::Global;
use super::material;
use crate::error::Failure;
use crate::platform::embedded::{self, ServeConfig};

/// Be the background process of a lab
#[derive(Debug, Args)]
pub(super) struct ServeArgs {}

pub(super) async fn run(global: &Global, _args: ServeArgs) -> Result<u8, Failure> {
    let filter = EnvFilter::try_from_env("ATELIER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr).init();
    let (folder, spec) = global.existing_lab()?;
    let config = ServeConfig {
        folder: folder.platform(),
        images: spec.images,
        operator: material::operator_images(),
        forge: None,
        beside: axum::Router::new(),
    };
    embedded::serve(config).await?;
    Ok(0)
}
