//! `/{owner}/{repo}/raw/{kind}/{reference}/{path}`: a file's bytes.

use axum::extract::Path;
use axum::http::HeaderMap;

use super::super::api::raw::served;
use super::layout::Failure;
use super::visit::{Visitor, blocking, spot};

pub(crate) async fn get(
    visitor: Visitor,
    Path((owner, name, kind, rest)): Path<(String, String, String, String)>,
) -> Result<(HeaderMap, Vec<u8>), Failure> {
    let seen = visitor.repository(&owner, &name)?;
    blocking(move || {
        let git = seen.repository.open()?;
        let spot = spot(&git, &kind, &rest)?;
        let entry = spot.commit.tree()?.get_path(std::path::Path::new(&spot.path))?;
        let content = git.find_blob(entry.id())?.content().to_vec();
        Ok(served(content))
    })
    .await
}
