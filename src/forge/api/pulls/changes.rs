//! `…/pulls/{index}/files` and `…/commits`: what a pull request changes.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use git2::{Delta, Patch};
use serde_json::{Value, json};

use super::answer::FoundPull;
use crate::forge::api::ApiError;
use crate::forge::api::call::{Call, blocking};
use crate::forge::api::commits::{self, Parameters, Place};
use crate::forge::api::paging::Page;
use crate::forge::pulls::Ends;

pub(crate) async fn files(
    call: Call,
    Path((owner, name, number)): Path<(String, String, u64)>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let wanted = FoundPull::new(call.repository(&owner, &name)?, number)?;
    blocking(move || {
        let git = wanted.found.repository.open()?;
        let ends = Ends::of(&git, &wanted.pull)?;
        let diff = ends.diff(&git)?;
        let place = Place { base: call.base.clone(), full_name: wanted.found.metadata.full_name() };
        let total = diff.deltas().len();
        let part = (0..total).skip(page.skip()).take(page.limit);
        let part = part.map(|index| file(&diff, index, &place, ends)).collect::<Result<Vec<_>, _>>()?;
        Ok((page.headers(total), Json(Value::Array(part))))
    })
    .await
}

fn file(diff: &git2::Diff<'_>, index: usize, place: &Place, ends: Ends) -> Result<Value, git2::Error> {
    let text = |file: git2::DiffFile<'_>| {
        file.path_bytes().map(String::from_utf8_lossy).unwrap_or_default().into_owned()
    };
    // Without a patch it is a binary file, of which no lines are counted.
    let lines = Patch::from_diff(diff, index)?.map(|patch| patch.line_stats()).transpose()?;
    let (_, added, deleted) = lines.unwrap_or_default();
    let Some(delta) = diff.get_delta(index) else { return Ok(Value::Null) };
    let (old, new) = (text(delta.old_file()), text(delta.new_file()));
    let (status, path, commit) = match delta.status() {
        Delta::Added => ("added", new, ends.head),
        Delta::Deleted => ("deleted", old.clone(), ends.merge_base),
        Delta::Renamed => ("renamed", new, ends.head),
        _ => ("changed", new, ends.head),
    };
    let mut answer = json!({"filename": path, "status": status});
    if status == "renamed" {
        answer["previous_filename"] = Value::from(old);
    }
    answer["additions"] = Value::from(added);
    answer["deletions"] = Value::from(deleted);
    answer["changes"] = Value::from(added + deleted);
    answer["html_url"] = Value::from(format!("{}/src/commit/{commit}/{path}", place.html()));
    answer["contents_url"] = Value::from(format!("{}/contents/{path}?ref={commit}", place.api()));
    answer["raw_url"] = Value::from(format!("{}/raw/commit/{commit}/{path}", place.html()));
    Ok(answer)
}

pub(crate) async fn commits(
    call: Call,
    Path((owner, name, number)): Path<(String, String, u64)>,
    Query(parameters): Query<Parameters>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let wanted = FoundPull::new(call.repository(&owner, &name)?, number)?;
    blocking(move || {
        let git = wanted.found.repository.open()?;
        let ids = Ends::of(&git, &wanted.pull)?.commits(&git)?;
        let place = Place { base: call.base.clone(), full_name: wanted.found.metadata.full_name() };
        let part = ids.iter().skip(page.skip()).take(page.limit);
        let part = part
            .map(|&id| commits::full(&call.shared, &git, &git.find_commit(id)?, &place, parameters.detail()));
        let part = part.collect::<Result<Vec<_>, git2::Error>>()?;
        Ok((page.headers(ids.len()), Json(Value::Array(part))))
    })
    .await
}
