//! What webhooks are told besides pushes: branches that come and go, pull requests and what is said of them, statuses.
//! The names of events and kinds are Gitea's. <https://docs.gitea.com/usage/webhooks>

use git2::Oid;
use serde_json::{Value, json};

use super::api::pulls::{self, Detail};
use super::api::{View, issues, repos, users};
use super::metadata::Metadata;
use super::pulls::PullRequest;
use super::push::Update;
use super::repository::Repository;
use super::server::Shared;
use super::statuses::Status;
use crate::accounts::Permission;

/// What happened to a pull request.
pub(super) struct News<'a> {
    pub(super) pull: &'a PullRequest,
    /// `opened`, `closed`, `synchronized`, …
    pub(super) action: &'a str,
    /// What a webhook asks for: `pull_request`, `pull_request_sync`, …
    pub(super) kind: &'static str,
    /// More fields of the payload; nothing, or an object.
    pub(super) more: Value,
}

/// What the headers call a kind.
pub(super) fn event(kind: &'static str) -> &'static str {
    match kind {
        "pull_request_sync" | "pull_request_review_request" => "pull_request",
        "pull_request_review_approved" => "pull_request_approved",
        "pull_request_review_rejected" => "pull_request_rejected",
        "pull_request_review_comment" => "pull_request_comment",
        "pull_request_comment" => "issue_comment",
        other => other,
    }
}

struct Teller<'a> {
    shared: &'a Shared,
    repository: &'a Repository,
    metadata: Metadata,
    login: &'a str,
    base: &'a str,
}

impl<'a> Teller<'a> {
    /// Nothing when no webhook wishes it: payloads cost time.
    fn new(
        shared: &'a Shared,
        repository: &'a Repository,
        kind: &str,
        login: &'a str,
        base: &'a str,
    ) -> Option<Self> {
        let metadata = repository.metadata();
        let wished = metadata.hooks.iter().any(|hook| hook.wants(kind));
        wished.then_some(Self { shared, repository, metadata, login, base })
    }

    fn sender(&self) -> Option<Value> {
        self.shared.users.get(self.login).map(|user| users::user(self.base, &user, View::Signed))
    }

    fn about(&self) -> Value {
        repos::repository(self.shared, self.repository, &self.metadata, self.base, None)
    }

    fn pull(&self, pull: &PullRequest) -> Option<Value> {
        let permission = Some(Permission::Read);
        pulls::pull_request(self.shared, self.base, self.repository, pull, permission, Detail::Single).ok()
    }

    fn tell(&self, kind: &'static str, payload: &Value) {
        for hook in self.metadata.hooks.iter().filter(|hook| hook.wants(kind)) {
            self.shared.webhooks.deliver(hook, kind, payload);
        }
    }
}

/// Tells of a pull request.
pub(super) fn tell_pull(shared: &Shared, repository: &Repository, news: &News<'_>, login: &str, base: &str) {
    let Some(teller) = Teller::new(shared, repository, news.kind, login, base) else { return };
    let mut payload = json!({
        "action": news.action, "number": news.pull.number, "pull_request": teller.pull(news.pull),
        "requested_reviewer": null, "repository": teller.about(), "sender": teller.sender(), "commit_id": "",
        "review": null
    });
    if let (Some(fields), Value::Object(more)) = (payload.as_object_mut(), news.more.clone()) {
        fields.extend(more);
    }
    teller.tell(news.kind, &payload);
}

/// The same, where there is no more to say.
pub(super) fn pull_request(
    shared: &Shared,
    repository: &Repository,
    pull: &PullRequest,
    action: &str,
    kind: &'static str,
    login: &str,
    base: &str,
) {
    tell_pull(shared, repository, &News { pull, action, kind, more: Value::Null }, login, base);
}

/// Tells of a new comment, which is given as the API answers it.
pub(super) fn tell_comment(
    shared: &Shared,
    repository: &Repository,
    pull: &PullRequest,
    comment: &Value,
    login: &str,
    base: &str,
) {
    let kind = "pull_request_comment";
    let Some(teller) = Teller::new(shared, repository, kind, login, base) else { return };
    let payload = json!({
        "action": "created", "issue": issues::issue(shared, base, &teller.metadata, pull, View::Signed),
        "pull_request": teller.pull(pull), "comment": comment, "repository": teller.about(),
        "sender": teller.sender(), "is_pull": true
    });
    teller.tell(kind, &payload);
}

/// Tells of a status.
pub(super) fn tell_status(
    shared: &Shared,
    repository: &Repository,
    status: &Status,
    login: &str,
    base: &str,
) {
    let Some(teller) = Teller::new(shared, repository, "status", login, base) else { return };
    let time = users::seconds(status.created);
    let payload = json!({
        "commit": {"id": status.sha}, "context": status.context, "created_at": time, "description": status.description,
        "id": status.id, "repository": teller.about(), "sender": teller.sender(), "sha": status.sha,
        "state": status.state.name(), "target_url": status.target_url, "updated_at": time
    });
    teller.tell("status", &payload);
}

/// Tells of a branch or tag that came or went.
pub(super) fn tell_reference(
    shared: &Shared,
    repository: &Repository,
    update: &Update,
    login: &str,
    base: &str,
) {
    let kind = match (update.old == Oid::ZERO_SHA1, update.new == Oid::ZERO_SHA1) {
        (true, false) => "create",
        (false, true) => "delete",
        _ => return,
    };
    let branch = update.name.strip_prefix("refs/heads/").map(|name| (name, "branch"));
    let tag = || update.name.strip_prefix("refs/tags/").map(|name| (name, "tag"));
    let Some((name, sort)) = branch.or_else(tag) else { return };
    let Some(teller) = Teller::new(shared, repository, kind, login, base) else { return };
    let mut payload = json!({"ref": name, "ref_type": sort});
    if kind == "create" {
        payload["sha"] = Value::from(update.new.to_string());
    } else {
        payload["pusher_type"] = Value::from("user");
    }
    payload["repository"] = teller.about();
    payload["sender"] = json!(teller.sender());
    teller.tell(kind, &payload);
}
