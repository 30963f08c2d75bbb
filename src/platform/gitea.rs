//! A client of Gitea's REST API (`/api/v1`), the part that the driver needs. The embedded forge and a real Gitea
//! answer it alike. <https://docs.gitea.com/api/1.24/>

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Error;

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same, and slashes.
pub(super) const PATH: &AsciiSet = &SEGMENT.remove(b'/');
/// Entries asked for at a time; Gitea's own default limit.
const PAGE: usize = 50;
/// How long a forge may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take; a process that hangs takes connections and never answers.
const LIMIT: Duration = Duration::from_secs(30);
/// An answer larger than this is refused.
const ANSWER_LIMIT: usize = 64 << 20;

/// Name and address in a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The person's name.
    pub name: String,
    /// The person's address.
    pub email: String,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// 40 hexadecimal digits.
    pub sha: String,
    /// The whole message.
    pub message: String,
    /// Who wrote it.
    pub author: Identity,
    /// The parents' hashes.
    pub parents: Vec<String>,
}

/// A branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// Without `refs/heads/`.
    pub name: String,
    /// The hash of its newest commit.
    pub commit: String,
}

/// A file in a commit's tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeEntry {
    /// Relative, with `/`.
    pub path: String,
    /// The hash of its contents.
    pub sha: String,
    /// `blob`, `tree` or `commit`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A change of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Relative, with `/`.
    pub path: String,
    /// The hash of the contents that are there; nothing for a file that is new.
    pub sha: Option<String>,
    /// The new contents; nothing when the file goes.
    pub content: Option<Vec<u8>>,
}

/// How the client shows who it is.
#[derive(Clone)]
enum Credential {
    Token(String),
    Password { user: String, password: String },
}

/// A client of one forge as one user.
#[derive(Clone)]
pub struct Gitea {
    http: reqwest::Client,
    url: String,
    credential: Credential,
}

impl Gitea {
    /// A client with an access token. `url` has no slash at its end.
    pub fn with_token(url: &str, token: &str) -> Self {
        Self::new(url, Credential::Token(token.to_owned()))
    }

    /// A client with a password.
    pub fn with_password(url: &str, user: &str, password: &str) -> Self {
        Self::new(url, Credential::Password { user: user.to_owned(), password: password.to_owned() })
    }

