//! `/api/v1/repos/{owner}/{repo}/releases`. Releases carry no files.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use git2::Oid;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::call::{Call, Found, Payload, blocking};
use super::commits::Place;
use super::paging::Page;
use super::tags;
use super::users::{self, View, seconds};
use crate::accounts::Permission;
use crate::forge::browse;
use crate::forge::push::{self, Update};
use crate::forge::releases::Release;

/// Releases of one repository, and bytes of notes.
const LIMIT: usize = 1000;
const TEXT: usize = 64 << 10;

fn answer(call: &Call, found: &Found, release: &Release) -> Value {
    let place = Place { base: call.base.clone(), full_name: found.metadata.full_name() };
    let (html, tag) = (place.html(), &release.tag);
    let url = format!("{}/releases/{}", place.api(), release.id);
    let author = call.shared.users.by_id(release.author);
    json!({
        "id": release.id, "tag_name": tag, "target_commitish": release.target, "name": release.name,
        "body": release.body, "url": url, "html_url": format!("{html}/releases/tag/{tag}"),
        "tarball_url": format!("{html}/archive/{tag}.tar.gz"), "zipball_url": format!("{html}/archive/{tag}.zip"),
        "upload_url": format!("{url}/assets"), "draft": release.draft, "prerelease": release.prerelease,
        "created_at": seconds(release.created), "published_at": seconds(release.created),
        "author": author.map(|user| users::user(&call.base, &user, View::Signed)), "assets": []
    })
}

