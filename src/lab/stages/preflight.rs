//! `preflight`: the machine has what a lab on k3d needs, and whose the lab is gets written down. Only that
//! platform's plan has it.

use async_trait::async_trait;

use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};
use crate::platform::k3d::{Folder, Level, Machine, examine};

pub(in crate::lab) struct Preflight;

#[async_trait]
impl Stage for Preflight {
    fn name(&self) -> &'static str {
        "preflight"
    }

    fn after(&self) -> &'static [&'static str] {
        &["folder"]
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        context.site().await?;
        let recorded = Folder::new(context.folder.platform()).record()?.is_some();
        Ok(if recorded { State::Ready } else { State::Absent })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        // A lab that is there has passed, and `doctor` can be asked again at any time.
        let known = Folder::new(context.folder.platform()).record()?;
        if known.is_none() {
            // Its proxies are the environment's, and told by `doctor`.
            let machine = Machine::look(context.folder.home().path(), Vec::new());
            let findings = examine(&context.material.settings, &machine).await;
            for finding in findings.iter().filter(|finding| finding.level == Level::Warning) {
                let advice = finding.advice.as_deref().unwrap_or_default();
                context.events.note(format!("{}: {}; {advice}", finding.what, finding.found));
            }
            let problems = findings.into_iter().filter(|finding| finding.level == Level::Problem);
            let problems = problems.collect::<Vec<_>>();
            if !problems.is_empty() {
                return Err(Error::Unfit { problems });
            }
        }
        let site = context.site().await?;
        site.keep_record()?;
        let facts = site.engine().facts().await.map_err(crate::platform::Error::from)?;
        let outcome = if known.is_some() { Outcome::Unchanged } else { Outcome::Created };
        Ok((outcome, format!("{} {} at {}", facts.product, facts.version, facts.address)))
    }

    async fn remove(&self, _context: &Context) -> Result<Outcome, Error> {
        // What it wrote goes with the lab's folder.
        Ok(Outcome::Unchanged)
    }
}
