//! `preflight`: the machine has what a lab on k3d needs, and whose the lab is gets written down. Of a lab that is
//! offline, all that would have to come from elsewhere is at hand, or in the bundle, which is loaded here. Only that
//! platform's plan has it.

use async_trait::async_trait;

use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};
use crate::platform::k3d::{self, Folder, Level, Machine, Site, examine};

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
            // Offline, all images are looked for below, and all that are missing are told.
            let told = |what: &str| context.material.settings.offline && what == "images";
            let problems = findings.into_iter().filter(|finding| finding.level == Level::Problem);
            let problems = problems.filter(|finding| !told(&finding.what));
            let problems = problems.collect::<Vec<_>>();
            if !problems.is_empty() {
                return Err(Error::Unfit { problems });
            }
        }
        let site = context.site().await?;
        site.keep_record()?;
        let loaded = self.supply(context, &site).await?;
        let facts = site.engine().facts().await.map_err(crate::platform::Error::from)?;
        let outcome = if known.is_some() { Outcome::Unchanged } else { Outcome::Created };
        Ok((outcome, format!("{} {} at {}{loaded}", facts.product, facts.version, facts.address)))
    }

    async fn remove(&self, _context: &Context) -> Result<Outcome, Error> {
        // What it wrote goes with the lab's folder.
        Ok(Outcome::Unchanged)
    }
}

impl Preflight {
    /// Of a lab that is offline, has all that it needs at hand, or names what is missing. Says what was loaded.
    async fn supply(&self, context: &Context, site: &Site) -> Result<String, Error> {
        let (spec, settings) = (&context.material.spec, &context.material.settings);
        if !settings.offline {
            return Ok(String::new());
        }
        let (home, tell) = (context.folder.home(), context.tell("preflight"));
        let (home, bundle) = (home.path(), context.material.bundle.as_ref());
        if let Some(bundle) = bundle {
            k3d::keep_manifest(settings, home, bundle).await?;
        }
        let (images, index) = (spec.foreign_images(), bundle.map(|bundle| bundle.index()));
        let pieces = site.lacking(home, &images, spec.needs_operator(), index, &tell).await?;
        if !pieces.is_empty() {
            return Err(crate::platform::Error::from(k3d::Error::Lacking { pieces }).into());
        }
        let Some(bundle) = bundle else { return Ok(String::new()) };
        let done = k3d::load(site.engine(), settings, home, bundle.clone(), &tell).await?;
        let (loaded, there) = (done.loaded.len(), done.there.len());
        Ok(format!("; {loaded} images came from the bundle, {there} were there"))
    }
}
