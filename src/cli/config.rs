//! `atelier config`: what is in force and where each value comes from; and reading it, for all commands: flags
//! (`--set`), then the environment, then `atelier.yaml`, then what the lab was made with, then the defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::lab::LabFolder;
use crate::platform::k3d::{Folder, Key, Origin, Search, Settings, Values};
use crate::ui::{Mode, table};

/// A configuration file larger than this is nobody's.
const FILE_LIMIT: u64 = 1 << 20;
/// The file's name.
const FILE: &str = "atelier.yaml";

/// Show what can be configured, what is in force, and where it comes from
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {}

/// What the user has configured.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    /// The platform that the file names.
    pub(super) platform: Option<String>,
    values: Values,
}

pub(super) fn run(global: &Global, _args: ConfigArgs) -> Result<u8, Failure> {
    let folder = global.lab()?;
    let configuration = global.configuration(Some(&folder))?;
    configuration.settings()?;
    let rows = Key::all().iter().map(|key| {
        let (value, origin) = configuration.value(key);
        (key, value, origin)
    });
    if global.ui.mode() == Mode::Json {
        let rows = rows.map(|(key, value, origin)| {
            json!({"key": key.name, "value": value, "origin": origin, "variable": key.variable, "about": key.about})
        });
        global.ui.document(&rows.collect::<Vec<_>>());
        return Ok(0);
    }
    let head = ["setting", "value", "from", "what it is"].map(str::to_owned).to_vec();
    let rows = rows.map(|(key, value, origin)| {
        let value = if value.is_empty() { "-".to_owned() } else { value };
        vec![key.name.to_owned(), value, word(&origin), key.about.to_owned()]
    });
    global.ui.data(&table(&std::iter::once(head).chain(rows).collect::<Vec<_>>()));
    global.ui.talk(&format!("set them with `--set KEY=VALUE`, by variables (ATELIER_…), or in `{FILE}`"));
    Ok(0)
}

fn word(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::File(path) => format!("`{}`", path.display()),
        Origin::Environment(name) => (*name).to_owned(),
        Origin::Flag => "--set".to_owned(),
        Origin::Lab => "the lab".to_owned(),
    }
}

