//! An unattended run: each step must not be complete before, is done, and must be complete after.

use std::time::Instant;

use super::again::{differences, likeness};
use super::order::{interleaved, order};
use super::report::{Report, StepReport};
use super::run::{Open, Run, not_done};
use crate::scenario::checks::Check;
use crate::scenario::error::Error;
use crate::scenario::model::Before;
use crate::scenario::session::Session;

/// How to rehearse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RehearseOptions {
    /// Whether the tracks are cleaned up at the end, last begun first. On a fresh lab nothing may be left then.
    pub cleanup: bool,
    /// Whether every action is done a second time, which must change nothing.
    pub twice: bool,
    /// Chooses by chance which track goes on; without it the tracks come one after the other.
    pub seed: Option<u64>,
}

impl Session {
    /// Rehearses tracks, in this order. Steps of other tracks that they need are played, visibly, when they come up.
    pub async fn rehearse(&self, tracks: &[String], options: &RehearseOptions) -> Result<Report, Error> {
        let start = Instant::now();
        for track in tracks {
            self.scenario(track)?;
        }
        let mut run = Run::new(self).await?;
        let mut steps = Vec::new();
        let mut begun: Vec<String> = Vec::new();
        let places = match options.seed {
            Some(seed) => interleaved(&self.workshop, tracks, seed),
            None => order(&self.workshop, tracks),
        };
        let fresh = match (options.cleanup, tracks.first()) {
            (true, Some(track)) => Some(likeness(&run.context(track, track)?).await),
            _ => None,
        };
        for (track, index) in places {
            if !begun.contains(&track) {
                run.hold(&track)?;
                self.require(&track).await?;
                begun.push(track.clone());
            }
            let open = run.open(&track, index)?;
            let report = run.rehearse_step(&open, tracks.contains(&track)).await?;
            if options.twice && !report.resumed && report.skipped.is_none() {
                run.again(&open).await?;
            }
            steps.push(report);
        }
        if options.cleanup {
            for track in begun.iter().rev() {
                run.clean_up(track).await?;
            }
            // What was there from before, nobody can tell from what is left.
            if let (Some(fresh), Some(track)) = (fresh, tracks.first())
                && steps.iter().all(|step| !step.resumed)
            {
                let left = differences(&fresh, &likeness(&run.context(track, track)?).await);
                if !left.is_empty() {
                    return Err(Error::Left { left });
                }
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
        let skipped = if resumed { None } else { self.lacking(open).await? };
        if let Some(reason) = &skipped {
            self.skip(open, Some(reason.clone()))?;
        } else if !resumed {
            let fresh = self.past(open).is_none_or(|past| past.intents.is_empty());
            self.begin(open).await?;
            self.announce(open, played_as.clone())?;
            if fresh {
                self.check_before(open).await?;
            }
            self.act(open).await?;
            let facts = self.chain(open, None)?.run().await;
            let facts = facts.map_err(|failure| not_done(&open.name, failure))?;
            self.complete(open, facts, start.elapsed(), false).await?;
            self.check_held(open).await?;
        }
        Ok(StepReport {
            step: open.name.clone(),
            title,
            played_as,
            resumed,
            skipped,
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
