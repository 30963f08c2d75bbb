//! `GET /{owner}/{repo}/info/refs?service=…`: the references and what the server can do.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use git2::Oid;
use serde::Deserialize;

use super::super::server::Shared;
use super::service::{Failure, GitCaller, Service, find, headers};
use super::{AGENT, packet};

#[derive(Deserialize)]
pub(crate) struct Parameters {
    service: Option<String>,
}

pub(crate) async fn info_refs(
    State(shared): State<Arc<Shared>>,
    Path((owner, name)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    GitCaller(caller): GitCaller,
) -> Result<(HeaderMap, Vec<u8>), Failure> {
    let service = match parameters.service.as_deref() {
        Some("git-upload-pack") => Service::UploadPack,
        Some("git-receive-pack") => Service::ReceivePack,
        Some(other) => return Err(Failure::Request { reason: format!("no such service: `{other}`") }),
        None => return Err(Failure::Dumb),
    };
    let (repository, _) = find(&shared, &caller, &owner, &name, service)?;
    let advertised = tokio::task::spawn_blocking(move || advertise(&repository.open()?, service)).await;
    let advertised = advertised.map_err(|_| Failure::Internal)?.map_err(|_| Failure::Internal)?;
    Ok((headers(service, "advertisement"), advertised))
}

fn advertise(git: &git2::Repository, service: Service) -> Result<Vec<u8>, git2::Error> {
    let mut out = Vec::new();
    packet::write(&mut out, format!("# service={}\n", service.name()));
    out.extend_from_slice(packet::FLUSH);
    let mut lines = references(git, service)?;
    if lines.is_empty() {
        lines.push((Oid::ZERO_SHA1, "capabilities^{}".to_owned()));
    }
    for (index, (id, name)) in lines.into_iter().enumerate() {
        let line = match index {
            0 => format!("{id} {name}\0{}\n", capabilities(git, service)),
            _ => format!("{id} {name}\n"),
        };
        packet::write(&mut out, line);
    }
    out.extend_from_slice(packet::FLUSH);
    Ok(out)
}

fn capabilities(git: &git2::Repository, service: Service) -> String {
    match service {
        Service::UploadPack => {
            let head = git.find_reference("HEAD").ok();
            let branch = head.as_ref().and_then(|head| head.symbolic_target().ok().flatten());
            let there = branch.filter(|branch| git.find_reference(branch).is_ok());
            let symref = there.map(|branch| format!(" symref=HEAD:{branch}")).unwrap_or_default();
            format!(
                "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not \
                 deepen-relative no-progress include-tag multi_ack_detailed allow-tip-sha1-in-want \
                 allow-reachable-sha1-in-want no-done{symref} object-format=sha1 {AGENT}"
            )
        }
        Service::ReceivePack => {
            format!(
                "report-status delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1 {AGENT}"
            )
        }
    }
}

/// Sorted by name; for fetching, `HEAD` first and annotated tags followed by what they point to.
fn references(git: &git2::Repository, service: Service) -> Result<Vec<(Oid, String)>, git2::Error> {
    let mut found = Vec::new();
    for reference in git.references()? {
        let reference = reference?;
        if let (Ok(name), Some(id)) = (reference.name(), reference.target()) {
            found.push((id, name.to_owned()));
        }
    }
    found.sort_by(|left, right| left.1.cmp(&right.1));
    if service == Service::ReceivePack {
        return Ok(found);
    }
    let head = git.refname_to_id("HEAD").ok().map(|id| (id, "HEAD".to_owned()));
    let mut lines: Vec<_> = head.into_iter().collect();
    for (id, name) in found {
        let tag = name.starts_with("refs/tags/").then(|| git.find_tag(id).ok()).flatten();
        let peeled = tag.and_then(|tag| tag.into_object().peel(git2::ObjectType::Any).ok());
        let peeled = peeled.map(|object| (object.id(), format!("{name}^{{}}")));
        lines.push((id, name));
        lines.extend(peeled);
    }
    Ok(lines)
}
