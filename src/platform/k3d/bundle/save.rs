//! `bundle save`: what a lab needs goes from the engine into a file. What is missing is pulled before, where that is
//! allowed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures::StreamExt as _;

use super::pieces::Piece;
use super::pipe::{Incoming, pipe};
use crate::artifacts::bundle::{Draft, Error as BundleError, Index, Parts, Taken, write};
use crate::platform::k3d::engine::Image;
use crate::platform::k3d::machine::free;
use crate::platform::k3d::settings::{never_pulled, tagged};
use crate::platform::k3d::site::Tell;
use crate::platform::k3d::{Error, Folder, Pull, Settings, Site};
use crate::platform::{self, Kind};

/// What a bundle shall hold.
#[derive(Clone, Debug)]
pub struct Order {
    /// The bundle.
    pub file: PathBuf,
    /// The workshop's id.
    pub workshop: String,
    /// The images of its catalogue that are no samples.
    pub images: Vec<String>,
    /// Whether it has a use for the operator.
    pub operator: bool,
    /// As Docker and OCI call them; the engine's own when there is none.
    pub architectures: Vec<String>,
    /// Whether the work environment comes along, if it can be had.
    pub workspace: bool,
}

/// What is to be done about an image.
struct Task {
    part: &'static str,
    /// As configured.
    reference: String,
    /// The name in the engine.
    local: String,
    architecture: String,
    /// Whether the engine runs it.
    own: bool,
}

/// Writes a bundle for labs with these settings of the state folder `home`. What an earlier call has got that was killed
/// is not got again.
pub async fn save(
    settings: &Settings,
    home: &Path,
    order: &Order,
    tell: Tell<'_>,
) -> Result<Index, platform::Error> {
    let parts = Parts::open(&order.file).map_err(Error::from)?;
    let site = Site::open(Folder::new(parts.lab()), "bundle", home, settings).await?;
    let manifest = if order.operator { Some(site.manifest_for_bundle(home, tell).await?) } else { None };
    let mut tasks = site.tasks(&site.pieces(&order.images).await?, &order.architectures).await?;
    site.make_ready(&tasks, tell).await?;
    let workspace =
        if order.workspace { site.workspace(&order.architectures, tell).await? } else { Vec::new() };
    let has_workspace = !workspace.is_empty();
    tasks.extend(workspace);
    site.has_room(&parts, &order.file, &tasks).await?;
    let mut images = Vec::new();
    for task in tasks {
        let taken = site.take(&parts, &task, tell).await?;
        images.push((task.part.to_owned(), task.local, taken));
    }
    let mut values = site.settings_for_bundle(manifest.as_deref()).await?;
    if has_workspace {
        values.insert("images.workspace".to_owned(), settings.workspace.clone());
    }
    let draft = Draft {
        workshop: order.workshop.clone(),
        platform: Kind::K3d.name().to_owned(),
        settings: values,
        manifest: manifest.map(|text| (settings.flux_version.clone(), text)),
        images,
    };
    tell(format!("{} is written", order.file.display()));
    let (file, room) = (order.file.clone(), free(folder_of(&order.file)));
    let written = tokio::task::spawn_blocking(move || write(parts, &file, draft, room)).await;
    Ok(written.map_err(stopped)?.map_err(Error::from)?)
}

impl Site {
    async fn manifest_for_bundle(&self, home: &Path, tell: Tell<'_>) -> Result<String, platform::Error> {
        self.ensure_manifest(home, tell).await?;
        let path = self.folder.manifest();
        std::fs::read_to_string(&path).map_err(|source| platform::files::file_error(&path, source))
    }

