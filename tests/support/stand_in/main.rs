//! The stand-ins: what plays k3d, the nodes of a cluster and Gitea where tests have a Docker engine and nothing else.
//! One program, which is whatever it is called: links in the images and in a test's folder give it its names. None of
//! it is in the program that people get. What each one keeps of the real thing, and what it does not, is said in its
//! file.
#![expect(clippy::unwrap_used, reason = "a stand-in that cannot go on must fail, with the place")]

mod certificates;
mod cluster;
mod config;
mod ctr;
mod gitea;
mod images;
mod k3d;
mod node;
mod said;

use std::path::Path;
use std::process::ExitCode;

/// Why a stand-in cannot do what it is asked to, in words.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Chosen by the name that the program is called by.
fn main() -> ExitCode {
    // As in the program that people get.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut words = std::env::args();
    let called = words.next().unwrap_or_default();
    let words = words.collect::<Vec<_>>();
    let words = words.iter().map(String::as_str).collect::<Vec<_>>();
    let name = Path::new(&called).file_name().unwrap_or_default().to_string_lossy();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match name.as_ref() {
        "k3d" => ExitCode::from(runtime.block_on(k3d::run(&words))),
        "k3s" => ended("k3s", runtime.block_on(node::run(&words))),
        "ctr" => ended("ctr", ctr::run(&words)),
        "gitea" => ended("gitea", runtime.block_on(gitea::run(&words))),
        _ => ended("stand-in", runtime.block_on(images::run(&words))),
    }
}

fn ended(name: &str, result: Result<(), Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            said::to_stderr(&format!("{name}: {error}"));
            ExitCode::FAILURE
        }
    }
}
