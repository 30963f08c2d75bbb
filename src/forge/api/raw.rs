//! `/api/v1/repos/{owner}/{repo}/raw/{path}`: a file's bytes.

use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, header};

use super::super::browse;
use super::super::commit::checked;
use super::super::repository::Repository;
use super::ApiError;
use super::call::{Call, blocking};
use super::contents::Reference;

pub(crate) async fn get(
    call: Call,
    Path((owner, name, path)): Path<(String, String, String)>,
    Query(reference): Query<Reference>,
) -> Result<(HeaderMap, Vec<u8>), ApiError> {
    let found = call.repository(&owner, &name)?;
    let reference = reference.name().unwrap_or_else(|| found.metadata.default_branch.clone());
    blocking(move || Ok(served(read(&found.repository, &reference, &path)?))).await
}

/// Reads a file as it is at a reference.
pub(crate) fn read(repository: &Repository, reference: &str, path: &str) -> Result<Vec<u8>, ApiError> {
    let git = repository.open()?;
    let tree = browse::resolve(&git, reference)?.tree()?;
    let entry = tree.get_path(std::path::Path::new(&checked(path)?))?;
    Ok(git.find_blob(entry.id())?.content().to_vec())
}

/// A file of somebody else's is never run or shown as a page of ours.
pub(crate) fn served(content: Vec<u8>) -> (HeaderMap, Vec<u8>) {
    let text = std::str::from_utf8(&content).is_ok() && !content.contains(&0);
    let kind = if text { "text/plain; charset=utf-8" } else { "application/octet-stream" };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    (headers, content)
}
