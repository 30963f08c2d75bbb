//! An unattended run: each step must not be complete before, is done, and must be complete after.

use std::time::Instant;

use super::order::order;
use super::report::{Report, StepReport};
use super::run::{Open, Run, not_done};
use crate::scenario::checks::Check;
use crate::scenario::error::Error;
use crate::scenario::model::Before;
use crate::scenario::session::Session;

/// How to rehearse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RehearseOptions {
    /// Whether the tracks are cleaned up at the end, last begun first.
    pub cleanup: bool,
}

impl Session {
    /// Rehearses tracks, in this order. Steps of other tracks that they need are played, visibly, when they come up.
    pub async fn rehearse(&self, tracks: &[String], options: &RehearseOptions) -> Result<Report, Error> {
        let start = Instant::now();
        for track in tracks {
            self.scenario(track)?;
        }
        let mut run = Run::new(self)?;
        let mut steps = Vec::new();
        let mut begun: Vec<String> = Vec::new();
        for (track, index) in order(&self.workshop, tracks) {
            if !begun.contains(&track) {
                run.hold(&track)?;
                begun.push(track.clone());
            }
            let open = run.open(&track, index)?;
            steps.push(run.rehearse_step(&open, tracks.contains(&track)).await?);
        }
        if options.cleanup {
            for track in begun.iter().rev() {
                run.clean_up(track).await?;
            }
        }
        Ok(Report { steps, took: start.elapsed() })
    }
}

impl<'a> Run<'a> {
    /// Rehearses one step; `own` tells that it is of a track that was asked for.
    pub(crate) async fn rehearse_step(&mut self, open: &Open<'a>, own: bool) -> Result<StepReport, Error> {
        let start = Instant::now();
        self.hold(&open.track)?;
        let played_as =
            if own { None } else { Some(self.session.actor_of(&open.track, &open.name)?.actor.name.clone()) };
        let title = self.text(open, &open.step.title)?;
        let estimated = open.step.estimated.as_ref().map(|length| length.value.0);
        let resumed = self.resume(open).await?;
        if !resumed {
            let fresh = self.past(open).is_none_or(|past| past.intents.is_empty());
            self.announce(open, played_as.clone())?;
            if fresh {
                self.check_before(open).await?;
            }
            self.act(open).await?;
            let facts = self.chain(open, None)?.run().await;
            let facts = facts.map_err(|failure| not_done(&open.name, failure))?;
            self.complete(open, facts, start.elapsed(), false)?;
            self.check_held(open).await?;
        }
        Ok(StepReport {
            step: open.name.clone(),
            title,
            played_as,
            resumed,
            took: start.elapsed(),
            estimated,
        })
    }

    /// A step that is complete before anybody acts has checks that show nothing.
    async fn check_before(&self, open: &Open<'a>) -> Result<(), Error> {
        let asks = |check: &Check| matches!(check, Check::Answer(_));
        let unknowable = open.step.verify.is_empty() || open.step.verify.iter().any(|check| asks(check));
        if open.step.before == Before::Any || unknowable {
            return Ok(());
        }
        match (self.chain(open, None)?.once().await, open.step.before) {
            (Ok(_), Before::Fail) => Err(Error::CompleteBefore { step: open.name.clone() }),
            (Err(failure), Before::Pass) => Err(Error::IncompleteBefore {
                step: open.name.clone(),
                check: failure.check,
                observed: failure.observed,
            }),
            _ => Ok(()),
        }
    }
}
