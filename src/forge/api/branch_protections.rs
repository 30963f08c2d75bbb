//! `/api/v1/repos/{owner}/{repo}/branch_protections`: rules for branches.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::metadata::{Merging, Protection};
use super::ApiError;
use super::call::{Call, Payload, blocking};
use super::users::seconds;

/// Rules of one repository.
const LIMIT: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Rule {
    #[serde(rename = "rule_name")]
    name: String,
    branch_name: String,
    enable_push: Option<bool>,
    enable_push_whitelist: Option<bool>,
    push_whitelist_usernames: Option<Vec<String>>,
    enable_force_push: Option<bool>,
    required_approvals: Option<u64>,
    enable_merge_whitelist: Option<bool>,
    merge_whitelist_usernames: Option<Vec<String>>,
    enable_status_check: Option<bool>,
    status_check_contexts: Option<Vec<String>>,
    enable_approvals_whitelist: Option<bool>,
    approvals_whitelist_username: Option<Vec<String>>,
    block_on_rejected_reviews: Option<bool>,
    block_on_official_review_requests: Option<bool>,
    block_on_outdated_branch: Option<bool>,
    dismiss_stale_approvals: Option<bool>,
    ignore_stale_approvals: Option<bool>,
    block_admin_merge_override: Option<bool>,
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

impl Rule {
    fn apply(self, to: &mut Protection) {
        set(&mut to.enable_push, self.enable_push);
        set(&mut to.enable_push_whitelist, self.enable_push_whitelist);
        set(&mut to.push_whitelist_usernames, self.push_whitelist_usernames);
        set(&mut to.enable_force_push, self.enable_force_push);
        set(&mut to.required_approvals, self.required_approvals);
        let merging = &mut to.merging;
        set(&mut merging.enable_merge_whitelist, self.enable_merge_whitelist);
        set(&mut merging.merge_whitelist_usernames, self.merge_whitelist_usernames);
        set(&mut merging.enable_status_check, self.enable_status_check);
        set(&mut merging.status_check_contexts, self.status_check_contexts);
        set(&mut merging.enable_approvals_whitelist, self.enable_approvals_whitelist);
        set(&mut merging.approvals_whitelist_username, self.approvals_whitelist_username);
        set(&mut merging.block_on_rejected_reviews, self.block_on_rejected_reviews);
        set(&mut merging.block_on_official_review_requests, self.block_on_official_review_requests);
        set(&mut merging.block_on_outdated_branch, self.block_on_outdated_branch);
        set(&mut merging.dismiss_stale_approvals, self.dismiss_stale_approvals);
        set(&mut merging.ignore_stale_approvals, self.ignore_stale_approvals);
        set(&mut merging.block_admin_merge_override, self.block_admin_merge_override);
        to.updated = Timestamp::now();
    }
}

fn answer(rules: &[Protection], rule: &Protection) -> Value {
    let at = rules.iter().position(|other| other.rule_name == rule.rule_name).unwrap_or_default();
    let merging = &rule.merging;
    let contexts = Some(&merging.status_check_contexts).filter(|contexts| !contexts.is_empty());
    json!({
        "branch_name": rule.rule_name, "rule_name": rule.rule_name, "priority": at + 1,
        "enable_push": rule.enable_push, "enable_push_whitelist": rule.enable_push_whitelist,
        "push_whitelist_usernames": rule.push_whitelist_usernames, "push_whitelist_teams": [],
        "push_whitelist_deploy_keys": false, "enable_force_push": rule.enable_force_push,
        "enable_force_push_allowlist": false, "force_push_allowlist_usernames": [],
        "force_push_allowlist_teams": [], "force_push_allowlist_deploy_keys": false,
        "enable_merge_whitelist": merging.enable_merge_whitelist,
        "merge_whitelist_usernames": merging.merge_whitelist_usernames, "merge_whitelist_teams": [],
        "enable_status_check": merging.enable_status_check, "status_check_contexts": contexts,
        "required_approvals": rule.required_approvals,
        "enable_approvals_whitelist": merging.enable_approvals_whitelist,
        "approvals_whitelist_username": merging.approvals_whitelist_username, "approvals_whitelist_teams": [],
        "block_on_rejected_reviews": merging.block_on_rejected_reviews,
        "block_on_official_review_requests": merging.block_on_official_review_requests,
        "block_on_outdated_branch": merging.block_on_outdated_branch,
        "dismiss_stale_approvals": merging.dismiss_stale_approvals,
        "ignore_stale_approvals": merging.ignore_stale_approvals, "require_signed_commits": false,
        "protected_file_patterns": "", "unprotected_file_patterns": "",
        "block_admin_merge_override": merging.block_admin_merge_override,
        "created_at": seconds(rule.created), "updated_at": seconds(rule.updated)
    })
}

pub(crate) async fn list(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let rules = call.administered(&owner, &name)?.metadata.protections;
    Ok(Json(rules.iter().map(|rule| answer(&rules, rule)).collect()))
}

pub(crate) async fn create(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    Payload(mut new): Payload<Rule>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.administered(&owner, &name)?;
    let names = [std::mem::take(&mut new.name), std::mem::take(&mut new.branch_name)];
    let rule_name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    if rule_name.is_empty() || rule_name.len() > 255 {
        return Err(ApiError::BadRequest { message: "both rule_name and branch_name are empty".to_owned() });
    }
    let rules = &found.metadata.protections;
    if rules.iter().any(|rule| rule.rule_name == rule_name) || rules.len() >= LIMIT {
        return Err(ApiError::Forbidden { message: "Branch protection already exist".to_owned() });
    }
    let now = Timestamp::now();
    let mut made = Protection {
        rule_name,
        enable_push: false,
        enable_push_whitelist: false,
        push_whitelist_usernames: Vec::new(),
        enable_force_push: false,
        required_approvals: 0,
        merging: Merging::default(),
        created: now,
        updated: now,
    };
    new.apply(&mut made);
    blocking(move || {
        let answer = found.repository.change(|metadata| {
            metadata.protections.push(made.clone());
            answer(&metadata.protections, &made)
        })?;
        Ok((StatusCode::CREATED, Json(answer)))
    })
    .await
}

type RulePath = Path<(String, String, String)>;

pub(crate) async fn get(call: Call, Path((owner, name, rule)): RulePath) -> Result<Json<Value>, ApiError> {
    let rules = call.administered(&owner, &name)?.metadata.protections;
    let found = rules.iter().find(|found| found.rule_name == rule).ok_or_else(ApiError::missing)?;
    Ok(Json(answer(&rules, found)))
}

pub(crate) async fn edit(
    call: Call,
    Path((owner, name, rule)): RulePath,
    Payload(edit): Payload<Rule>,
) -> Result<Json<Value>, ApiError> {
    let found = call.administered(&owner, &name)?;
    blocking(move || {
        let changed = found.repository.change(|metadata| {
            let at = metadata.protections.iter().position(|found| found.rule_name == rule)?;
            edit.apply(&mut metadata.protections[at]);
            Some(answer(&metadata.protections, &metadata.protections[at]))
        })?;
        Ok(Json(changed.ok_or_else(ApiError::missing)?))
    })
    .await
}

pub(crate) async fn delete(call: Call, Path((owner, name, rule)): RulePath) -> Result<StatusCode, ApiError> {
    let found = call.administered(&owner, &name)?;
    blocking(move || {
        let gone = found.repository.change(|metadata| {
            let before = metadata.protections.len();
            metadata.protections.retain(|found| found.rule_name != rule);
            metadata.protections.len() < before
        })?;
        if gone { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::missing()) }
    })
    .await
}
