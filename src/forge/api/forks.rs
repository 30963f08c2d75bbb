//! `/api/v1/repos/{owner}/{repo}/forks` and `…/generate`: repositories made from others, with their history or
//! without it; and `…/merge-upstream`, which brings a fork up to what it is a fork of.

use std::sync::Arc;

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::call::{Call, Found, Payload, blocking};
use super::paging::Page;
use super::{orgs, repos};
use crate::accounts::{Permission, User, is_repository_name};
use crate::forge::commit::signature;
use crate::forge::pulls::fetch;
use crate::forge::push::{self, Update};
use crate::forge::repository::Repository;
use crate::forge::storage::{NewRepository, Storage};

type RepositoryPath = Path<(String, String)>;

/// The repositories that are forks of one and that the caller may see.
pub(crate) async fn list(
    call: Call,
    Path((owner, name)): RepositoryPath,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    let forks = call.shared.repositories.list().into_iter();
    let forks = forks.filter(|fork| fork.metadata().parent == Some(found.metadata.id)).collect();
    Ok(repos::listed(&call, forks, &page))
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Fork {
    organization: String,
    name: String,
}

/// Who is to own a new repository: the caller, or an organisation that the caller owns.
fn new_owner(call: &Call, name: &str) -> Result<User, ApiError> {
    let user = call.user()?;
    if name.is_empty() || name.eq_ignore_ascii_case(&user.login) {
        return Ok(user.clone());
    }
    let org = orgs::find(call, name)?;
    orgs::owned(call, &org)?;
    Ok(org)
}

fn checked_name(name: &str) -> Result<String, ApiError> {
    if is_repository_name(name) {
        return Ok(name.to_owned());
    }
    let message = format!("name is reserved or has characters that are not allowed [name: {name}]");
    Err(ApiError::Invalid { message })
}

pub(crate) async fn create(
    call: Call,
    Path((owner, name)): RepositoryPath,
    Payload(fork): Payload<Fork>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    call.user()?;
    let owner = new_owner(&call, &fork.organization)?;
    let name = if fork.name.is_empty() { &found.metadata.name } else { &fork.name };
    let name = checked_name(name)?;
    blocking(move || {
        let source = &found.metadata;
        let theirs = call.shared.repositories.of(owner.id);
        if let Some(there) = theirs.iter().find(|other| other.metadata().parent == Some(source.id)) {
            let message = format!(
                "repository is already forked by user [uname: {}, repo path: {}, fork path: {}]",
                owner.login,
                source.full_name(),
                there.metadata().full_name()
            );
            return Err(ApiError::Conflict { message });
        }
        if call.shared.repositories.get(&owner.login, &name).is_some() {
            let message = format!("repository already exists [uname: {}, name: {name}]", owner.login);
            return Err(ApiError::Conflict { message });
        }
        let new = NewRepository {
            name,
            description: source.description.clone(),
            private: source.private,
            default_branch: source.default_branch.clone(),
            parent: Some(source.id),
        };
        let made = copied(&call.shared.repositories, &owner, new, |git| {
            fetch(git, &found.repository, "+refs/heads/*:refs/heads/*")?;
            fetch(git, &found.repository, "+refs/tags/*:refs/tags/*")
        })?;
        Ok((StatusCode::ACCEPTED, Json(repos::answer(&call, &made, Permission::Owner))))
    })
    .await
}

fn copied(
    repositories: &Storage,
    owner: &User,
    new: NewRepository,
    fill: impl FnOnce(&git2::Repository) -> Result<(), git2::Error>,
) -> Result<Arc<Repository>, ApiError> {
    Ok(repositories.create_filled(owner, new, fill)?)
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Generate {
    owner: String,
    name: String,
    description: String,
    private: bool,
    default_branch: String,
    git_content: bool,
}

/// A repository with the files of a template, in one first commit.
pub(crate) async fn generate(
    call: Call,
    Path((owner, name)): RepositoryPath,
    Payload(wish): Payload<Generate>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    let user = call.user()?.clone();
    if !found.metadata.template {
        return Err(ApiError::Invalid { message: "this is not a template repo".to_owned() });
    }
    if !wish.git_content {
        return Err(ApiError::Invalid { message: "must select at least one template item".to_owned() });
    }
    let (owner, name) = (new_owner(&call, &wish.owner)?, checked_name(&wish.name)?);
    blocking(move || {
        let Found { repository, metadata, .. } = &found;
        let branch = if wish.default_branch.is_empty() {
            metadata.default_branch.clone()
        } else {
            wish.default_branch
        };
        if !git2::Reference::is_valid_name(&format!("refs/heads/{branch}")) {
            return Err(ApiError::Invalid { message: format!("[DefaultBranch]: GitRefName: {branch}") });
        }
        let new = NewRepository {
            name,
            description: wish.description,
            private: wish.private,
            default_branch: branch.clone(),
            parent: None,
        };
        let made = copied(&call.shared.repositories, &owner, new, |git| {
            let source = repository.open()?;
            let from = source.find_reference(&format!("refs/heads/{}", metadata.default_branch))?;
            let tree = from.peel_to_tree()?;
            copy_tree(&source, git, tree.id())?;
            let author = signature(&repos::person(&user))?;
            let tree = git.find_tree(tree.id())?;
            let name = format!("refs/heads/{branch}");
            git.commit(Some(&name), &author, &author, "Initial commit\n", &tree, &[]).map(|_| ())
        })?;
        Ok((StatusCode::CREATED, Json(repos::answer(&call, &made, Permission::Owner))))
    })
    .await
}

/// Copies a tree with all that is in it, and nothing of the history.
fn copy_tree(from: &git2::Repository, to: &git2::Repository, tree: git2::Oid) -> Result<(), git2::Error> {
    use std::io::Write as _;
    let mut pack = from.packbuilder()?;
    pack.insert_tree(tree)?;
    let odb = to.odb()?;
    let mut writer = odb.packwriter()?;
    pack.foreach(|bytes| writer.write_all(bytes).is_ok())?;
    writer.commit().map(|_| ())
}

#[derive(Deserialize)]
pub(crate) struct Upstream {
    #[serde(default)]
    branch: String,
}

/// Brings a fork's branch up to the same branch of what it is a fork of, when it has no commits of its own.
pub(crate) async fn merge_upstream(
    call: Call,
    Path((owner, name)): RepositoryPath,
    Payload(upstream): Payload<Upstream>,
) -> Result<Json<Value>, ApiError> {
    const PASSING: &str = "refs/atelier/upstream";
    let found = call.writable(&owner, &name)?;
    let parent = found.metadata.parent.and_then(|parent| call.shared.repositories.by_id(parent));
    let parent =
        parent.ok_or_else(|| ApiError::BadRequest { message: "repository is not a fork".to_owned() })?;
    blocking(move || {
        let branch =
            if upstream.branch.is_empty() { &found.metadata.default_branch } else { &upstream.branch };
        let name = format!("refs/heads/{branch}");
        if push::target(&parent.open()?, &name).is_zero() {
            return Err(ApiError::missing());
        }
        let writing = found.repository.lock();
        let git = found.repository.open()?;
        fetch(&git, &parent, &format!("+{name}:{PASSING}"))?;
        let new = git.refname_to_id(PASSING)?;
        git.find_reference(PASSING)?.delete()?;
        let old = push::target(&git, &name);
        let ahead = !old.is_zero() && !git.graph_descendant_of(new, old)?;
        if old != new && ahead {
            return Err(ApiError::Conflict { message: "merge failed because of conflict".to_owned() });
        }
        if old != new {
            let update = Update { name, old, new };
            let mut verdicts = [push::validate(&git, &update)];
            push::apply(&git, std::slice::from_ref(&update), &mut verdicts, false);
            let login = call.user()?.login.clone();
            call.shared.pushed(&found.repository, &[update], &login, &call.base);
        }
        drop(writing);
        Ok(Json(json!({"merge_type": if old == new { "up-to-date" } else { "fast-forward" }})))
    })
    .await
}
