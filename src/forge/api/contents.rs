//! `/api/v1/repos/{owner}/{repo}/contents`: files and folders, and commits that change them.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use git2::{Commit, ObjectType, Repository};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::browse;
use super::super::commit::{self, NewCommit, Operation, Person, checked};
use super::ApiError;
use super::call::{Call, Found, Payload, blocking};
use super::commits::{self, Place};
use super::repos;

#[derive(Deserialize)]
pub(crate) struct Reference {
    #[serde(default)]
    r#ref: String,
}

impl Reference {
    pub(super) fn name(self) -> Option<String> {
        Some(self.r#ref).filter(|name| !name.is_empty())
    }
}

/// Which branch or commit the entries are of.
struct View<'r> {
    git: &'r Repository,
    commit: Commit<'r>,
    place: Place,
    reference: String,
}

impl<'r> View<'r> {
    fn new(git: &'r Repository, call: &Call, found: &Found, reference: &str) -> Result<Self, ApiError> {
        let reference =
            if reference.is_empty() { found.metadata.default_branch.clone() } else { reference.to_owned() };
        let commit = browse::resolve(git, &reference).map_err(|_| {
            let detail = format!("object does not exist [id: {reference}, rel_path: ]");
            ApiError::NotFound { detail: Some(detail) }
        })?;
        let place = Place { base: call.base.clone(), full_name: found.metadata.full_name() };
        Ok(Self { git, commit, place, reference })
    }

    /// How the pages name the reference.
    fn segment(&self) -> String {
        let reference = &self.reference;
        let there = |prefix: &str| self.git.find_reference(&format!("{prefix}{reference}")).is_ok();
        let kind = match () {
            () if there("refs/heads/") => "branch",
            () if there("refs/tags/") => "tag",
            () => "commit",
        };
        format!("{kind}/{reference}")
    }

    /// One file or folder. Contents only where asked for: lists have none.
    fn entry(&self, path: &str, contents: bool) -> Result<Value, ApiError> {
        let entry = self.commit.tree()?.get_path(std::path::Path::new(path))?;
        let id = entry.id().to_string();
        let (api, html, segment) = (self.place.api(), self.place.html(), self.segment());
        let own = format!("{api}/contents/{path}?ref={}", self.reference);
        let last = self.git.find_commit(browse::last_change(self.git, self.commit.id(), path)?)?;
        let page = format!("{html}/src/{segment}/{path}");
        let (kind, objects) = match (entry.kind(), entry.filemode()) {
            (Some(ObjectType::Tree), _) => ("dir", "trees"),
            (Some(ObjectType::Commit), _) => ("submodule", "trees"),
            (_, 0o120_000) => ("symlink", "blobs"),
            _ => ("file", "blobs"),
        };
        let blob = if objects == "blobs" { Some(self.git.find_blob(entry.id())?) } else { None };
        let (mut encoding, mut content) = (Value::Null, Value::Null);
        if let (Some(blob), true) = (&blob, contents) {
            encoding = Value::from("base64");
            content = Value::from(STANDARD.encode(blob.content()));
        }
        let target =
            blob.as_ref().filter(|_| kind == "symlink").map(|blob| String::from_utf8_lossy(blob.content()));
        let download = (kind == "file").then(|| format!("{html}/raw/{segment}/{path}"));
        let git_url = format!("{api}/git/{objects}/{id}");
        Ok(json!({
            "name": path.rsplit('/').next(), "path": path, "sha": id, "last_commit_sha": last.id().to_string(),
            "last_committer_date": commits::time(&last.committer()),
            "last_author_date": commits::time(&last.author()), "type": kind,
            "size": blob.as_ref().map_or(0, git2::Blob::size), "encoding": encoding, "content": content,
            "target": target, "url": own, "html_url": page, "git_url": git_url, "download_url": download,
            "submodule_git_url": null, "_links": {"self": own, "git": git_url, "html": page}
        }))
    }