    /// The settings by which a lab finds what is in the bundle. None of them is anybody's secret.
    async fn settings_for_bundle(
        &self,
        manifest: Option<&str>,
    ) -> Result<BTreeMap<String, String>, platform::Error> {
        let settings = &self.settings;
        let add_ons = match settings.add_ons.join(",") {
            none if none.is_empty() => "none".to_owned(),
            some => some,
        };
        let mut values = vec![
            ("images.k3s", settings.k3s.clone()),
            ("images.add-ons", add_ons),
            ("images.k3d-tools", self.tools_image().await?),
            ("images.gitea", settings.gitea.clone()),
            ("images.base", settings.base.clone()),
        ];
        if let Some(text) = manifest {
            values.push(("flux.version", settings.flux_version.clone()));
            values.push(("flux.sha256", crate::platform::k3d::manifest::sha256(text)));
        }
        Ok(values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    async fn tasks(&self, pieces: &[Piece], architectures: &[String]) -> Result<Vec<Task>, platform::Error> {
        let own = self.engine.facts().await?.architecture;
        let architectures = if architectures.is_empty() { std::slice::from_ref(&own) } else { architectures };
        if let Some(piece) = pieces.iter().find(|piece| piece.reference.contains('@')) {
            return Err(Error::Untagged { image: piece.reference.clone() }.into());
        }
        let task = |piece: &Piece, architecture: &String| Task {
            part: piece.part,
            reference: piece.reference.clone(),
            local: tagged(&self.settings.local(&piece.reference)),
            architecture: architecture.clone(),
            own: *architecture == own,
        };
        let each = |architecture| pieces.iter().map(move |piece| task(piece, architecture));
        Ok(architectures.iter().flat_map(each).collect())
    }

    /// The work environment, for the architectures that it can be had for. Labs are whole without it: what cannot be
    /// had is told, and no more.
    async fn workspace(
        &self,
        architectures: &[String],
        tell: Tell<'_>,
    ) -> Result<Vec<Task>, platform::Error> {
        let piece = Piece { part: "workspace", reference: self.settings.workspace.clone() };
        let mut had = Vec::new();
        for task in self.tasks(&[piece], architectures).await? {
            match self.found(&task, tell).await {
                Ok((_, before)) => {
                    if let Some(before) = before {
                        self.engine.tag(&before, &task.local).await?;
                    }
                    had.push(task);
                }
                Err(platform::Error::K3d(
                    error @ (Error::Unavailable { .. }
                    | Error::Image { .. }
                    | Error::Denied { .. }
                    | Error::Limited { .. }),
                )) => {
                    tell(format!("the bundle goes without the work environment: {error}"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(had)
    }

    /// Before anything is exported: what cannot be had is named, all at once.
    async fn make_ready(&self, tasks: &[Task], tell: Tell<'_>) -> Result<(), platform::Error> {
        let mut lacking = Vec::new();
        for task in tasks.iter().filter(|task| task.own) {
            if self.settings.pull == Pull::Never && self.engine.image(&task.local).await?.is_none() {
                lacking.push(format!("image `{}` ({})", task.local, task.part));
            }
        }
        if !lacking.is_empty() {
            return Err(Error::Lacking { pieces: lacking }.into());
        }
        for task in tasks.iter().filter(|task| task.own) {
            self.ensure_pulled(&task.reference, tell).await?;
        }
        Ok(())
    }

    /// Whether what is at hand and not yet taken has room beside the file.
    async fn has_room(&self, parts: &Parts, file: &Path, tasks: &[Task]) -> Result<(), platform::Error> {
        let mut needed = 0;
        for task in tasks.iter().filter(|task| task.own) {
            if let Some(image) = self.engine.image(&task.local).await?
                && parts.taken(&image.id).is_none()
            {
                needed += image.size;
            }
        }
        match free(folder_of(file)).filter(|&free| free < needed) {
            Some(free) => {
                Err(Error::Bundle(BundleError::Room { path: file.to_owned(), needed, free }).into())
            }
            None => Ok(()),
        }
    }

    async fn take(&self, parts: &Parts, task: &Task, tell: Tell<'_>) -> Result<Taken, platform::Error> {
        let (image, before) = self.found(task, tell).await?;
        let taken = match parts.taken(&image.id) {
            Some(taken) => {
                tell(format!("image {} is at hand", task.local));
                Ok(taken)
            }
            None => self.export(parts, task, &image, tell).await,
        };
        // Pulled for another machine, it must not stay where this one's was.
        if let Some(before) = before {
            self.engine.tag(&before, &task.local).await?;
        }
        let taken = taken?;
        if !taken.architecture().is_empty() && taken.architecture() != task.architecture {
            let reason = format!("the engine gives it for {}", taken.architecture());
            return Err(unavailable(task, &reason).into());
        }
        Ok(taken)
    }

    /// The image in the engine, for the architecture that is meant; and what had its name before, if that was moved.
    async fn found(&self, task: &Task, tell: Tell<'_>) -> Result<(Image, Option<String>), platform::Error> {
        let there = self.engine.image(&task.local).await?;
        let fits = |image: &Image| image.architecture.is_empty() || image.architecture == task.architecture;
        if let Some(image) = there.as_ref().filter(|image| fits(image)) {
            return Ok((image.clone(), None));
        }
        if let Some(why) = never_pulled(&self.settings, &task.reference) {
            let has = there
                .map_or("does not have it".to_owned(), |image| format!("has it for {}", image.architecture));
            let reason = format!("the engine {has}, and {why}");
            return Err(unavailable(task, &reason).into());
        }
        let from = self.settings.redirected(&task.reference);
        self.pull(&from, Some(&format!("linux/{}", task.architecture)), tell).await?;
        if tagged(&from) != task.local {
            self.engine.tag(&from, &task.local).await?;
        }
        let before = there.map(|image| image.id);
        match self.engine.image(&task.local).await? {
            Some(image) if fits(&image) => Ok((image, before)),
            image => {
                if let Some(before) = before {
                    self.engine.tag(&before, &task.local).await?;
                }
                let gives = image.map_or("nothing".to_owned(), |image| image.architecture);
                Err(unavailable(task, &format!("its registry gives {gives}")).into())
            }
        }
    }

    async fn export(
        &self,
        parts: &Parts,
        task: &Task,
        image: &Image,
        tell: Tell<'_>,
    ) -> Result<Taken, platform::Error> {
        tell(format!("image {} is taken, {} MB", task.local, image.size.div_ceil(1_000_000)));
        let (sender, receiver) = pipe();
        let (parts, id, name) = (parts.clone(), image.id.clone(), task.local.clone());
        let taking = tokio::task::spawn_blocking(move || parts.take(&id, &name, Incoming::new(receiver)));
        let mut bytes = Box::pin(self.engine.export(&task.local));
        let mut failure = None;
        while let Some(piece) = bytes.next().await {
            let piece = piece.map_err(|error| {
                failure = Some(error);
                std::io::Error::from(std::io::ErrorKind::ConnectionAborted)
            });
            // Who has read all that matters does not wait for the end.
            if sender.send(piece).await.is_err() {
                break;
            }
        }
        drop(sender);
        let taken = taking.await.map_err(stopped)?;
        let taken = match failure {
            Some(error) => Err(error),
            None => taken.map_err(Error::from),
        };
        let image = task.local.clone();
        Ok(taken.map_err(|source| Error::NotTaken { image, source: Box::new(source) })?)
    }
}

fn unavailable(task: &Task, reason: &str) -> Error {
    Error::Unavailable {
        image: task.local.clone(),
        architecture: task.architecture.clone(),
        reason: reason.to_owned(),
    }
}

/// Where a file is, or will be.
fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A thread that was to read or write has panicked, or the program ends.
pub(super) fn stopped(error: tokio::task::JoinError) -> Error {
    Error::Bundle(BundleError::File {
        verb: "write",
        path: PathBuf::from("a bundle"),
        source: std::io::Error::other(error),
    })
}
