//! Webhooks: each push to a branch or tag, and the other events of `news`, are sent at once to the addresses that the repository's owners gave, in
//! Gitea's format and signed as Gitea and GitHub do. A push never waits for them.
//! <https://docs.gitea.com/usage/webhooks>

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;
use tokio::sync::Semaphore;

use super::api::{View, commits, repos, users};
use super::metadata::{Hook, Metadata, matches};
use super::news::event;
use super::push::Update;
use super::repository::Repository;
use super::server::Shared;

/// How often a delivery is tried, and what is waited after each failure but the last.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];
/// How long the other side may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Deliveries under way at a time, of all repositories.
const AT_ONCE: usize = 64;
/// Commits in a payload; how many there are is told beside them.
const COMMITS: usize = 5;

pub(super) struct Webhooks {
    http: reqwest::Client,
    permits: Arc<Semaphore>,
}

impl Default for Webhooks {
    fn default() -> Self {
        // A forge is called by its address in the lab, never through the machine's proxy.
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().unwrap_or_default();
        Self { http, permits: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Webhooks {
    /// Sends the push to the repository's hooks that wish it.
    pub(super) fn pushed(
        &self,
        shared: &Shared,
        repository: &Repository,
        update: &Update,
        pusher: &str,
        base: &str,
    ) {
        let metadata = repository.metadata();
        let hooks: Vec<&Hook> = metadata.hooks.iter().filter(|hook| hook.wants_push(&update.name)).collect();
        // Gitea has another event for deletions.
        if hooks.is_empty() || update.new.is_zero() {
            return;
        }
        match payload(shared, repository, &metadata, update, pusher, base) {
            Ok(payload) => hooks.into_iter().for_each(|hook| self.deliver(hook, "push", &payload)),
            Err(error) => tracing::warn!(repository = %metadata.full_name(), "no webhook sent: {error}"),
        }
    }

    /// Sends one payload in the background.
    pub(super) fn deliver(&self, hook: &Hook, kind: &'static str, payload: &Value) {
        let (http, permits, hook) = (self.http.clone(), self.permits.clone(), hook.clone());
        let body = payload.to_string();
        tokio::spawn(async move {
            let Ok(_permit) = permits.acquire().await else { return };
            let delivery = uuid::Uuid::new_v4().to_string();
            let mut waits = WAITS.iter();
            loop {
                let failure = match request(&http, &hook, kind, &delivery, &body).send().await {
                    Ok(answer) if answer.status().is_success() => return,
                    Ok(answer) => answer.status().to_string(),
                    Err(error) => error.without_url().to_string(),
                };
                tracing::debug!(hook = hook.id, %delivery, "webhook not delivered: {failure}");
                let Some(&wait) = waits.next() else { return };
                tokio::time::sleep(wait).await;
            }
        });
    }
}

impl Hook {
    /// Whether it wishes to be told of a kind of event that is not a push.
    pub(super) fn wants(&self, kind: &str) -> bool {
        let wished = |event: &String| match event.as_str() {
            "pull_request" => kind.starts_with("pull_request"),
            "pull_request_only" => kind == "pull_request",
            other => other == kind,
        };
        self.active && self.events.iter().any(wished)
    }

    fn wants_push(&self, reference: &str) -> bool {
        let wished = self.events.iter().any(|event| event == "push" || event == "push_only");
        let name = reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/"));
        let filter = self.branch_filter.as_str();
        let matching = |name: &str| filter.is_empty() || filter == "*" || matches(filter, name);
        self.active && wished && name.is_some_and(matching)
    }
}

fn request(
    http: &reqwest::Client,
    hook: &Hook,
    kind: &'static str,
    delivery: &str,
    body: &str,
) -> reqwest::RequestBuilder {
    let mut request = http.post(&hook.url).header("content-type", "application/json");
    for brand in ["Gitea", "Gogs", "GitHub"] {
        request = request
            .header(format!("X-{brand}-Delivery"), delivery)
            .header(format!("X-{brand}-Event"), event(kind))
            .header(format!("X-{brand}-Event-Type"), kind);
    }
    if !hook.authorization_header.is_empty() {
        request = request.header("authorization", &hook.authorization_header);
    }
    if !hook.secret.is_empty() {
        let (sha1, sha256) = signatures(&hook.secret, body);
        request = request
            .header("X-Gitea-Signature", &sha256)
            .header("X-Gogs-Signature", &sha256)
            .header("X-Hub-Signature", format!("sha1={sha1}"))
            .header("X-Hub-Signature-256", format!("sha256={sha256}"));
    }
    request.body(body.to_owned())
}

fn signatures(secret: &str, body: &str) -> (String, String) {
    const ANY: &str = "HMAC takes keys of any length";
    let sha1 = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect(ANY).chain_update(body).finalize();
    let sha256 = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect(ANY).chain_update(body).finalize();
    (format!("{:x}", sha1.into_bytes()), format!("{:x}", sha256.into_bytes()))
}

fn payload(
    shared: &Shared,
    repository: &Repository,
    metadata: &Metadata,
    update: &Update,
    pusher: &str,
    base: &str,
) -> Result<Value, git2::Error> {
    let git = repository.open()?;
    let repository = repos::repository(shared, repository, metadata, base, None);
    let address = repository["html_url"].as_str().unwrap_or_default().to_owned();
    let mut walk = git.revwalk()?;
    walk.push(git.find_object(update.new, None)?.peel_to_commit()?.id())?;
    if !update.old.is_zero() {
        let old = git.find_object(update.old, None)?.peel_to_commit()?.id();
        walk.hide(old)?;
    }
    // All of a new branch's history is not news.
    let known = if update.old.is_zero() { 1 } else { usize::MAX };
    let new = walk.take(known).collect::<Result<Vec<_>, _>>()?;
    let mut listed = Vec::new();
    for &id in new.iter().take(COMMITS) {
        listed.push(commits::payload(shared, &git, &git.find_commit(id)?, &address)?);
    }
    let compare = if update.old.is_zero() {
        format!("{base}/")
    } else {
        format!("{address}/compare/{}...{}", update.old, update.new)
    };
    let sender = shared.users.get(pusher).map(|user| users::user(base, &user, View::Signed));
    Ok(json!({
        "ref": update.name, "before": update.old.to_string(), "after": update.new.to_string(),
        "compare_url": compare, "commits": listed, "total_commits": new.len(),
        "head_commit": listed.first(), "repository": repository, "pusher": sender, "sender": sender
    }))
}

/// What `…/hooks/{id}/tests` sends: a push of the default branch's newest commit, if there is one.
pub(super) fn test_delivery(
    shared: &Shared,
    repository: &Repository,
    hook: &Hook,
    pusher: &str,
    base: &str,
) -> Result<(), git2::Error> {
    let metadata = repository.metadata();
    let name = format!("refs/heads/{}", metadata.default_branch);
    let head = repository.open()?.refname_to_id(&name)?;
    let update = Update { name, old: head, new: head };
    let payload = payload(shared, repository, &metadata, &update, pusher, base)?;
    shared.webhooks.deliver(hook, "push", &payload);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::signatures;

    #[test]
    fn signature_agrees_with_the_published_example() {
        // From GitHub's documentation on validating webhook deliveries.
        let (_, sha256) = signatures("It's a Secret to Everybody", "Hello, World!");
        assert_eq!(sha256, "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
    }
}
