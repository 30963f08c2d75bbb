//! `/api/v1/repos/{owner}/{repo}` and what a repository looks like wherever one is part of an answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::commit::{self, NewCommit, Operation, Person};
use super::super::metadata::Metadata;
use super::super::pulls::Pulls;
use super::super::releases::Releases;
use super::super::repository::Repository;
use super::super::server::Shared;
use super::super::storage::NewRepository;
use super::ApiError;
use super::call::{Call, Payload, blocking};
use super::paging::Page;
use super::users::{self, View, seconds};
use crate::accounts::{Permission, User, is_repository_name};

#[derive(Deserialize)]
pub(crate) struct CreateRepository {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    auto_init: bool,
    #[serde(default)]
    default_branch: String,
}

#[derive(Deserialize)]
pub(crate) struct EditRepository {
    description: Option<String>,
    private: Option<bool>,
    archived: Option<bool>,
    template: Option<bool>,
    default_branch: Option<String>,
}

/// A repository as part of an answer. Without a permission it is seen by everybody.
pub(crate) fn repository(
    shared: &Shared,
    repository: &Repository,
    metadata: &Metadata,
    base: &str,
    permission: Option<Permission>,
) -> Value {
    let owner = shared.users.by_id(metadata.owner).map(|owner| {
        let view = if permission.is_some() { View::Signed } else { View::Public };
        users::user(base, &owner, view)
    });
    let full_name = metadata.full_name();
    let empty = repository.open().and_then(|git| is_empty(&git)).unwrap_or(false);
    let may = |least: Permission| permission.unwrap_or(Permission::Read) >= least;
    let forks = shared.repositories.forks(metadata.id);
    let mut answer = json!({
        "id": metadata.id, "owner": owner, "name": metadata.name, "full_name": full_name,
        "description": metadata.description, "empty": empty, "private": metadata.private, "fork": metadata.parent.is_some(),
        "template": metadata.template, "mirror": false, "size": repository.size(), "language": "",
        "languages_url": format!("{base}/api/v1/repos/{full_name}/languages"),
        "html_url": format!("{base}/{full_name}"), "url": format!("{base}/api/v1/repos/{full_name}"), "link": "",
        "ssh_url": "", "clone_url": format!("{base}/{full_name}.git"), "original_url": "", "website": "",
        "stars_count": 0, "forks_count": forks, "watchers_count": 1, "open_issues_count": 0, "open_pr_counter": repository.pulls.look(Pulls::open),
        "release_counter": repository.releases.look(Releases::published), "default_branch": metadata.default_branch, "archived": metadata.archived,
        "created_at": seconds(metadata.created), "updated_at": seconds(metadata.updated),
        "archived_at": "1970-01-01T00:00:00Z",
        "permissions": {"admin": may(Permission::Admin), "push": may(Permission::Write), "pull": true}
    });
    if let (Some(fields), Value::Object(more)) = (answer.as_object_mut(), features()) {
        fields.extend(more);
    }
    if let Some(parent) = metadata.parent.and_then(|parent| shared.repositories.by_id(parent)) {
        answer["parent"] = self::repository(shared, &parent, &parent.metadata(), base, permission);
    }
    answer
}

/// Whether nothing has been pushed yet.
pub(super) fn is_empty(git: &git2::Repository) -> Result<bool, git2::Error> {
    let first = git.references()?.next().transpose()?;
    Ok(first.is_none())
}

/// What no repository of ours differs in.
fn features() -> Value {
    json!({
        "has_issues": true,
        "internal_tracker": {"enable_time_tracker": true, "allow_only_contributors_to_track_time": true,
            "enable_issue_dependencies": true},
        "has_wiki": true, "has_pull_requests": true, "has_projects": true, "projects_mode": "all",
        "has_releases": true, "has_packages": true, "has_actions": true, "ignore_whitespace_conflicts": false,
        "allow_merge_commits": true, "allow_rebase": true, "allow_rebase_explicit": true,
        "allow_squash_merge": true, "allow_fast_forward_only_merge": true, "allow_rebase_update": true,
        "default_delete_branch_after_merge": false, "default_merge_style": "merge",
        "default_allow_maintainer_edit": false, "avatar_url": "", "internal": false, "mirror_interval": "",
        "object_format_name": "sha1", "mirror_updated": "0001-01-01T00:00:00Z", "topics": [], "licenses": []
    })
}

pub(super) fn answer(call: &Call, found: &Repository, permission: Permission) -> Value {
    let permission = call.caller.user.as_ref().map(|_| permission);
    repository(&call.shared, found, &found.metadata(), &call.base, permission)
}