impl Configuration {
    /// Reads what is configured, for a lab if one is given.
    pub(super) fn read(
        flags: &[String],
        file: Option<&Path>,
        lab: Option<&LabFolder>,
    ) -> Result<Self, Failure> {
        let mut configuration = Self::default();
        // A record that cannot be read keeps nobody from configuring the lab anew, or from removing it.
        let record = lab.and_then(|lab| Folder::new(lab.platform()).record().ok().flatten());
        for (name, value) in record.map(|record| record.settings.given).unwrap_or_default() {
            if let Ok(key) = Key::named(&name) {
                configuration.values.insert(key.name, (value, Origin::Lab));
            }
        }
        if let Some(path) = file.map(Path::to_owned).or_else(found) {
            configuration.read_file(&path)?;
        }
        for key in Key::all() {
            if let Some(value) = std::env::var(key.variable).ok().filter(|value| !value.is_empty()) {
                configuration.values.insert(key.name, (value, Origin::Environment(key.variable)));
            }
        }
        for flag in flags {
            let wrong =
                || Failure::new(Kind::Arguments, format!("`--set {flag}` is not of the form KEY=VALUE"));
            let (name, value) = flag.split_once('=').ok_or_else(wrong)?;
            let key = Key::named(name).map_err(crate::platform::Error::from)?;
            configuration.values.insert(key.name, (value.to_owned(), Origin::Flag));
        }
        Ok(configuration)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Failure> {
        let wrong = |text: String| Failure::new(Kind::Arguments, format!("`{}`: {text}", path.display()));
        let length = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
        if length > FILE_LIMIT {
            return Err(wrong("it has over 1 MiB".to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let value: Value = serde_saphyr::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let mut flat = BTreeMap::new();
        flatten("", &value, &mut flat).map_err(wrong)?;
        for (name, value) in flat {
            if name == "platform" {
                self.platform = Some(value);
                continue;
            }
            let key = Key::named(&name).map_err(|error| wrong(error.to_string()))?;
            // A file's paths are meant from where the file is.
            let value = match (name.as_str(), path.parent()) {
                ("flux.manifest", Some(folder)) if !value.is_empty() => {
                    folder.join(&value).display().to_string()
                }
                _ => value,
            };
            self.values.insert(key.name, (value, Origin::File(path.to_owned())));
        }
        Ok(())
    }

    /// A setting's value in force, and its origin.
    fn value(&self, key: &Key) -> (String, Origin) {
        self.values.get(key.name).cloned().unwrap_or_else(|| (key.default.to_owned(), Origin::Default))
    }

    /// Nothing is pulled or downloaded, whatever was set.
    pub(super) fn go_offline(&mut self) {
        self.values.insert("offline", ("true".to_owned(), Origin::Flag));
    }

    /// Takes over what a bundle says where the user has set nothing else; what is not a bundle's to say is passed over.
    pub(super) fn add(&mut self, settings: &BTreeMap<String, String>) {
        let known = settings.iter().filter_map(|(name, value)| Some((Key::of_bundle(name)?, value)));
        for (key, value) in known {
            let own = self.values.get(key.name).is_some_and(|(_, origin)| *origin != Origin::Lab);
            if !own {
                self.values.insert(key.name, (value.clone(), Origin::Flag));
            }
        }
    }

    /// What the values mean.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        Ok(Settings::new(&self.values, search()).map_err(crate::platform::Error::from)?)
    }
}

/// Where the engine may be, by what the environment says.
fn search() -> Search {
    let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = path("HOME");
    Search {
        host: None,
        context: std::env::var("DOCKER_CONTEXT").ok(),
        config: path("DOCKER_CONFIG").or_else(|| Some(home.as_ref()?.join(".docker"))),
        runtime: path("XDG_RUNTIME_DIR"),
        home,
    }
}

/// The file in this folder, else the one in the user's folder for configuration.
fn found() -> Option<PathBuf> {
    let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let own = path("XDG_CONFIG_HOME").or_else(|| Some(path("HOME")?.join(".config")));
    let here = std::path::absolute(FILE).ok();
    here.into_iter().chain(own.map(|own| own.join("atelier").join(FILE))).find(|path| path.exists())
}

/// Joins the levels by dots. Lists become words with commas, and the mirrors their pairs.
fn flatten(name: &str, value: &Value, flat: &mut BTreeMap<String, String>) -> Result<(), String> {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(word) => Some(word.to_string()),
        Value::Null => Some(String::new()),
        _ => None,
    };
    let text = match value {
        Value::Object(fields) if name == "images.mirrors" => {
            let pairs = fields.iter().map(|(from, to)| Some(format!("{from}={}", plain(to)?)));
            pairs.collect::<Option<Vec<_>>>().map(|pairs| pairs.join(","))
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                flatten(&name, value, flat)?;
            }
            return Ok(());
        }
        Value::Array(items) => {
            items.iter().map(plain).collect::<Option<Vec<_>>>().map(|items| items.join(","))
        }
        Value::Null if name.is_empty() => return Ok(()),
        value => plain(value),
    };
    let text = text.ok_or_else(|| format!("`{name}` has a value of another sort than expected"))?;
    flat.insert(name.to_owned(), text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Configuration, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, text).unwrap();
        let mut configuration = Configuration::default();
        configuration.read_file(&path).map(|()| configuration)
    }

    #[test]
    fn file_is_read_by_the_names_of_its_levels() {
        let text = "platform: k3d\nclusters: [main, east]\nimages:\n  k3s: a/b:1\n  mirrors: {docker.io: m.example}\n";
        let configuration = read(text).unwrap();
        assert_eq!(configuration.platform.as_deref(), Some("k3d"));
        let settings = configuration.settings().unwrap();
        assert_eq!(settings.clusters, ["main", "east"]);
        assert_eq!((settings.k3s.as_str(), settings.mirrors["docker.io"].as_str()), ("a/b:1", "m.example"));
    }

    #[test]
    fn a_bundle_sets_what_is_its_own_and_nobody_else_has_set() {
        let mut configuration = read("images: {k3s: mine/k3s:1}\noffline: true\n").unwrap();
        let of_bundle =
            [("images.k3s", "its/k3s:1"), ("images.gitea", "its/gitea:1"), ("tools.k3d", "/tmp/evil")];
        configuration.add(&of_bundle.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        let settings = configuration.settings().unwrap();
        assert_eq!((settings.k3s.as_str(), settings.gitea.as_str()), ("mine/k3s:1", "its/gitea:1"));
        assert_eq!((settings.k3d, settings.offline), ("k3d".into(), true));
    }

    #[test]
    fn mistakes_in_the_file_are_named() {
        let error = read("image:\n  k3s: x\n").unwrap_err().source.to_string();
        assert!(error.contains("there is no setting `image.k3s`"), "{error}");
        let error = read("images: {k3s: [{a: b}]}\n").unwrap_err().source.to_string();
        assert!(error.ends_with("`images.k3s` has a value of another sort than expected"), "{error}");
    }
}
