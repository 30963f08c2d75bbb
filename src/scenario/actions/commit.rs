//! `commit`: a change of files in a repository of the forge, pushed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

use super::Done;
use super::clone::Push;
use super::tree::{Change, difference_of_texts};
use crate::platform::FORGE_HOST;
use crate::process::quote;
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::model::{Part, Placed, Text};
use crate::scenario::render::{RenderError, is_template, render};

/// The longest file that is shown to a learner in full, in lines.
const SHOWN_LINES: usize = 60;

/// One file (or folder) of a commit.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitFile {
    /// Where it goes in the repository.
    pub path: Text,
    /// A file or folder beside the scenario.
    pub from: Option<Text>,
    /// The contents themselves.
    pub content: Option<Text>,
    /// Values to set in the YAML file that is there, by path: `spec.replicas: 4`, `images.0.newTag: 1.1.0`.
    #[serde(default)]
    pub set: BTreeMap<String, Placed<Value>>,
    /// True when `from` is rendered; files are verbatim by default, since other tools use the same braces.
    #[serde(default)]
    pub template: bool,
}

/// The body.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// `<owner>/<name>`, or `<name>` of the actor's own.
    pub repo: Text,
    /// `main` when nothing is said.
    pub branch: Option<Text>,
    /// The commit's message.
    pub message: Text,
    /// Files to write.
    #[serde(default)]
    pub files: Vec<CommitFile>,
    /// Files and folders to remove.
    #[serde(default)]
    pub remove: Vec<Text>,
    /// Another actor than the track's.
    #[serde(rename = "as")]
    pub actor: Option<Text>,
    /// True when it must not be repeated.
    #[serde(default)]
    pub once: bool,
}

