//! `POST /{owner}/{repo}/git-upload-pack`: clone and fetch. The pack is streamed as libgit2 makes it.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use git2::Oid;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::super::server::Shared;
use super::packet::{self, Band};
use super::selection::{self, Boundary};
use super::service::{Failure, GitCaller, Service, find, headers, require_content_type};
use super::upload_request::UploadRequest;
use super::{body, negotiation};

/// The lists of a request, decompressed.
const REQUEST_LIMIT: u64 = 32 << 20;
/// Chunks that wait for a slow client.
const WAITING: usize = 16;
/// libgit2 gives its pack in small pieces; they are sent together.
const CHUNK: usize = 64 << 10;

pub(crate) async fn upload_pack(
    State(shared): State<Arc<Shared>>,
    Path((owner, name)): Path<(String, String)>,
    GitCaller(caller): GitCaller,
    request_headers: HeaderMap,
    request_body: Body,
) -> Result<(HeaderMap, Body), Failure> {
    require_content_type(&request_headers, Service::UploadPack)?;
    let (repository, _) = find(&shared, &caller, &owner, &name, Service::UploadPack)?;
    let input = body::reader(&request_headers, request_body, REQUEST_LIMIT);
    let request = tokio::task::spawn_blocking(move || UploadRequest::read(&mut input())).await;
    let request = request.map_err(|_| Failure::Internal)?;
    let request = request.map_err(|error| Failure::Request { reason: error.to_string() })?;
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut out = Out { sender, buffer: Vec::new() };
        let band = request.band;
        let answered = repository.open().and_then(|git| answer(&git, &request, &mut out));
        if let Err(error) = answered {
            tracing::warn!("fetch ended: {error}");
            match band {
                Some(limit) => {
                    packet::write_band(&mut out.buffer, Band::Fatal, error.message().as_bytes(), limit);
                }
                None => packet::write(&mut out.buffer, format!("ERR {}", error.message())),
            }
        }
        out.flush();
    });
    let stream = ReceiverStream::new(receiver).map(Ok::<_, io::Error>);
    Ok((headers(Service::UploadPack, "result"), Body::from_stream(stream)))
}

struct Out {
    sender: mpsc::Sender<Bytes>,
    buffer: Vec<u8>,
}

impl Out {
    /// False when the client is gone.
    fn flush(&mut self) -> bool {
        let chunk = Bytes::from(std::mem::take(&mut self.buffer));
        chunk.is_empty() || self.sender.blocking_send(chunk).is_ok()
    }
}

fn answer(git: &git2::Repository, request: &UploadRequest, out: &mut Out) -> Result<(), git2::Error> {
    for want in &request.wants {
        if !is_offered(git, *want)? {
            packet::write(&mut out.buffer, format!("ERR upload-pack: not our ref {want}"));
            return Ok(());
        }
    }
    let boundary = selection::boundary(git, request)?;
    if request.deepens() {
        // No line feeds here: libgit2 as a client takes none.
        boundary.shallow.iter().for_each(|id| packet::write(&mut out.buffer, format!("shallow {id}")));
        boundary.unshallow.iter().for_each(|id| packet::write(&mut out.buffer, format!("unshallow {id}")));
        out.buffer.extend_from_slice(packet::FLUSH);
    }
    if request.only_boundary || request.wants.is_empty() {
        return Ok(());
    }
    let round = negotiation::negotiate(git, request, &mut out.buffer)?;
    if round.send { send(git, request, &boundary, &round.common, out) } else { Ok(()) }
}

/// Whether the object is at, or behind, a reference.
fn is_offered(git: &git2::Repository, want: Oid) -> Result<bool, git2::Error> {
    let tips: Vec<Oid> = git.references()?.flatten().filter_map(|reference| reference.target()).collect();
    if tips.contains(&want) {
        return Ok(true);
    }
    let commits = tips.iter().filter_map(|&tip| git.find_object(tip, None).ok()?.peel_to_commit().ok());
    Ok(git.find_commit(want).is_ok()
        && commits
            .into_iter()
            .any(|tip| tip.id() == want || git.graph_descendant_of(tip.id(), want).unwrap_or(false)))
}

fn send(
    git: &git2::Repository,
    request: &UploadRequest,
    boundary: &Boundary,
    common: &[Oid],
    out: &mut Out,
) -> Result<(), git2::Error> {
    let mut pack = git.packbuilder()?;
    selection::select(git, request, boundary, common, &mut pack)?;
    let mut part = Vec::with_capacity(CHUNK);
    pack.foreach(|bytes| {
        part.extend_from_slice(bytes);
        part.len() < CHUNK || emit(out, &mut part, request.band)
    })?;
    emit(out, &mut part, request.band);
    if request.band.is_some() {
        out.buffer.extend_from_slice(packet::FLUSH);
    }
    Ok(())
}

fn emit(out: &mut Out, part: &mut Vec<u8>, band: Option<usize>) -> bool {
    match band {
        Some(limit) => packet::write_band(&mut out.buffer, Band::Data, part, limit),
        None => out.buffer.extend_from_slice(part),
    }
    part.clear();
    out.flush()
}
