//! What a lab shall be: `lab.json`, written at the first `up` and read by every later command.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Error;
use crate::objects::Image;
use crate::platform::k3d::{Bundle, Settings};
use crate::platform::{Actor, Kind, Repository};

/// The version of `lab.json` that this program writes.
const VERSION: u32 = 1;

/// The lab's description, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Of this file's format.
    pub version: u32,
    /// The lab's name.
    pub name: String,
    /// Where it runs.
    pub platform: Kind,
    /// The workshop it is for.
    pub workshop: String,
    /// The folder that the workshop was read from; none when it came with the program.
    pub scenarios: Option<std::path::PathBuf>,
    /// Who takes part.
    pub actors: Vec<Actor>,
    /// The image catalogue.
    pub images: Vec<Image>,
    /// Whether the operator is installed at set-up.
    pub operator: bool,
    /// Whether a lesson installs the operator: what it needs for that is at hand after set-up.
    #[serde(default)]
    pub lesson_installs: bool,
}

impl Spec {
    /// A description in the present version.
    pub fn new(name: &str, platform: Kind, workshop: &str) -> Self {
        Self {
            version: VERSION,
            name: name.to_owned(),
            platform,
            workshop: workshop.to_owned(),
            scenarios: None,
            actors: Vec::new(),
            images: Vec::new(),
            operator: true,
            lesson_installs: false,
        }
    }

    pub(super) fn read(path: &Path, lab: &str) -> Result<Self, Error> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(if path.parent().is_some_and(Path::exists) {
                    Error::HalfMade { lab: lab.to_owned(), path: path.to_owned() }
                } else {
                    Error::Missing { lab: lab.to_owned() }
                });
            }
            Err(error) if error.kind() == ErrorKind::NotADirectory => return Err(not_a_folder(path)),
            Err(source) => return Err(Error::File { verb: "read", path: path.to_owned(), source }),
        };
        let damaged = |source| Error::Damaged { path: path.to_owned(), source };
        let value: Value = serde_json::from_slice(&text).map_err(damaged)?;
        let found =
            value["version"].as_u64().and_then(|version| u32::try_from(version).ok()).unwrap_or_default();
        if found > VERSION {
            return Err(Error::Newer { lab: lab.to_owned(), found, known: VERSION });
        }
        serde_json::from_value(value).map_err(damaged)
    }

    /// The images of the catalogue that come from elsewhere; the samples' are built of this program.
    pub fn foreign_images(&self) -> Vec<String> {
        let foreign = self.images.iter().filter(|image| !image.behaviour.is_sample());
        let tags = |image: &Image| {
            image.tags.iter().map(|tag| format!("{}:{tag}", image.reference)).collect::<Vec<_>>()
        };
        foreign.flat_map(tags).collect()
    }

    /// Whether the operator's manifest and images must be at hand.
    pub fn needs_operator(&self) -> bool {
        self.operator || self.lesson_installs
    }

    /// The actor of that name.
    pub fn actor(&self, name: &str) -> Result<&Actor, Error> {
        let found = self.actors.iter().find(|actor| actor.name == name);
        found.ok_or_else(|| Error::NoActor {
            lab: self.name.clone(),
            actor: name.to_owned(),
            known: self.actors.iter().map(|actor| format!("`{}`", actor.name)).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Names the part of `path` that is no folder.
fn not_a_folder(path: &Path) -> Error {
    let other = path.ancestors().find(|part| part.is_file()).unwrap_or(path);
    Error::NotAFolder { path: other.to_owned() }
}

/// All that set-up needs: the description and what the workshop and the program bring along.
pub struct Material {
    /// The description.
    pub spec: Spec,
    /// The repositories with their first trees.
    pub repositories: Vec<Repository>,
    /// The operator's manifest where it comes with the program (embedded); objects in the order of their creation.
    pub operator: Vec<Value>,
    /// How the k3d platform is made.
    pub settings: Settings,
    /// What the k3d platform's images and the operator's manifest are taken from, if not from elsewhere.
    pub bundle: Option<Arc<Bundle>>,
}
