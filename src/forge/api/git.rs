//! `/api/v1/repos/{owner}/{repo}/git/…`: single objects and references.

use axum::Json;
use axum::extract::{Path, Query};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use git2::{ObjectType, Oid};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::browse;
use super::ApiError;
use super::call::{Call, blocking};
use super::commits::{self, Parameters, Place};

/// Entries of a page of a tree, unless the client says how many, and at most.
const ENTRIES: usize = 1000;
/// Entries looked at to answer one request.
const TREE: usize = 200_000;
/// Larger files are not answered as JSON.
const BLOB: usize = 10 << 20;

pub(crate) async fn commit(
    call: Call,
    Path((owner, name, sha)): Path<(String, String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let git = found.repository.open()?;
        let commit = browse::resolve(&git, &sha)?;
        let place = Place { base: call.base.clone(), full_name: found.metadata.full_name() };
        Ok(Json(commits::full(&call.shared, &git, &commit, &place, parameters.detail())?))
    })
    .await
}

#[derive(Deserialize)]
pub(crate) struct TreeParameters {
    #[serde(default)]
    recursive: String,
    page: Option<usize>,
    per_page: Option<usize>,
}

pub(crate) async fn tree(
    call: Call,
    Path((owner, name, sha)): Path<(String, String, String)>,
    Query(parameters): Query<TreeParameters>,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let git = found.repository.open()?;
        let api = Place { base: call.base.clone(), full_name: found.metadata.full_name() }.api();
        let tree = match browse::resolve(&git, &sha) {
            Ok(commit) => commit.tree()?,
            Err(_) => git.find_tree(Oid::from_str(&sha).map_err(|_| ApiError::missing())?)?,
        };
        let mut all = Vec::new();
        let recursive = matches!(parameters.recursive.as_str(), "1" | "true");
        entries(&git, &tree, recursive, &api, &mut all)?;
        let total = all.len();
        let size = parameters.per_page.filter(|&size| (1..=ENTRIES).contains(&size)).unwrap_or(ENTRIES);
        let page = parameters.page.unwrap_or(1).max(1);
        let part: Vec<Value> = all.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
        let truncated = page.saturating_mul(size) < total;
        let id = tree.id().to_string();
        Ok(Json(
            json!({"sha": id, "url": format!("{api}/git/trees/{id}"), "tree": part, "truncated": truncated,
            "page": page, "total_count": total}),
        ))
    })
    .await
}

/// Depth first, folders before what is in them, without recursion.
fn entries(
    git: &git2::Repository,
    root: &git2::Tree<'_>,
    recursive: bool,
    api: &str,
    all: &mut Vec<Value>,
) -> Result<(), ApiError> {
    let children = |tree: &git2::Tree<'_>, prefix: &str| {
        let child = |entry: git2::TreeEntry<'_>| {
            let path = format!("{prefix}{}", String::from_utf8_lossy(entry.name_bytes()));
            (path, entry.id(), entry.kind(), entry.filemode())
        };
        let mut children: Vec<_> = tree.iter().map(child).collect();
        children.reverse();
        children
    };
    let odb = git.odb()?;
    let mut next = children(root, "");
    while let Some((path, id, kind, mode)) = next.pop() {
        if all.len() >= TREE {
            return Err(ApiError::Invalid { message: format!("tree has over {TREE} entries") });
        }
        let kind = kind.unwrap_or(ObjectType::Any);
        let size = if kind == ObjectType::Blob { odb.read_header(id)?.0 } else { 0 };
        let folder = if kind == ObjectType::Tree { "trees" } else { "blobs" };
        // A submodule's commit has no address here.
        let url = if kind == ObjectType::Commit { String::new() } else { format!("{api}/git/{folder}/{id}") };
        all.push(json!({"path": path, "mode": format!("{mode:06o}"), "type": kind.str(), "size": size,
            "sha": id.to_string(), "url": url}));
        if recursive && kind == ObjectType::Tree {
            next.extend(children(&git.find_tree(id)?, &format!("{path}/")));
        }
    }
    Ok(())
}

pub(crate) async fn blob(
    call: Call,
    Path((owner, name, sha)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let git = found.repository.open()?;
        let blob = git.find_blob(Oid::from_str(&sha).map_err(|_| ApiError::missing())?)?;
        if blob.size() > BLOB {
            return Err(ApiError::Invalid { message: format!("file has over {BLOB} bytes") });
        }
        let api = Place { base: call.base.clone(), full_name: found.metadata.full_name() }.api();
        Ok(Json(json!({"content": STANDARD.encode(blob.content()), "encoding": "base64",
            "url": format!("{api}/git/blobs/{sha}"), "sha": sha, "size": blob.size()})))
    })
    .await
}

/// All references whose name begins with what is given after `refs/`.
pub(crate) async fn refs(
    call: Call,
    Path((owner, name, prefix)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    references(call, owner, name, prefix).await
}

pub(crate) async fn all_refs(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    references(call, owner, name, String::new()).await
}

async fn references(
    call: Call,
    owner: String,
    name: String,
    prefix: String,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let git = found.repository.open()?;
        let api = Place { base: call.base.clone(), full_name: found.metadata.full_name() }.api();
        let wanted = format!("refs/{prefix}");
        let mut all = Vec::new();
        for reference in git.references()? {
            let reference = reference?;
            let (Ok(name), Some(id)) = (reference.name(), reference.target()) else { continue };
            if name.starts_with(&wanted) {
                let kind = git.find_object(id, None)?.kind().unwrap_or(ObjectType::Any).str();
                all.push(json!({"ref": name, "url": format!("{api}/git/{name}"), "object": {"type": kind,
                    "sha": id.to_string(), "url": format!("{api}/git/{kind}s/{id}")}}));
            }
        }
        if all.is_empty() {
            return Err(ApiError::missing());
        }
        Ok(Json(Value::Array(all)))
    })
    .await
}