    fn new(url: &str, credential: Credential) -> Self {
        // The forge is on this machine or in its Docker: the machine's proxy does not lead there.
        let http = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT).timeout(LIMIT);
        let http = http.build().unwrap_or_default();
        Self { http, url: url.to_owned(), credential }
    }

    /// The forge's version.
    pub async fn version(&self) -> Result<String, Error> {
        Ok(text(&self.get("/version").await?.unwrap_or_default(), "version"))
    }

    /// Whether a user or an organisation has this name.
    pub async fn has_user(&self, name: &str) -> Result<bool, Error> {
        Ok(self.get(&format!("/users/{}", segment(name))).await?.is_some())
    }

    /// The login that this client's credential belongs to; nothing when the forge does not know it.
    pub async fn login(&self) -> Result<Option<String>, Error> {
        match self.get("/user").await {
            Ok(user) => Ok(user.map(|user| text(&user, "login"))),
            Err(Error::ForgeRefused { status: 401 | 403, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a user, as the forge's administrator.
    pub async fn create_user(
        &self,
        name: &str,
        full_name: &str,
        email: &str,
        password: &str,
    ) -> Result<(), Error> {
        let body = json!({"username": name, "full_name": full_name, "email": email, "password": password,
            "must_change_password": false});
        self.send(Method::POST, "/admin/users", Some(body)).await.map(|_| ())
    }

    /// Gives a user a new password, as the forge's administrator.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<(), Error> {
        let body =
            json!({"login_name": name, "source_id": 0, "password": password, "must_change_password": false});
        self.send(Method::PATCH, &format!("/admin/users/{}", segment(name)), Some(body)).await.map(|_| ())
    }

    /// Makes an access token of the user whose password this client has. A token of that name is replaced.
    pub async fn create_token(&self, user: &str, name: &str, scopes: &[&str]) -> Result<String, Error> {
        let tokens = format!("/users/{}/tokens", segment(user));
        let old = self.send(Method::DELETE, &format!("{tokens}/{}", segment(name)), None).await;
        if let Err(error) = old
            && !matches!(error, Error::ForgeRefused { status: 404, .. })
        {
            return Err(error);
        }
        let token = self.send(Method::POST, &tokens, Some(json!({"name": name, "scopes": scopes}))).await?;
        Ok(text(&token, "sha1"))
    }

    /// Makes an organisation.
    pub async fn create_organization(&self, name: &str) -> Result<(), Error> {
        self.send(Method::POST, "/orgs", Some(json!({"username": name}))).await.map(|_| ())
    }

    /// Makes `user` an owner of `organization`.
    pub async fn add_owner(&self, organization: &str, user: &str) -> Result<(), Error> {
        let teams = self.get(&format!("/orgs/{}/teams", segment(organization))).await?.unwrap_or_default();
        let owners = teams.as_array().into_iter().flatten().find(|team| text(team, "name") == "Owners");
        let id = owners.and_then(|team| team["id"].as_i64()).unwrap_or_default();
        self.send(Method::PUT, &format!("/teams/{id}/members/{}", segment(user)), None).await.map(|_| ())
    }

    /// Whether a repository exists and this client may see it.
    pub async fn has_repository(&self, owner: &str, name: &str) -> Result<bool, Error> {
        Ok(self.get(&repository(owner, name)).await?.is_some())
    }

    /// The repositories that this client may see: `<owner>/<name>` and the main branch.
    pub async fn repositories(&self) -> Result<Vec<(String, String)>, Error> {
        let mut found = Vec::new();
        for page in 1.. {
            // The search wraps its answer, so it is not read as other lists are.
            let path = format!("/repos/search?page={page}&limit={PAGE}");
            let answer = self.get(&path).await?.unwrap_or_default();
            let part = answer["data"].as_array().cloned().unwrap_or_default();
            found.extend(part.iter().map(|one| (text(one, "full_name"), text(one, "default_branch"))));
            if part.len() < PAGE {
                break;
            }
        }
        Ok(found)
    }

    /// Makes an empty repository with the default branch `main`, as the forge's administrator.
    pub async fn create_repository(
        &self,
        owner: &str,
        organization: bool,
        name: &str,
        private: bool,
    ) -> Result<(), Error> {
        let path = if organization {
            format!("/orgs/{}/repos", segment(owner))
        } else {
            format!("/admin/users/{}/repos", segment(owner))
        };
        let body = json!({"name": name, "default_branch": "main", "auto_init": false, "private": private});
        self.send(Method::POST, &path, Some(body)).await.map(|_| ())
    }

    /// Removes a repository.
    pub async fn delete_repository(&self, owner: &str, name: &str) -> Result<(), Error> {
        self.send(Method::DELETE, &repository(owner, name), None).await.map(|_| ())
    }

    /// The repository's branches.
    pub async fn branches(&self, owner: &str, name: &str) -> Result<Vec<Branch>, Error> {
        let found = self.pages(&format!("{}/branches", repository(owner, name)), usize::MAX).await?;
        Ok(found.iter().map(branch).collect())
    }

    /// The names of what an owner has in the registry, each once.
    pub async fn packages(&self, owner: &str) -> Result<Vec<String>, Error> {
        let path = format!("/packages/{}?type=container", segment(owner));
        let found = self.pages(&path, usize::MAX).await?;
        let names: std::collections::BTreeSet<_> =
            found.iter().map(|package| text(package, "name")).collect();
        Ok(names.into_iter().collect())
    }

    /// One branch, if it is there.
    pub async fn branch(&self, owner: &str, name: &str, wanted: &str) -> Result<Option<Branch>, Error> {
        let path = format!("{}/branches/{}", repository(owner, name), utf8_percent_encode(wanted, PATH));
        Ok(self.get(&path).await?.as_ref().map(branch))
    }

    /// Up to `limit` commits, newest first, that `reference` (a branch or a hash) leads to.
    pub async fn commits(
        &self,
        owner: &str,
        name: &str,
        reference: &str,
        limit: usize,
    ) -> Result<Vec<Commit>, Error> {
        let path = format!(
            "{}/commits?sha={}&stat=false&verification=false&files=false",
            repository(owner, name),
            segment(reference)
        );
        Ok(self.pages(&path, limit).await?.iter().map(commit).collect())
    }

    /// One commit, if it is there.
    pub async fn commit(&self, owner: &str, name: &str, sha: &str) -> Result<Option<Commit>, Error> {
        let path = format!("{}/git/commits/{}", repository(owner, name), segment(sha));
        Ok(self.get(&path).await?.as_ref().map(commit))
    }

    /// All entries of a commit's tree, those of sub-folders too.
    pub async fn tree(&self, owner: &str, name: &str, reference: &str) -> Result<Vec<TreeEntry>, Error> {
        let mut entries = Vec::new();
        for page in 1.. {
            let base = format!("{}/git/trees/{}", repository(owner, name), segment(reference));
            let path = format!("{base}?recursive=true&per_page=1000&page={page}");
            let Some(mut answer) = self.get(&path).await? else { break };
            let part: Vec<TreeEntry> = serde_json::from_value(answer["tree"].take()).unwrap_or_default();
            let last = part.is_empty() || answer["truncated"] != Value::Bool(true);
            entries.extend(part);
            if last {
                break;
            }
        }
        Ok(entries)
    }

    /// The contents of a file, if it is there.
    pub async fn file(
        &self,
        owner: &str,
        name: &str,
        path: &str,
        reference: &str,
    ) -> Result<Option<Vec<u8>>, Error> {
        let path = utf8_percent_encode(path, PATH);
        let path = format!("{}/contents/{path}?ref={}", repository(owner, name), segment(reference));
        let answer = self.get(&path).await?;
        let content = answer.as_ref().and_then(|file| file["content"].as_str());
        Ok(content.and_then(|content| STANDARD.decode(content).ok()))
    }

    /// Changes files of a branch, in one commit.
    pub async fn change_files(
        &self,
        owner: &str,
        name: &str,
        branch: &str,
        message: &str,
        changes: &[FileChange],
    ) -> Result<(), Error> {
        let files: Vec<_> = changes
            .iter()
            .map(|change| match (&change.content, &change.sha) {
                (None, sha) => json!({"operation": "delete", "path": change.path, "sha": sha}),
                (Some(content), Some(sha)) => {
                    json!({"operation": "update", "path": change.path, "sha": sha, "content": STANDARD.encode(content)})
                }
                (Some(content), None) => {
                    json!({"operation": "create", "path": change.path, "content": STANDARD.encode(content)})
                }
            })
            .collect();
        let body = json!({"branch": branch, "message": message, "files": files});
        self.send(Method::POST, &format!("{}/contents", repository(owner, name)), Some(body))
            .await
            .map(|_| ())
    }

    /// Removes a branch.
    pub async fn delete_branch(&self, owner: &str, name: &str, branch: &str) -> Result<(), Error> {
        let path = format!("{}/branches/{}", repository(owner, name), utf8_percent_encode(branch, PATH));
        self.send(Method::DELETE, &path, None).await.map(|_| ())
    }

    /// The addresses that a repository's webhooks call.
    pub async fn webhooks(&self, owner: &str, name: &str) -> Result<Vec<String>, Error> {
        let hooks = self.pages(&format!("{}/hooks", repository(owner, name)), usize::MAX).await?;
        Ok(hooks.iter().map(|hook| text(&hook["config"], "url")).collect())
    }

    /// Lets a user read a repository and not write to it. It can be said again.
    pub async fn add_reader(&self, owner: &str, name: &str, login: &str) -> Result<(), Error> {
        let path = format!("{}/collaborators/{}", repository(owner, name), segment(login));
        self.send(Method::PUT, &path, Some(json!({"permission": "read"}))).await.map(|_| ())
    }

    /// Makes a branch that begins where `from` is.
    pub async fn create_branch(&self, owner: &str, name: &str, new: &str, from: &str) -> Result<(), Error> {
        let path = format!("{}/branches", repository(owner, name));
        let body = json!({"new_branch_name": new, "old_branch_name": from});
        self.send(Method::POST, &path, Some(body)).await.map(|_| ())
    }

    /// The names of the rules that protect branches.
    pub async fn branch_protections(&self, owner: &str, name: &str) -> Result<Vec<String>, Error> {
        let path = format!("{}/branch_protections", repository(owner, name));
        // This list is no list of pages.
        let found = self.get(&path).await?.unwrap_or_default();
        Ok(found.as_array().into_iter().flatten().map(|rule| text(rule, "rule_name")).collect())
    }

    /// Lets a branch take pull requests only, except from `keeper`: who brings an older state back writes to it.
    pub async fn protect_branch(
        &self,
        owner: &str,
        name: &str,
        branch: &str,
        keeper: &str,
    ) -> Result<(), Error> {
        let path = format!("{}/branch_protections", repository(owner, name));
        let body = json!({"rule_name": branch, "enable_push": true, "enable_push_whitelist": true,
            "push_whitelist_usernames": [keeper]});
        self.send(Method::POST, &path, Some(body)).await.map(|_| ())
    }

    /// Makes a webhook that calls `url` for pushes, signed with `secret`.
    pub async fn create_webhook(
        &self,
        owner: &str,
        name: &str,
        url: &str,
        secret: &str,
    ) -> Result<(), Error> {
        let body = json!({"type": "gitea", "active": true, "events": ["push"],
            "config": {"url": url, "content_type": "json", "secret": secret}});
        self.send(Method::POST, &format!("{}/hooks", repository(owner, name)), Some(body)).await.map(|_| ())
    }

    pub(super) async fn pages(&self, path: &str, limit: usize) -> Result<Vec<Value>, Error> {
        let mut found = Vec::new();
        let mark = if path.contains('?') { '&' } else { '?' };
        let size = limit.min(PAGE);
        for page in 1.. {
            let answer = self.get(&format!("{path}{mark}page={page}&limit={size}")).await?;
            let Some(Value::Array(part)) = answer else { break };
            let last = part.len() < size;
            found.extend(part);
            if last || found.len() >= limit {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// `None` when there is no such thing.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Value>, Error> {
        match self.send(Method::GET, path, None).await {
            Ok(value) => Ok(Some(value)),
            Err(Error::ForgeRefused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends one request to a path below `/api/v1`.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Error> {
        let unreachable = |source| Error::ForgeUnreachable { url: self.url.clone(), source };
        let mut request = self.http.request(method.clone(), format!("{}/api/v1{path}", self.url));
        request = match &self.credential {
            Credential::Token(token) => request.header("authorization", format!("token {token}")),
            Credential::Password { user, password } => request.basic_auth(user, Some(password)),
        };
        if let Some(body) = body {
            request = request.json(&body);
        }
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > ANSWER_LIMIT {
                return Err(refused(&method, path, status, "an answer of over 64 MiB".to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        let value = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
        if status.is_success() {
            return Ok(value);
        }
        let message = match value["message"].as_str() {
            Some(message) => message.to_owned(),
            None => String::from_utf8_lossy(&bytes).chars().take(200).collect(),
        };
        Err(refused(&method, path, status, message))
    }
}

fn refused(method: &Method, path: &str, status: StatusCode, message: String) -> Error {
    Error::ForgeRefused {
        method: method.to_string(),
        path: path.to_owned(),
        status: status.as_u16(),
        message,
    }
}

pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

pub(super) fn repository(owner: &str, name: &str) -> String {
    format!("/repos/{}/{}", segment(owner), segment(name))
}

pub(super) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn branch(value: &Value) -> Branch {
    Branch { name: text(value, "name"), commit: text(&value["commit"], "id") }
}

fn commit(value: &Value) -> Commit {
    let author = &value["commit"]["author"];
    Commit {
        sha: text(value, "sha"),
        message: text(&value["commit"], "message"),
        author: Identity { name: text(author, "name"), email: text(author, "email") },
        parents: value["parents"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parent| text(parent, "sha"))
            .collect(),
    }
}
