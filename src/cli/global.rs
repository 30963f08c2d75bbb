//! What every command needs: the state folder, the lab and the workshop that are meant, the user interface.

use std::path::PathBuf;

use super::arguments::GlobalArguments;
use super::config::Configuration;
use crate::error::{Failure, Kind};
use crate::lab::{self, Home, LabFolder, Spec};
use crate::platform;
use crate::scenario::Library;
use crate::ui::Ui;

/// The workshop and, where there is none yet, the lab that is meant without a name.
pub(super) const DEFAULT_WORKSHOP: &str = "one";

/// The shared flags, resolved.
#[derive(Clone)]
pub(super) struct Global {
    pub(super) ui: Ui,
    pub(super) home: Home,
    lab: Option<String>,
    workshop: Option<String>,
    scenarios: Option<PathBuf>,
    pub(super) trust: bool,
    config: Option<PathBuf>,
    set: Vec<String>,
}

impl Global {
    pub(super) fn new(arguments: GlobalArguments, ui: Ui) -> Result<Self, Failure> {
        let home = match arguments.home {
            Some(home) => std::path::absolute(home).map_err(|error| Failure::new(Kind::Machine, error))?,
            None => default_home().ok_or_else(|| {
                Failure::new(Kind::Machine, "neither HOME nor ATELIER_HOME is set")
                    .hint("set ATELIER_HOME to a folder that you can write")
            })?,
        };
        let scenarios = arguments.scenarios.map(std::path::absolute).transpose();
        let scenarios = scenarios.map_err(|error| Failure::new(Kind::Machine, error))?;
        let (lab, workshop) = (arguments.lab, arguments.workshop);
        let (config, set) = (arguments.config, arguments.set);
        let trust = arguments.trust;
        Ok(Self { ui, home: Home::new(home), lab, workshop, scenarios, trust, config, set })
    }

    /// What is configured, for a lab if one is given.
    pub(super) fn configuration(&self, lab: Option<&LabFolder>) -> Result<Configuration, Failure> {
        Configuration::read(&self.set, self.config.as_deref(), lab)
    }

    /// The lab that is meant: the one named; else the one named like the workshop; else the only one there is; else
    /// the default workshop's.
    pub(super) fn lab(&self) -> Result<LabFolder, Failure> {
        if let Some(name) = self.lab.as_ref().or(self.workshop.as_ref()) {
            return Ok(self.home.lab(name)?);
        }
        let labs = self.home.labs();
        match labs.as_slice() {
            [only] => Ok(self.home.lab(only)?),
            several if several.len() > 1 && !several.iter().any(|name| name == DEFAULT_WORKSHOP) => {
                Err(Failure::new(Kind::Arguments, format!("there are several labs: {}", several.join(", ")))
                    .hint("choose one with `--lab NAME`"))
            }
            _ => Ok(self.home.lab(DEFAULT_WORKSHOP)?),
        }
    }

    /// The lab that is meant, which must have been set up.
    pub(super) fn existing_lab(&self) -> Result<(LabFolder, Spec), Failure> {
        let lab = self.lab()?;
        let spec = lab.spec()?;
        if let Some(wanted) = &self.workshop
            && *wanted != spec.workshop
        {
            let (lab, wanted) = (lab.name().to_owned(), wanted.clone());
            return Err(lab::Error::Differs { lab, what: "workshop", found: spec.workshop, wanted }.into());
        }
        Ok((lab, spec))
    }

    /// The lab that is meant, which must run.
    pub(super) fn running_lab(&self) -> Result<(LabFolder, Spec), Failure> {
        let (lab, spec) = self.existing_lab()?;
        if platform::running(spec.platform, &lab.platform()) {
            return Ok((lab, spec));
        }
        Err(lab::Error::Stopped { lab: lab.name().to_owned() }.into())
    }

    /// The workshop's name: the one given, else the lab's, else the default.
    pub(super) fn workshop(&self, spec: Option<&Spec>) -> String {
        let given = self.workshop.clone().or_else(|| spec.map(|spec| spec.workshop.clone()));
        given.unwrap_or_else(|| DEFAULT_WORKSHOP.to_owned())
    }

    /// Where workshops are read from: the folder given, else the lab's, else the program itself.
    pub(super) fn scenarios(&self, spec: Option<&Spec>) -> Option<PathBuf> {
        self.scenarios.clone().or_else(|| spec.and_then(|spec| spec.scenarios.clone()))
    }

    /// The workshops in there.
    pub(super) fn library(&self, spec: Option<&Spec>) -> Result<Library, Failure> {
        match self.scenarios(spec) {
            Some(folder) if folder.is_dir() => Ok(Library::directory(&folder)),
            Some(folder) if self.scenarios.is_some() => {
                let text = format!("`{}` is not a folder", folder.display());
                Err(Failure::new(Kind::Arguments, text)
                    .hint("name a folder of workshops, each with a `workshop.yaml`, after `--scenarios`"))
            }
            Some(folder) => {
                let text = format!("`{}`, where the lab's workshop was read from, is gone", folder.display());
                Err(Failure::new(Kind::Machine, text).hint("name the folder's new place after `--scenarios`"))
            }
            None => Ok(Library::embedded()),
        }
    }

    /// What stages are given.
    pub(super) fn context(
        &self,
        folder: LabFolder,
        material: lab::Material,
    ) -> Result<lab::Context, Failure> {
        let program = std::env::current_exe().map_err(|error| Failure::new(Kind::Machine, error))?;
        let material = std::sync::Arc::new(material);
        Ok(lab::Context {
            folder,
            material,
            program,
            events: self.ui.events(),
            signals: lab::Signals::default(),
        })
    }
}

/// The folder for state that the system's conventions name.
fn default_home() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(state) = variable("XDG_STATE_HOME").filter(|path| path.is_absolute()) {
        return Some(state.join("atelier"));
    }
    let home = variable("HOME")?;
    Some(if cfg!(target_os = "macos") {
        home.join("Library/Application Support/atelier")
    } else {
        home.join(".local/state/atelier")
    })
}
