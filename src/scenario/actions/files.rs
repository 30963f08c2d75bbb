//! Where files of an action come from: beside the scenario, or out of the actor's working folder.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::commit::read_files;
use crate::artifacts::{Entry, Tree};
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;
use crate::scenario::session::ActorContext;
use crate::scenario::tree::Tree as Files;

/// One of two places.
pub(super) enum Origin<'a> {
    /// Beside the scenario.
    Material(&'a Text),
    /// In the actor's working folder.
    Work(&'a Text),
    /// No files.
    Nowhere,
}

/// The strings of the two keys that lint looks at.
pub(super) fn origin_parts<'a>(from: Option<&'a Text>, folder: Option<&'a Text>) -> Vec<Part<'a>> {
    from.map(Part::File).into_iter().chain(folder.map(Part::Template)).collect()
}

impl<'a> Origin<'a> {
    /// The one that is written.
    pub(super) fn of(from: Option<&'a Text>, folder: Option<&'a Text>) -> Self {
        match (from, folder) {
            (Some(from), _) => Self::Material(from),
            (None, Some(folder)) => Self::Work(folder),
            (None, None) => Self::Nowhere,
        }
    }

    /// The folder as a person names it.
    pub(super) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        Ok(match self {
            Self::Material(from) => {
                let from = context.text(from)?;
                from.trim_end_matches('/').rsplit('/').next().unwrap_or(".").to_owned()
            }
            Self::Work(folder) => context.text(folder)?.trim_end_matches('/').to_owned(),
            Self::Nowhere => ".".to_owned(),
        })
    }

    /// The files as an image is built of them.
    pub(super) fn tree(&self, context: &Context<'_>, actor: &ActorContext) -> Result<Tree, ActionError> {
        let folder = match self {
            Self::Work(folder) => actor.work.join(context.text(folder)?),
            _ => PathBuf::new(),
        };
        let is_program = |path: &str| {
            let about = std::fs::metadata(folder.join(path));
            matches!(self, Self::Work(_)) && about.is_ok_and(|about| about.permissions().mode() & 0o111 != 0)
        };
        let entry = |(path, bytes): (String, Vec<u8>)| {
            let entry = if is_program(&path) { Entry::Executable(bytes) } else { Entry::File(bytes) };
            (path, entry)
        };
        Ok(self.read(context, actor)?.into_iter().map(entry).collect())
    }

    /// The files, by path in the folder.
    pub(super) fn read(
        &self,
        context: &Context<'_>,
        actor: &ActorContext,
    ) -> Result<Vec<(String, Vec<u8>)>, ActionError> {
        let folder = match self {
            Self::Material(from) => return read_files(context, from, false),
            Self::Nowhere => return Ok(Vec::new()),
            Self::Work(folder) => context.text(folder)?,
        };
        let tree = Files::Folder(actor.work.clone());
        let failed = |path: &str, source| ActionError::File { path: tree.shown(path), source };
        let found = tree.files(&folder).map_err(|source| failed(&folder, source))?;
        // What git keeps beside the files is not one of them.
        let found = found.into_iter().filter(|path| !Path::new(path).starts_with(".git"));
        let read = |path: String| {
            let whole = format!("{}/{path}", folder.trim_end_matches('/'));
            let bytes = tree.read(&whole).map_err(|source| failed(&whole, source))?;
            Ok((path, bytes))
        };
        let files: Vec<_> = found.map(read).collect::<Result<_, ActionError>>()?;
        if files.is_empty() {
            return Err(failed(&folder, std::io::ErrorKind::NotFound.into()));
        }
        Ok(files)
    }
}