impl Commit {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Repository(&self.repo), Part::Template(&self.message)];
        parts.extend(self.branch.as_ref().map(Part::Template));
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts.extend(self.remove.iter().map(Part::Template));
        for file in &self.files {
            parts.push(Part::Template(&file.path));
            parts.extend(file.from.as_ref().map(Part::File));
            parts.extend(file.content.as_ref().map(Part::Template));
            parts.extend(file.set.values().map(Part::Tree));
        }
        parts
    }

    fn branch(&self, context: &Context<'_>) -> Result<String, RenderError> {
        Ok(context.optional(self.branch.as_ref())?.unwrap_or_else(|| "main".to_owned()))
    }

    /// The commands as shown.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let (_, name) = context.repository(&self.repo)?;
        let mut text = format!("cd \"$ATELIER_WORK\"/{}\n", quote(&name));
        let written = self.files.iter().map(|file| &file.path);
        let add =
            written.map(|path| Ok(quote(&context.text(path)?))).collect::<Result<Vec<_>, RenderError>>()?;
        let gone = self.remove.iter();
        let gone =
            gone.map(|path| Ok(quote(&context.text(path)?))).collect::<Result<Vec<_>, RenderError>>()?;
        if !gone.is_empty() {
            let _ = writeln!(text, "git rm -r {}", gone.join(" "));
        }
        if !add.is_empty() {
            let _ = writeln!(text, "git add {}", add.join(" "));
        }
        let message = context.text(&self.message)?;
        let _ = write!(
            text,
            "git commit -m {}\ngit push origin {}",
            quote(&message),
            quote(&self.branch(context)?)
        );
        Ok(text)
    }

    /// The same for somebody who is to do it: with what goes into the files, or what becomes different in them.
    pub(crate) async fn told(&self, context: &Context<'_>) -> Result<String, ActionError> {
        let (owner, name) = context.repository(&self.repo)?;
        let branch = self.branch(context)?;
        let forge = context.session.platform.forge.api();
        let mut text = String::new();
        for change in self.changes(context)? {
            match change {
                Change::Write { path, content } => {
                    // What cannot be read there is shown as if it were not there.
                    let there = forge.file(&owner, &name, &path, &branch).await.ok().flatten();
                    let different = there.and_then(|old| difference_of_texts(&old, &content).ok());
                    match different {
                        Some(same) if same.is_empty() => (),
                        Some(different) => {
                            let _ = writeln!(text, "# change `{path}`, `-` becomes `+`:");
                            text.push_str(&set_in(&different));
                        }
                        None => {
                            let _ = writeln!(text, "# write `{path}`:");
                            text.push_str(&set_in(&String::from_utf8_lossy(&content)));
                        }
                    }
                }
                Change::Set { path, key, value } => {
                    let _ = writeln!(text, "# in `{path}`, set `{key}` to {value}");
                }
                Change::Remove { .. } => (),
            }
        }
        text.push_str(&self.shown(context)?);
        Ok(text)
    }

    /// Commits and pushes.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let (owner, name) = context.repository(&self.repo)?;
        let push = Push {
            repository: format!("{owner}/{name}"),
            url: format!("{}/{owner}/{name}.git", context.session.platform.forge.url()),
            origin: format!("http://{FORGE_HOST}/{owner}/{name}.git"),
            folder: actor.work.join(&name),
            branch: self.branch(context)?,
            message: context.text(&self.message)?,
            login: actor.actor.name.clone(),
            name: actor.actor.full_name.clone(),
            email: actor.actor.email.clone(),
            token: actor.token.clone(),
            changes: self.changes(context)?,
        };
        let pushed = tokio::task::spawn_blocking(move || push.run()).await;
        let pushed = pushed.map_err(|error| ActionError::Body(error.to_string()))??;
        let difference = context.masked(pushed.difference.trim_end());
        Ok(Done { unchanged: pushed.unchanged, difference, ..Done::default() })
    }

    fn changes(&self, context: &Context<'_>) -> Result<Vec<Change>, ActionError> {
        let mut changes = Vec::new();
        for path in &self.remove {
            changes.push(Change::Remove { path: context.text(path)? });
        }
        for file in &self.files {
            let path = context.text(&file.path)?.trim_matches('/').to_owned();
            if let Some(from) = &file.from {
                for (relative, content) in read_files(context, from, file.template)? {
                    let path = if relative.is_empty() { path.clone() } else { format!("{path}/{relative}") };
                    changes.push(Change::Write { path, content });
                }
            }
            if let Some(content) = &file.content {
                changes
                    .push(Change::Write { path: path.clone(), content: context.text(content)?.into_bytes() });
            }
            for (key, value) in &file.set {
                let value = match &value.value {
                    Value::String(text) if is_template(text) => Value::String(render(text, &context.scope)?),
                    other => other.clone(),
                };
                changes.push(Change::Set { path: path.clone(), key: key.clone(), value });
            }
        }
        Ok(changes)
    }
}

/// Lines, set in, as many as are shown.
fn set_in(text: &str) -> String {
    let mut shown: String = text.lines().take(SHOWN_LINES).flat_map(|line| ["  ", line, "\n"]).collect();
    let more = text.lines().count().saturating_sub(SHOWN_LINES);
    if more > 0 {
        let _ = writeln!(shown, "  … {more} lines more");
    }
    shown
}

/// A file or folder beside the scenario: paths relative to it (empty for the file itself) and contents.
pub(crate) fn read_files(
    context: &Context<'_>,
    from: &Text,
    template: bool,
) -> Result<Vec<(String, Vec<u8>)>, ActionError> {
    let files = &context.session.workshop.files;
    let from = context.text(from)?;
    let failed = |path: &str, source| ActionError::File { path: files.shown(path), source };
    let found = files.files(&from).map_err(|error| failed(&from, error))?;
    if found.is_empty() {
        return Err(failed(&from, std::io::ErrorKind::NotFound.into()));
    }
    let mut contents = Vec::new();
    for relative in found {
        let path = if relative.is_empty() {
            from.clone()
        } else {
            format!("{}/{relative}", from.trim_end_matches('/'))
        };
        let mut bytes = files.read(&path).map_err(|error| failed(&path, error))?;
        if template {
            bytes = render(&String::from_utf8_lossy(&bytes), &context.scope)?.into_bytes();
        }
        contents.push((relative.trim_end_matches(".tera").to_owned(), bytes));
    }
    Ok(contents)
}