/// Makes a repository for an owner, who is known to be allowed one.
pub(super) async fn create(
    call: Call,
    owner: User,
    new: CreateRepository,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    if !is_repository_name(&new.name) {
        let message = format!("name is reserved or has characters that are not allowed [name: {}]", new.name);
        return Err(ApiError::Invalid { message });
    }
    let branch = if new.default_branch.is_empty() { "main".to_owned() } else { new.default_branch };
    if !git2::Reference::is_valid_name(&format!("refs/heads/{branch}")) {
        return Err(ApiError::Invalid { message: format!("[DefaultBranch]: GitRefName: {branch}") });
    }
    let CreateRepository { name, description, private, auto_init, .. } = new;
    let made = NewRepository { name, description, private, default_branch: branch, parent: None };
    let made = blocking(move || {
        let made = call.shared.repositories.create(&owner, made)?;
        if auto_init {
            first_commit(&call, &made)?;
        }
        Ok(answer(&call, &made, Permission::Owner))
    });
    Ok((StatusCode::CREATED, Json(made.await?)))
}

fn first_commit(call: &Call, repository: &Arc<Repository>) -> Result<(), ApiError> {
    let metadata = repository.metadata();
    let author = person(call.user()?);
    let content = format!("# {}\n\n{}", metadata.name, metadata.description).into_bytes();
    let new = NewCommit {
        branch: metadata.default_branch,
        new_branch: None,
        message: "Initial commit".to_owned(),
        author: author.clone(),
        committer: author,
        operations: vec![Operation::Create { path: "README.md".to_owned(), content }],
    };
    commit::commit(&call.shared, repository, &call.writer(Permission::Owner), &call.base, &new)?;
    Ok(())
}

/// A user as author of commits.
pub(crate) fn person(user: &User) -> Person {
    let name = if user.full_name.is_empty() { user.login.clone() } else { user.full_name.clone() };
    Person { name, email: user.email.clone(), date: None }
}

/// The repositories of an owner that the caller may see.
pub(super) fn list_of(call: &Call, owner: u64, page: &Page) -> (HeaderMap, Json<Value>) {
    listed(call, call.shared.repositories.of(owner), page)
}

pub(super) fn listed(call: &Call, all: Vec<Arc<Repository>>, page: &Page) -> (HeaderMap, Json<Value>) {
    let seen = |repository: Arc<Repository>| {
        let permission = call.caller.permission(&call.shared, &repository.metadata())?;
        Some((repository, permission))
    };
    let all = all.into_iter().filter_map(seen).collect();
    page.of(all, |(repository, permission)| answer(call, &repository, permission))
}

#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    q: String,
}

pub(crate) async fn search(call: Call, Query(search): Query<Search>, page: Page) -> (HeaderMap, Json<Value>) {
    let wanted = search.q.to_lowercase();
    let mut all = call.shared.repositories.list();
    all.retain(|repository| repository.metadata().name.to_lowercase().contains(&wanted));
    let (headers, Json(data)) = listed(&call, all, &page);
    (headers, Json(json!({"ok": true, "data": data})))
}

pub(crate) async fn get(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || Ok(Json(answer(&call, &found.repository, found.permission)))).await
}

pub(crate) async fn edit(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    Payload(edit): Payload<EditRepository>,
) -> Result<Json<Value>, ApiError> {
    let found = call.administered(&owner, &name)?;
    blocking(move || {
        let repository = &found.repository;
        if let Some(branch) = &edit.default_branch {
            let there = repository.open()?.find_reference(&format!("refs/heads/{branch}")).is_ok();
            if !there {
                return Err(ApiError::NotFound {
                    detail: Some(format!("branch does not exist [name: {branch}]")),
                });
            }
            repository.set_default_branch(branch)?;
        }
        repository.change(|metadata| {
            metadata.private = edit.private.unwrap_or(metadata.private);
            metadata.archived = edit.archived.unwrap_or(metadata.archived);
            metadata.template = edit.template.unwrap_or(metadata.template);
            if let Some(description) = edit.description {
                metadata.description = description;
            }
        })?;
        Ok(Json(answer(&call, repository, found.permission)))
    })
    .await
}

pub(crate) async fn delete(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let found = call.administered(&owner, &name)?;
    if found.permission < Permission::Owner {
        return Err(ApiError::Forbidden { message: "Given user is not owner of organization.".to_owned() });
    }
    blocking(move || {
        call.shared.repositories.delete(&owner, &name)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