    fn folder(&self, path: &str) -> Result<Value, ApiError> {
        let root = self.commit.tree()?;
        let tree = match path {
            "" => root,
            path => self.git.find_tree(root.get_path(std::path::Path::new(path))?.id())?,
        };
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let name =
            |entry: git2::TreeEntry<'_>| format!("{prefix}{}", String::from_utf8_lossy(entry.name_bytes()));
        tree.iter().map(|entry| self.entry(&name(entry), false)).collect()
    }
}

pub(crate) async fn list(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    query: Query<Reference>,
) -> Result<Json<Value>, ApiError> {
    get(call, Path((owner, name, String::new())), query).await
}

pub(crate) async fn get(
    call: Call,
    Path((owner, name, path)): Path<(String, String, String)>,
    Query(reference): Query<Reference>,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let git = found.repository.open()?;
        let view = View::new(&git, &call, &found, &reference.r#ref)?;
        let path = if path.trim_matches('/').is_empty() { String::new() } else { checked(&path)? };
        let missing = |_| ApiError::NotFound {
            detail: Some(format!("object does not exist [id: , rel_path: {path}]")),
        };
        if path.is_empty() {
            return view.folder("").map(Json);
        }
        let kind = view.commit.tree()?.get_path(std::path::Path::new(&path)).map_err(missing)?.kind();
        let answer =
            if kind == Some(ObjectType::Tree) { view.folder(&path)? } else { view.entry(&path, true)? };
        Ok(Json(answer))
    })
    .await
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Identity {
    name: String,
    email: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dates {
    author: Option<jiff::Timestamp>,
    committer: Option<jiff::Timestamp>,
}

/// What all changes have in common.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Change {
    branch: String,
    new_branch: String,
    message: String,
    author: Identity,
    committer: Identity,
    dates: Dates,
    sha: Option<String>,
    content: String,
    from_path: Option<String>,
    files: Vec<FileChange>,
}

#[derive(Deserialize)]
struct FileChange {
    operation: String,
    path: String,
    #[serde(default)]
    content: String,
    sha: Option<String>,
    from_path: Option<String>,
}

fn decode(content: &str) -> Result<Vec<u8>, ApiError> {
    let text: String = content.split_ascii_whitespace().collect();
    let bad =
        |error: base64::DecodeError| ApiError::Invalid { message: format!("content is not base64: {error}") };
    STANDARD.decode(text).map_err(bad)
}

/// Makes one commit and answers it.
async fn change(
    call: Call,
    (owner, name): (String, String),
    change: Change,
    operations: Vec<Operation>,
) -> Result<(String, Vec<String>, Value), ApiError> {
    let found = call.writable(&owner, &name)?;
    let verb = match operations.first() {
        Some(Operation::Create { .. } | Operation::Upload { .. }) => "Add",
        Some(Operation::Update { .. }) => "Update",
        Some(Operation::Delete { .. }) => "Delete",
        None => return Err(ApiError::Invalid { message: "[Files]: Required".to_owned() }),
    };
    let paths: Vec<String> = operations.iter().map(|operation| operation.path().to_owned()).collect();
    let message =
        if change.message.is_empty() { format!("{verb} {}", paths.join(", ")) } else { change.message };
    let doer = repos::person(call.user()?);
    let person = |given: Identity, other: &Person, date: Option<jiff::Timestamp>| {
        let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
        Person {
            name: or(given.name, &other.name),
            email: or(given.email, &other.email),
            date: date.map(jiff::Timestamp::as_second),
        }
    };
    // Who gives one of the two persons means both, as with Gitea.
    let given_author = !change.author.email.is_empty();
    let (author, committer) = if given_author || change.committer.email.is_empty() {
        let author = person(change.author, &doer, change.dates.author);
        let committer = person(change.committer, &author, change.dates.committer);
        (author, committer)
    } else {
        let committer = person(change.committer, &doer, change.dates.committer);
        (person(change.author, &committer, change.dates.author), committer)
    };
    let branch = if change.branch.is_empty() { found.metadata.default_branch.clone() } else { change.branch };
    let new_branch = Some(change.new_branch).filter(|name| !name.is_empty());
    let new = NewCommit { branch, new_branch, message, author, committer, operations };
    blocking(move || {
        let writer = call.writer(found.permission);
        let id = commit::commit(&call.shared, &found.repository, &writer, &call.base, &new)?;
        let git = found.repository.open()?;
        let place = Place { base: call.base.clone(), full_name: found.metadata.full_name() };
        let commit = commits::of_change(&git.find_commit(id)?, &place);
        let target = new.new_branch.unwrap_or(new.branch);
        let mut entries = Vec::new();
        let view = View::new(&git, &call, &found, &target)?;
        for path in &paths {
            let there = view.commit.tree()?.get_path(std::path::Path::new(path.trim_matches('/'))).is_ok();
            entries.push(if there { view.entry(path.trim_matches('/'), true)? } else { Value::Null });
        }
        Ok((
            target,
            paths,
            json!({"files": entries, "commit": commit, "verification": commits::unverified()}),
        ))
    })
    .await
}