/// Drafts are for those who may write them.
fn is_seen(found: &Found, release: &Release) -> bool {
    !release.draft || found.permission >= Permission::Write
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Filter {
    draft: Option<bool>,
    #[serde(rename = "pre-release")]
    prerelease: Option<bool>,
}

type RepositoryPath = Path<(String, String)>;
type ReleasePath = Path<(String, String, u64)>;
type TagPath = Path<(String, String, String)>;

pub(crate) async fn list(
    call: Call,
    Path((owner, name)): RepositoryPath,
    Query(filter): Query<Filter>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    let wanted = |release: &&Release| {
        is_seen(&found, release)
            && filter.draft.is_none_or(|draft| draft == release.draft)
            && filter.prerelease.is_none_or(|prerelease| prerelease == release.prerelease)
    };
    let all: Vec<_> = found
        .repository
        .releases
        .look(|releases| releases.all.values().rev().filter(wanted).cloned().collect());
    Ok(page.of(all, |release| answer(&call, &found, &release)))
}

fn one(
    call: &Call,
    owner: &str,
    name: &str,
    find: impl FnOnce(&crate::forge::releases::Releases) -> Option<Release>,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(owner, name)?;
    let release = found.repository.releases.look(find).filter(|release| is_seen(&found, release));
    Ok(Json(answer(call, &found, &release.ok_or_else(ApiError::missing)?)))
}

pub(crate) async fn latest(call: Call, Path((owner, name)): RepositoryPath) -> Result<Json<Value>, ApiError> {
    one(&call, &owner, &name, |releases| releases.latest().cloned())
}

pub(crate) async fn get(call: Call, Path((owner, name, id)): ReleasePath) -> Result<Json<Value>, ApiError> {
    one(&call, &owner, &name, |releases| releases.all.get(&id).cloned())
}

pub(crate) async fn get_tag(call: Call, Path((owner, name, tag)): TagPath) -> Result<Json<Value>, ApiError> {
    one(&call, &owner, &name, |releases| releases.of_tag(&tag).cloned())
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct NewRelease {
    tag_name: String,
    target_commitish: String,
    name: Option<String>,
    body: Option<String>,
    draft: Option<bool>,
    prerelease: Option<bool>,
}

impl NewRelease {
    fn check(&self) -> Result<(), ApiError> {
        let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > TEXT);
        if long(&self.name) || long(&self.body) {
            return Err(ApiError::Invalid { message: format!("[Note]: MaxSize {TEXT}") });
        }
        Ok(())
    }
}

pub(crate) async fn create(
    call: Call,
    Path((owner, name)): RepositoryPath,
    Payload(new): Payload<NewRelease>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.writable(&owner, &name)?;
    if new.tag_name.is_empty() {
        return Err(ApiError::Invalid { message: "[TagName]: Required".to_owned() });
    }
    new.check()?;
    let author = call.user()?.id;
    blocking(move || {
        let (there, full) = found
            .repository
            .releases
            .look(|releases| (releases.of_tag(&new.tag_name).is_some(), releases.all.len() >= LIMIT));
        if there || full {
            return Err(ApiError::Conflict { message: "Release is has no Tag".to_owned() });
        }
        let draft = new.draft.unwrap_or_default();
        let target = Some(new.target_commitish).filter(|target| !target.is_empty());
        let target = target.unwrap_or_else(|| found.metadata.default_branch.clone());
        if !draft {
            ensure_tag(&call, &found, &new.tag_name, &target)?;
        }
        let release = Release {
            id: 0,
            tag: new.tag_name,
            target,
            name: new.name.unwrap_or_default(),
            body: new.body.unwrap_or_default(),
            draft,
            prerelease: new.prerelease.unwrap_or_default(),
            author,
            created: Timestamp::now(),
        };
        let made = found.repository.releases.change(|releases| Ok::<_, ApiError>(releases.add(release)))?;
        Ok((StatusCode::CREATED, Json(answer(&call, &found, &made))))
    })
    .await
}

/// Makes the tag of a release that is published, unless it is there.
fn ensure_tag(call: &Call, found: &Found, tag: &str, target: &str) -> Result<(), ApiError> {
    let git = found.repository.open()?;
    let name = format!("refs/tags/{tag}");
    if !push::target(&git, &name).is_zero() {
        return Ok(());
    }
    let missing = |_| ApiError::Gone {
        message: format!("target \"{target}\" not found: object does not exist [id: {target}, rel_path: ]"),
    };
    let commit = browse::resolve(&git, target).map_err(missing)?;
    tags::change(call, found, Update { name, old: Oid::ZERO_SHA1, new: commit.id() })
}

pub(crate) async fn edit(
    call: Call,
    Path((owner, name, id)): ReleasePath,
    Payload(edit): Payload<NewRelease>,
) -> Result<Json<Value>, ApiError> {
    let found = call.writable(&owner, &name)?;
    edit.check()?;
    blocking(move || {
        let old = found.repository.releases.look(|releases| releases.all.get(&id).cloned());
        let old = old.ok_or_else(ApiError::missing)?;
        let or = |text: String, old: String| if text.is_empty() { old } else { text };
        let release = Release {
            tag: or(edit.tag_name, old.tag),
            target: or(edit.target_commitish, old.target),
            name: edit.name.unwrap_or(old.name),
            body: edit.body.unwrap_or(old.body),
            draft: edit.draft.unwrap_or(old.draft),
            prerelease: edit.prerelease.unwrap_or(old.prerelease),
            ..old
        };
        if !release.draft {
            ensure_tag(&call, &found, &release.tag, &release.target)?;
        }
        found.repository.releases.change(|releases| {
            releases.all.insert(id, release.clone());
            Ok::<_, ApiError>(())
        })?;
        Ok(Json(answer(&call, &found, &release)))
    })
    .await
}

/// Removes the release; its tag stays.
async fn remove(
    call: Call,
    owner: String,
    name: String,
    find: impl FnOnce(&crate::forge::releases::Releases) -> Option<u64> + Send + 'static,
) -> Result<StatusCode, ApiError> {
    let found = call.writable(&owner, &name)?;
    blocking(move || {
        found.repository.releases.change(|releases| {
            let id = find(releases).ok_or_else(ApiError::missing)?;
            releases.all.remove(&id).map(|_| StatusCode::NO_CONTENT).ok_or_else(ApiError::missing)
        })
    })
    .await
}

pub(crate) async fn delete(call: Call, Path((owner, name, id)): ReleasePath) -> Result<StatusCode, ApiError> {
    remove(call, owner, name, move |_| Some(id)).await
}

pub(crate) async fn delete_tag(
    call: Call,
    Path((owner, name, tag)): TagPath,
) -> Result<StatusCode, ApiError> {
    remove(call, owner, name, move |releases| releases.of_tag(&tag).map(|release| release.id)).await
}
