//! `folder`: the lab's folder and its description.

use async_trait::async_trait;

use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State, write_private};

pub(in crate::lab) struct Folder;

#[async_trait]
impl Stage for Folder {
    fn name(&self) -> &'static str {
        "folder"
    }

    fn after(&self) -> &'static [&'static str] {
        &[]
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        match context.folder.spec() {
            Ok(spec) if spec == context.material.spec => Ok(State::Ready),
            Ok(_) => Ok(State::Incomplete),
            Err(Error::Missing { .. } | Error::HalfMade { .. }) => Ok(State::Absent),
            Err(error) => Err(error),
        }
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        context.folder.create()?;
        let path = context.folder.spec_path();
        let existed = path.exists();
        let mut text = serde_json::to_string_pretty(&context.material.spec)
            .map_err(|source| Error::Damaged { path: path.clone(), source })?;
        text.push('\n');
        let outcome = match (existed, write_private(&path, text.as_bytes())?) {
            (_, false) => Outcome::Unchanged,
            (true, true) => Outcome::Updated,
            (false, true) => Outcome::Created,
        };
        Ok((outcome, context.folder.path().display().to_string()))
    }

    async fn remove(&self, context: &Context) -> Result<Outcome, Error> {
        Ok(if context.folder.remove()? { Outcome::Removed } else { Outcome::Unchanged })
    }
}
