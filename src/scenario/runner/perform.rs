//! Single parts of a step, for a trainer who goes through it in front of people: an action, the checks, the words.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;

use super::run::{Open, Run, not_done};
use crate::events::Event;
use crate::scenario::actions::execute;
use crate::scenario::error::Error;
use crate::scenario::session::Session;

/// How long a line may run that a trainer has changed.
const LINE_LIMIT: Duration = Duration::from_secs(120);

/// One step as a trainer has it before him.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scene {
    /// `<track>.<step>`.
    pub step: String,
    /// The title, rendered.
    pub title: String,
    /// The text, Markdown.
    pub explain: String,
    /// For the trainer, Markdown.
    pub notes: Option<String>,
    /// Each action: who does it, and the lines that are typed; what is only said begins with `# `.
    pub lines: Vec<(String, String)>,
    /// True when it is complete, or left out, already.
    pub behind: bool,
}

impl Session {
    /// A step as a trainer has it before him.
    pub async fn scene(&self, track: &str, index: usize) -> Result<Scene, Error> {
        let run = Run::new(self).await?;
        let history = crate::scenario::journal::read(&self.journal_folder, track)?;
        let open = run.open(track, index)?;
        let context = run.context(track, &open.name)?;
        let mut lines = Vec::new();
        for action in &open.step.actions {
            let actor =
                action.actor().map_or_else(|| context.actor.actor.name.clone(), |actor| actor.value.clone());
            let shown = match &action.value {
                crate::scenario::actions::Action::Pause(body) => {
                    format!("# {}", context.text(&body.message).unwrap_or_default())
                }
                other => other.shown(&context).unwrap_or_default().unwrap_or_default(),
            };
            lines.push((actor, context.masked(&shown)));
        }
        let past = history.step(&open.step.id.value);
        Ok(Scene {
            title: run.text(&open, &open.step.title)?,
            explain: run.text(&open, &open.step.explain)?,
            notes: open.step.notes.as_ref().map(|notes| run.text(&open, notes)).transpose()?,
            behind: past.is_some_and(|past| past.skipped || past.complete.is_some()),
            step: open.name,
            lines,
        })
    }

    /// Does some actions of a step, by their places in it; the journal knows of them.
    pub async fn perform(&self, track: &str, index: usize, actions: &[usize]) -> Result<(), Error> {
        let (mut run, open) = self.take(track, index).await?;
        run.begin(&open).await?;
        let context = run.context(track, &open.name)?;
        for &number in actions {
            let Some(action) = open.step.actions.get(number) else { continue };
            run.action(track, &context, &open.step.id.value, number, action).await?;
        }
        Ok(())
    }

    /// Runs a line that a trainer has changed, as an actor; the journal does not know of it.
    pub async fn type_line(&self, track: &str, actor: &str, line: &str) -> Result<(), Error> {
        let step = format!("{track}.present");
        let unknown = || Error::UnknownActor { step: step.clone(), actor: actor.to_owned() };
        let who = self.actors.get(actor).ok_or_else(unknown)?;
        let output = execute(who, line, None, LINE_LIMIT).await;
        let output = output.map_err(|source| Error::Action {
            step: step.clone(),
            shown: line.to_owned(),
            source: Box::new(source.into()),
        })?;
        let mut text = format!("{}{}", output.stdout, output.stderr);
        if output.code != 0 {
            text = format!("{}\nexit code {}", text.trim_end(), output.code);
        }
        let context = Run::new(self).await?.context(track, &step)?;
        self.events.send(Event::ActionOutput { step, text: context.masked(text.trim_end()) });
        Ok(())
    }

    /// Waits for the checks of a step, and writes down that it is complete.
    pub async fn verify(&self, track: &str, index: usize) -> Result<(), Error> {
        let start = tokio::time::Instant::now();
        let (mut run, open) = self.take(track, index).await?;
        run.begin(&open).await?;
        let facts = run.chain(&open, None)?.run().await.map_err(|failure| not_done(&open.name, failure))?;
        run.complete(&open, facts, start.elapsed(), false).await
    }

    async fn take(&self, track: &str, index: usize) -> Result<(Run<'_>, Open<'_>), Error> {
        let mut run = Run::new(self).await?;
        run.hold(track)?;
        let open = run.open(track, index)?;
        Ok((run, open))
    }

    /// Whether all checks of a step hold right now.
    pub async fn holds(&self, track: &str, index: usize) -> Result<bool, Error> {
        let run = Run::new(self).await?;
        let open = run.open(track, index)?;
        Ok(run.chain(&open, Some(Arc::new(Mutex::new(None))))?.once().await.is_ok())
    }
}
