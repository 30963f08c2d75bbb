//! `/api/v1/repos/{owner}/{repo}/tags`.

use axum::Json;
use axum::extract::Path;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::ApiError;
use super::call::{Call, blocking};
use super::commits::{self, Place};
use super::paging::Page;

fn answer(git: &git2::Repository, place: &Place, name: &str) -> Result<Value, git2::Error> {
    let reference = git.find_reference(&format!("refs/tags/{name}"))?;
    let commit = reference.peel_to_commit()?;
    let annotated = reference.target().and_then(|id| git.find_tag(id).ok());
    let text = annotated.as_ref().and_then(|tag| tag.message_bytes()).map(String::from_utf8_lossy);
    let id = annotated.as_ref().map_or(commit.id(), git2::Tag::id).to_string();
    let sha = commit.id().to_string();
    Ok(json!({
        "name": name, "message": text.map_or_else(|| commits::message(&commit), std::borrow::Cow::into_owned), "id": id,
        "commit": {"url": format!("{}/git/commits/{sha}", place.api()), "sha": sha,
            "created": commits::time(&commit.committer())},
        "zipball_url": "", "tarball_url": ""
    }))
}

pub(crate) async fn list(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let git = found.repository.open()?;
        let place = Place { base: call.base, full_name: found.metadata.full_name() };
        let mut tags = Vec::new();
        for reference in git.references_glob("refs/tags/*")? {
            let reference = reference?;
            let name = reference.name().ok().and_then(|name| name.strip_prefix("refs/tags/"));
            if let (Some(name), Ok(commit)) = (name, reference.peel_to_commit()) {
                tags.push((std::cmp::Reverse(commit.time().seconds()), answer(&git, &place, name)?));
            }
        }
        tags.sort_by_key(|(time, _)| *time);
        Ok(page.of(tags, |(_, tag)| tag))
    })
    .await
}

pub(crate) async fn get(
    call: Call,
    Path((owner, name, tag)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let place = Place { base: call.base, full_name: found.metadata.full_name() };
        Ok(Json(answer(&found.repository.open()?, &place, &tag)?))
    })
    .await
}
