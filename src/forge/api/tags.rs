//! `/api/v1/repos/{owner}/{repo}/tags`. No archives of files are served, so that tags have no addresses of such.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use git2::Oid;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::browse;
use super::super::commit::signature;
use super::super::push::{self, Update};
use super::ApiError;
use super::call::{Call, Found, Payload, blocking};
use super::commits::{self, Place};
use super::paging::Page;
use super::repos;

fn answer(git: &git2::Repository, place: &Place, name: &str) -> Result<Value, git2::Error> {
    let reference = git.find_reference(&format!("refs/tags/{name}"))?;
    let commit = reference.peel_to_commit()?;
    let annotated = reference.target().and_then(|id| git.find_tag(id).ok());
    let text = annotated.as_ref().and_then(|tag| tag.message_bytes()).map(String::from_utf8_lossy);
    let text = text.map_or_else(|| commits::message(&commit), std::borrow::Cow::into_owned);
    let id = annotated.as_ref().map_or(commit.id(), git2::Tag::id).to_string();
    let sha = commit.id().to_string();
    Ok(json!({
        "name": name, "message": text.trim_end(), "id": id,
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

#[derive(Deserialize)]
pub(crate) struct CreateTag {
    #[serde(default)]
    tag_name: String,
    /// A branch or commit; the default branch when there is none.
    #[serde(default)]
    target: String,
    /// Of an annotated tag; without one the tag is a light one.
    #[serde(default)]
    message: String,
}

pub(crate) async fn create(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    Payload(new): Payload<CreateTag>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.writable(&owner, &name)?;
    if new.tag_name.is_empty() {
        return Err(ApiError::Invalid { message: "[TagName]: Required".to_owned() });
    }
    blocking(move || {
        let git = found.repository.open()?;
        let name = format!("refs/tags/{}", new.tag_name);
        if !push::target(&git, &name).is_zero() {
            let message = format!("tag already exists [name: {}]", new.tag_name);
            return Err(ApiError::Conflict { message });
        }
        let target = if new.target.is_empty() { &found.metadata.default_branch } else { &new.target };
        let missing = |_| ApiError::Gone { message: format!("target not found: {target}") };
        let commit = browse::resolve(&git, target).map_err(missing)?;
        let id = if new.message.is_empty() {
            commit.id()
        } else {
            let tagger = signature(&repos::person(call.user()?))?;
            let message = git2::message_prettify(new.message.as_str(), None)?;
            git.tag_annotation_create(&new.tag_name, commit.as_object(), &tagger, &message)?
        };
        change(&call, &found, Update { name, old: Oid::ZERO_SHA1, new: id })?;
        let place = Place { base: call.base.clone(), full_name: found.metadata.full_name() };
        Ok((StatusCode::CREATED, Json(answer(&found.repository.open()?, &place, &new.tag_name)?)))
    })
    .await
}

pub(crate) async fn delete(
    call: Call,
    Path((owner, name, tag)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let found = call.writable(&owner, &name)?;
    blocking(move || {
        let name = format!("refs/tags/{tag}");
        let old = push::target(&found.repository.open()?, &name);
        if old.is_zero() {
            return Err(ApiError::missing());
        }
        if found.repository.releases.look(|releases| releases.of_tag(&tag).is_some_and(|of| !of.draft)) {
            let message = "a tag attached to a release cannot be deleted directly".to_owned();
            return Err(ApiError::Conflict { message });
        }
        change(&call, &found, Update { name, old, new: Oid::ZERO_SHA1 })?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Makes or removes a tag, by the rules that hold for git.
pub(super) fn change(call: &Call, found: &Found, update: Update) -> Result<(), ApiError> {
    let writer = call.writer(found.permission);
    let writing = found.repository.lock();
    let git = found.repository.open()?;
    push::check(&found.metadata, &git, &update, &writer)
        .map_err(|rule| ApiError::Forbidden { message: rule.to_string() })?;
    let mut verdicts = [push::validate(&git, &update)];
    push::apply(&git, std::slice::from_ref(&update), &mut verdicts, false);
    let [verdict] = verdicts;
    verdict.map_err(|refusal| match refusal {
        push::Refusal::Name => ApiError::Invalid { message: "[TagName]: GitRefName".to_owned() },
        refusal => ApiError::Conflict { message: refusal.to_string() },
    })?;
    call.shared.pushed(&found.repository, &[update], &writer.login, &call.base);
    drop(writing);
    Ok(())
}
