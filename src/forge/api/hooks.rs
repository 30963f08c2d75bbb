//! `/api/v1/repos/{owner}/{repo}/hooks`: webhooks.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::metadata::Hook;
use super::super::webhooks::test_delivery;
use super::ApiError;
use super::call::{Call, Payload, blocking};
use super::paging::Page;
use super::users::seconds;

/// Webhooks of one repository.
const LIMIT: usize = 100;
const KINDS: [&str; 11] = [
    "dingtalk",
    "discord",
    "feishu",
    "gitea",
    "gogs",
    "matrix",
    "msteams",
    "packagist",
    "slack",
    "telegram",
    "wechatwork",
];

#[derive(Deserialize)]
pub(crate) struct CreateHook {
    r#type: String,
    config: BTreeMap<String, String>,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    branch_filter: String,
    #[serde(default)]
    authorization_header: String,
    #[serde(default)]
    active: bool,
}

#[derive(Deserialize)]
pub(crate) struct EditHook {
    config: Option<BTreeMap<String, String>>,
    events: Option<Vec<String>>,
    branch_filter: Option<String>,
    authorization_header: Option<String>,
    active: Option<bool>,
}

/// The secret is never told.
fn hook(hook: &Hook) -> Value {
    json!({"id": hook.id, "type": hook.kind, "branch_filter": hook.branch_filter,
        "config": {"content_type": hook.content_type, "url": hook.url}, "events": hook.events,
        "authorization_header": hook.authorization_header, "active": hook.active,
        "updated_at": seconds(hook.updated), "created_at": seconds(hook.created)})
}

fn checked_url(url: &str) -> Result<String, ApiError> {
    let good = url.parse::<axum::http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    if good { Ok(url.to_owned()) } else { Err(ApiError::Invalid { message: "Invalid url".to_owned() }) }
}

fn checked_content_type(kind: &str) -> Result<String, ApiError> {
    // Payloads are sent as JSON only: a form would be a second format that nobody of the workshop reads.
    if kind == "json" {
        Ok(kind.to_owned())
    } else {
        Err(ApiError::Invalid { message: "Invalid content type".to_owned() })
    }
}

pub(crate) async fn list(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.administered(&owner, &name)?;
    Ok(page.of(found.metadata.hooks, |found| hook(&found)))
}

pub(crate) async fn create(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    Payload(mut new): Payload<CreateHook>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.administered(&owner, &name)?;
    if !KINDS.contains(&new.r#type.as_str()) {
        return Err(ApiError::Invalid { message: format!("Invalid hook type: {}", new.r#type) });
    }
    let (Some(url), Some(content_type)) = (new.config.get("url"), new.config.get("content_type")) else {
        let missing = if new.config.contains_key("url") { "content_type" } else { "url" };
        return Err(ApiError::Invalid { message: format!("Missing config option: {missing}") });
    };
    let (url, content_type) = (checked_url(url)?, checked_content_type(content_type)?);
    if found.metadata.hooks.len() >= LIMIT {
        return Err(ApiError::Invalid { message: format!("repository has {LIMIT} webhooks already") });
    }
    if new.events.is_empty() {
        new.events.push("push".to_owned());
    }
    let now = Timestamp::now();
    let made = Hook {
        id: 0,
        kind: new.r#type,
        url,
        content_type,
        secret: new.config.remove("secret").unwrap_or_default(),
        authorization_header: new.authorization_header,
        branch_filter: new.branch_filter,
        events: new.events,
        active: new.active,
        created: now,
        updated: now,
    };
    blocking(move || {
        let made = found.repository.change(|metadata| {
            metadata.next_hook += 1;
            let made = Hook { id: metadata.next_hook, ..made };
            metadata.hooks.push(made.clone());
            made
        })?;
        Ok((StatusCode::CREATED, Json(hook(&made))))
    })
    .await
}

type HookPath = Path<(String, String, u64)>;

pub(crate) async fn get(call: Call, Path((owner, name, id)): HookPath) -> Result<Json<Value>, ApiError> {
    let found = call.administered(&owner, &name)?;
    let wanted = found.metadata.hooks.iter().find(|hook| hook.id == id).ok_or_else(ApiError::missing)?;
    Ok(Json(hook(wanted)))
}

pub(crate) async fn edit(
    call: Call,
    Path((owner, name, id)): HookPath,
    Payload(edit): Payload<EditHook>,
) -> Result<Json<Value>, ApiError> {
    let found = call.administered(&owner, &name)?;
    let config = edit.config.unwrap_or_default();
    let url = config.get("url").map(|url| checked_url(url)).transpose()?;
    config.get("content_type").map(|kind| checked_content_type(kind)).transpose()?;
    let secret = config.get("secret").cloned();
    blocking(move || {
        let changed = found.repository.change(|metadata| {
            let hook = metadata.hooks.iter_mut().find(|hook| hook.id == id)?;
            let set =
                |field: &mut String, value: Option<String>| *field = value.unwrap_or_else(|| field.clone());
            set(&mut hook.url, url);
            set(&mut hook.secret, secret);
            set(&mut hook.branch_filter, edit.branch_filter);
            set(&mut hook.authorization_header, edit.authorization_header);
            hook.events = edit.events.unwrap_or_else(|| hook.events.clone());
            hook.active = edit.active.unwrap_or(hook.active);
            hook.updated = Timestamp::now();
            Some(hook.clone())
        })?;
        Ok(Json(hook(&changed.ok_or_else(ApiError::missing)?)))
    })
    .await
}

pub(crate) async fn delete(call: Call, Path((owner, name, id)): HookPath) -> Result<StatusCode, ApiError> {
    let found = call.administered(&owner, &name)?;
    blocking(move || {
        let gone = found.repository.change(|metadata| {
            let before = metadata.hooks.len();
            metadata.hooks.retain(|hook| hook.id != id);
            metadata.hooks.len() < before
        })?;
        if gone { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::missing()) }
    })
    .await
}

pub(crate) async fn test(call: Call, Path((owner, name, id)): HookPath) -> Result<StatusCode, ApiError> {
    let found = call.administered(&owner, &name)?;
    blocking(move || {
        let wanted = found.metadata.hooks.iter().find(|hook| hook.id == id).ok_or_else(ApiError::missing)?;
        let pusher = call.user()?.login.clone();
        test_delivery(&call.shared, &found.repository, wanted, &pusher, &call.base)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