/// The answer for one file is that for several, with another name.
fn single((_, _, mut answer): (String, Vec<String>, Value)) -> Value {
    let content = answer["files"][0].take();
    json!({"content": content, "commit": answer["commit"].take(), "verification": answer["verification"].take()})
}

type FilePath = Path<(String, String, String)>;

pub(crate) async fn create(
    call: Call,
    Path((owner, name, path)): FilePath,
    Payload(new): Payload<Change>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let operation = Operation::Create { path, content: decode(&new.content)? };
    let answer = change(call, (owner, name), new, vec![operation]).await?;
    Ok((StatusCode::CREATED, Json(single(answer))))
}

pub(crate) async fn update(
    call: Call,
    Path((owner, name, path)): FilePath,
    Payload(mut new): Payload<Change>,
) -> Result<Json<Value>, ApiError> {
    let sha = new.sha.take().filter(|sha| !sha.is_empty());
    if sha.is_none() {
        return Err(ApiError::Invalid { message: "[SHA]: Required".to_owned() });
    }
    let (content, from) = (decode(&new.content)?, new.from_path.take());
    let answer =
        change(call, (owner, name), new, vec![Operation::Update { path, content, sha, from }]).await?;
    Ok(Json(single(answer)))
}

pub(crate) async fn delete(
    call: Call,
    Path((owner, name, path)): FilePath,
    Payload(mut new): Payload<Change>,
) -> Result<Json<Value>, ApiError> {
    let sha = new.sha.take().filter(|sha| !sha.is_empty());
    if sha.is_none() {
        return Err(ApiError::Invalid { message: "[SHA]: Required".to_owned() });
    }
    let answer = change(call, (owner, name), new, vec![Operation::Delete { path, sha }]).await?;
    Ok(Json(single(answer)))
}

/// Several files in one commit.
pub(crate) async fn change_files(
    call: Call,
    Path(repository): Path<(String, String)>,
    Payload(mut new): Payload<Change>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let files = std::mem::take(&mut new.files);
    let operation = |file: FileChange| -> Result<Operation, ApiError> {
        let FileChange { operation, path, content, sha, from_path: from } = file;
        match operation.as_str() {
            "create" => Ok(Operation::Create { path, content: decode(&content)? }),
            "update" => Ok(Operation::Update { path, content: decode(&content)?, sha, from }),
            "upload" => Ok(Operation::Upload { path, content: decode(&content)? }),
            "delete" => Ok(Operation::Delete { path, sha }),
            other => Err(ApiError::Invalid { message: format!("invalid file operation: {other} {path}") }),
        }
    };
    let operations = files.into_iter().map(operation).collect::<Result<Vec<_>, _>>()?;
    let (_, _, answer) = change(call, repository, new, operations).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}
