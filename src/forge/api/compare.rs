//! `/api/v1/repos/{owner}/{repo}/compare/{base}...{head}`: the commits that one has and the other has not.

use axum::Json;
use axum::extract::Path;
use serde_json::{Value, json};

use super::super::browse;
use super::ApiError;
use super::call::{Call, blocking};
use super::commits::{self, Detail, Place};

/// Commits listed at most; how many there are is told beside them.
const LISTED: usize = 250;

pub(crate) async fn get(
    call: Call,
    Path((owner, name, spec)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let (base, head, from_merge_base) = match (spec.split_once("..."), spec.split_once("..")) {
            (Some((base, head)), _) => (base, head, true),
            (None, Some((base, head))) => (base, head, false),
            (None, None) => (found.metadata.default_branch.as_str(), spec.as_str(), true),
        };
        let git = found.repository.open()?;
        let mut start = browse::resolve(&git, base)?.id();
        let end = browse::resolve(&git, head)?.id();
        if from_merge_base {
            start = git.merge_base(start, end).unwrap_or(start);
        }
        let mut walk = git.revwalk()?;
        walk.push(end)?;
        walk.hide(start)?;
        let ids = walk.collect::<Result<Vec<_>, _>>()?;
        let place = Place { base: call.base.clone(), full_name: found.metadata.full_name() };
        let detail = Detail { stat: true, verification: true, files: true };
        let listed = ids.iter().take(LISTED);
        let listed =
            listed.map(|&id| commits::full(&call.shared, &git, &git.find_commit(id)?, &place, detail));
        let listed = listed.collect::<Result<Vec<_>, git2::Error>>()?;
        Ok(Json(json!({"total_commits": ids.len(), "commits": listed})))
    })
    .await
}
