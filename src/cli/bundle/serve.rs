//! `atelier bundle serve`: gives a bundle to a room over its own network, until it is ended.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use rand::Rng as _;
use serde_json::json;
use tokio::net::TcpListener;

use super::open::{megabytes, open};
use crate::artifacts::bundle::{Served, serve};
use crate::cli::global::Global;
use crate::error::{Failure, Kind};
use crate::ui::Mode;

/// Nobody guesses as many letters and digits.
const TOKEN_LENGTH: usize = 32;

/// Who reads as much of it is told of.
const TOLD: u64 = 1_000_000;

/// Give a bundle to a room, over its own network
///
/// Who knows the printed address can read the bundle, and nothing else; nobody can change anything.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The file
    file: PathBuf,
    /// This machine's address in the room's network, and a port; with port 0, a free one
    #[arg(long, value_name = "IP:PORT")]
    address: SocketAddr,
}

pub(super) async fn run(global: &Global, args: ServeArgs) -> Result<u8, Failure> {
    let bundle = open(&args.file.display().to_string()).await?;
    if args.address.ip().is_unspecified() {
        let text = format!("`{}` is every network of this machine", args.address.ip());
        return Err(Failure::new(Kind::Arguments, text)
            .hint("name the address that the room's network knows this machine by"));
    }
    let listener = TcpListener::bind(args.address).await.map_err(|error| {
        Failure::new(Kind::Machine, format!("nothing can be served at `{}`: {error}", args.address))
            .hint("name an address of this machine's own and a port that no other program has")
    })?;
    let address = listener.local_addr().map_err(|error| Failure::new(Kind::Machine, error))?;
    let token = rand::rng().sample_iter(rand::distr::Alphanumeric).take(TOKEN_LENGTH).map(char::from);
    let token = token.collect::<String>();
    let url = format!("http://{address}/{token}");
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"address": url, "digest": bundle.digest(), "bytes": bundle.length()}));
    } else {
        global.ui.data(&format!("{url}\n"));
        global.ui.talk(&format!(
            "{} for workshop {}; `atelier bundle card ADDRESS` prints a card; Ctrl-C ends it",
            megabytes(bundle.length()),
            bundle.index().workshop
        ));
    }
    let events = global.ui.events();
    let tell = move |who: SocketAddr, begin: u64, end: u64| {
        // Of small parts there are hundreds.
        if begin > 0 && end - begin < TOLD {
            return;
        }
        events.note(format!("{} reads {} from byte {begin}", who.ip(), megabytes(end - begin)));
    };
    let served = Served { file: args.file, token, tell: Box::new(tell) };
    tokio::select! {
        served = serve(listener, served) => served?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(0)
}
