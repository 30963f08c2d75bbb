//! `…/pulls/{index}/merge` and `…/update`: the two branches come together.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use serde::Deserialize;

use super::answer::FoundPull;
use crate::accounts::Permission;
use crate::forge::api::ApiError;
use crate::forge::api::call::{Call, Payload, blocking};
use crate::forge::pulls::{self, Doer, Merge, Style};

type NumberPath = Path<(String, String, u64)>;

/// Whether it has been merged.
pub(crate) async fn get(call: Call, Path((owner, name, number)): NumberPath) -> Result<StatusCode, ApiError> {
    let wanted = FoundPull::new(call.repository(&owner, &name)?, number)?;
    if wanted.pull.merged.is_some() { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::missing()) }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct MergePull {
    #[serde(rename = "Do")]
    style: String,
    #[serde(rename = "MergeTitleField")]
    title: String,
    #[serde(rename = "MergeMessageField")]
    message: String,
    head_commit_id: String,
    delete_branch_after_merge: bool,
    force_merge: bool,
}

impl MergePull {
    /// In the forge's own words.
    pub(in crate::forge) fn new(style: String, delete_branch_after_merge: bool) -> Self {
        Self { style, delete_branch_after_merge, ..Self::default() }
    }
}

pub(crate) async fn merge(
    call: Call,
    Path((owner, name, number)): NumberPath,
    Payload(wish): Payload<MergePull>,
) -> Result<StatusCode, ApiError> {
    let found = call.repository(&owner, &name)?;
    let user = call.user()?.clone();
    found.alive()?;
    let style = Style::ALL.into_iter().find(|(word, _)| *word == wish.style);
    let required = if wish.style.is_empty() { "[Do]: Required" } else { "[Do]: In" };
    let (_, style) = style.ok_or_else(|| ApiError::Invalid { message: required.to_owned() })?;
    blocking(move || {
        let wish = Merge {
            style,
            title: wish.title,
            message: wish.message,
            head: Some(wish.head_commit_id).filter(|id| !id.is_empty()),
            delete_branch: wish.delete_branch_after_merge,
            force: wish.force_merge,
        };
        let doer = Doer { user: &user, permission: found.permission, base: &call.base };
        pulls::merge(&call.shared, &found.repository, &doer, number, &wish)?;
        Ok(StatusCode::OK)
    })
    .await
}

#[derive(Deserialize)]
pub(crate) struct UpdateParameters {
    #[serde(default)]
    style: String,
}

/// Brings the head up to its base.
pub(crate) async fn update(
    call: Call,
    Path((owner, name, number)): NumberPath,
    Query(parameters): Query<UpdateParameters>,
) -> Result<StatusCode, ApiError> {
    let found = call.repository(&owner, &name)?;
    let user = call.user()?.clone();
    found.alive()?;
    let wanted = FoundPull::new(found, number)?;
    if !wanted.pull.is_open() {
        return Err(ApiError::Invalid { message: "pull request is closed".to_owned() });
    }
    blocking(move || {
        let FoundPull { found, pull } = &wanted;
        let from = pulls::source(&call.shared, &found.repository, pull).ok_or_else(ApiError::missing)?;
        let permission = call.caller.permission(&call.shared, &from.metadata());
        if permission < Some(Permission::Write) {
            return Err(ApiError::Forbid);
        }
        let doer = Doer { user: &user, permission: found.permission, base: &call.base };
        pulls::update(&call.shared, &found.repository, &doer, pull, parameters.style == "rebase")?;
        Ok(StatusCode::OK)
    })
    .await
}
