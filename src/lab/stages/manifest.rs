//! `manifest`: the operator's manifest is at hand. Only the k3d platform's plan has it: on the embedded platform it
//! comes with the program.

use async_trait::async_trait;

use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};

pub(in crate::lab) struct Manifest;

#[async_trait]
impl Stage for Manifest {
    fn name(&self) -> &'static str {
        "manifest"
    }

    fn after(&self) -> &'static [&'static str] {
        &["preflight"]
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        let there = context.site().await?.probe_manifest();
        Ok(if there { State::Ready } else { State::Absent })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        let home = context.folder.home();
        Ok(context.site().await?.ensure_manifest(home.path(), &context.tell("manifest")).await?)
    }

    async fn remove(&self, _context: &Context) -> Result<Outcome, Error> {
        // It goes with the lab's folder.
        Ok(Outcome::Unchanged)
    }
}
