//! `/api/v1/repos/{owner}/{repo}/branches`.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use git2::{Commit, Oid};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::browse;
use super::super::metadata::Metadata;
use super::super::push::{self, Refusal, Rule, Update};
use super::ApiError;
use super::call::{Call, Found, Payload, blocking};
use super::commits::{self, Place};
use super::paging::Page;
use crate::accounts::Permission;

#[derive(Deserialize)]
pub(crate) struct CreateBranch {
    #[serde(rename = "new_branch_name")]
    name: String,
    #[serde(default, rename = "old_branch_name")]
    from_branch: String,
    #[serde(default, rename = "old_ref_name")]
    from: String,
}

fn missing(metadata: &Metadata, branch: &str) -> ApiError {
    let detail = format!("branch does not exist [repo_id: {} name: {branch}]", metadata.id);
    ApiError::NotFound { detail: Some(detail) }
}

fn answer(call: &Call, found: &Found, name: &str, commit: &Commit<'_>) -> Value {
    let place = Place { base: call.base.clone(), full_name: found.metadata.full_name() };
    let rule = found.metadata.protection(name);
    let login = call.caller.user.as_ref().map(|user| user.login.as_str()).unwrap_or_default();
    let may_write = found.permission >= Permission::Write;
    json!({
        "name": name, "commit": commits::of_branch(&call.shared, commit, &place), "protected": rule.is_some(),
        "required_approvals": rule.map_or(0, |rule| rule.required_approvals),
        "enable_status_check": rule.is_some_and(|rule| rule.merging.enable_status_check),
        "status_check_contexts": rule.map(|rule| rule.merging.status_check_contexts.clone()).unwrap_or_default(),
        "user_can_push": may_write && rule.is_none_or(|rule| rule.lets_push(login)),
        "user_can_merge": may_write && rule.is_none_or(|rule| rule.lets_merge(login)),
        "effective_branch_protection_name": rule.map(|rule| rule.rule_name.as_str()).unwrap_or_default()
    })
}

pub(crate) async fn list(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let git = found.repository.open()?;
        let mut names = Vec::new();
        for reference in git.references_glob("refs/heads/*")? {
            let reference = reference?;
            let name = reference.name().ok().and_then(|name| name.strip_prefix("refs/heads/"));
            if let (Some(name), Ok(commit)) = (name, reference.peel_to_commit()) {
                names.push((name.to_owned(), commit));
            }
        }
        names.sort_by(|left, right| left.0.cmp(&right.0));
        Ok(page.of(names, |(name, commit)| answer(&call, &found, &name, &commit)))
    })
    .await
}

pub(crate) async fn get(
    call: Call,
    Path((owner, name, branch)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let git = found.repository.open()?;
        let reference = git.find_reference(&format!("refs/heads/{branch}"));
        let commit = reference
            .and_then(|found| found.peel_to_commit())
            .map_err(|_| missing(&found.metadata, &branch))?;
        Ok(Json(answer(&call, &found, &branch, &commit)))
    })
    .await
}

pub(crate) async fn create(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    Payload(new): Payload<CreateBranch>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.writable(&owner, &name)?;
    blocking(move || {
        let from = [new.from, new.from_branch, found.metadata.default_branch.clone()];
        let from = from.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        let git = found.repository.open()?;
        let missing = |_| ApiError::NotFound { detail: Some("The old branch does not exist".to_owned()) };
        let start = browse::resolve(&git, &from).map_err(missing)?;
        let branch = new.name;
        let update = Update { name: format!("refs/heads/{branch}"), old: Oid::ZERO_SHA1, new: start.id() };
        if !push::target(&git, &update.name).is_zero() {
            return Err(ApiError::BranchExists);
        }
        change(&call, &found, update)?;
        Ok((StatusCode::CREATED, Json(answer(&call, &found, &branch, &start))))
    })
    .await
}

pub(crate) async fn delete(
    call: Call,
    Path((owner, name, branch)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let found = call.writable(&owner, &name)?;
    blocking(move || {
        let name = format!("refs/heads/{branch}");
        let old = push::target(&found.repository.open()?, &name);
        if old.is_zero() {
            return Err(missing(&found.metadata, &branch));
        }
        change(&call, &found, Update { name, old, new: Oid::ZERO_SHA1 })?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

fn change(call: &Call, found: &Found, update: Update) -> Result<(), ApiError> {
    let repository = &found.repository;
    let writer = call.writer(found.permission);
    let writing = repository.lock();
    let git = repository.open()?;
    push::check(&repository.metadata(), &git, &update, &writer).map_err(|rule| ApiError::Forbidden {
        message: match rule {
            Rule::DefaultBranch { .. } => "can not delete default branch".to_owned(),
            Rule::Deletion { .. } => "branch protected".to_owned(),
            rule => rule.to_string(),
        },
    })?;
    let mut verdicts = [push::validate(&git, &update)];
    let updates = [update];
    push::apply(&git, &updates, &mut verdicts, false);
    let [verdict] = verdicts;
    verdict.map_err(|refusal| match refusal {
        Refusal::Name => ApiError::Invalid { message: "[NewBranchName]: GitRefName".to_owned() },
        refusal => ApiError::Conflict { message: refusal.to_string() },
    })?;
    call.shared.pushed(repository, &updates, &writer.login, &call.base);
    drop(writing);
    Ok(())
}
