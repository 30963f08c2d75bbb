//! Where workshops come from: the material inside the program, or a folder.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::LoadError;
use super::lint::{Code, Finding, Place, Severity, check_actors, check_glossary, check_header};
use super::load::parse;
use super::model::{At, Cluster, Scenario, WorkshopFile};
use super::tree::Tree;
use super::workshop::Workshop;

/// The file that makes a folder a workshop.
const FILE: &str = "workshop.yaml";

/// A set of workshops.
#[derive(Clone, Debug)]
pub struct Library {
    root: Tree,
    templates: Vec<Tree>,
    /// The name of the only workshop, when the folder is one itself.
    only: Option<String>,
}

impl Library {
    /// The material inside the program.
    pub fn embedded() -> Self {
        Self {
            root: Tree::Scenarios(String::new()),
            templates: vec![Tree::Templates(String::new())],
            only: None,
        }
    }

    /// A folder of workshops, or the folder of one. Templates are in `templates/`, in it or beside it.
    pub fn directory(path: &Path) -> Self {
        let single = path.join(FILE).is_file();
        let name = || {
            path.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        };
        let mut templates = vec![path.join("templates"), path.join("../templates")];
        if single {
            templates.push(path.join("../../templates"));
        }
        Self {
            root: Tree::Folder(path.to_owned()),
            templates: templates.into_iter().map(Tree::Folder).collect(),
            only: single.then(name).flatten(),
        }
    }

    /// The names of the workshops, in order.
    pub fn workshops(&self) -> Vec<String> {
        if let Some(only) = &self.only {
            return vec![only.clone()];
        }
        let is_workshop = |name: &String| self.root.join(name).read(FILE).is_ok();
        self.root.folders().into_iter().filter(is_workshop).collect()
    }

    /// Loads a workshop; any mistake that keeps it from running is an error.
    pub fn workshop(&self, name: &str) -> Result<Workshop, LoadError> {
        let known = self.workshops();
        if !known.iter().any(|other| other == name) {
            return Err(LoadError::Unknown { name: name.to_owned(), known });
        }
        let (workshop, findings) = self.read(name);
        match workshop {
            Some(workshop) if findings.iter().all(|finding| finding.severity < Severity::Error) => {
                Ok(workshop)
            }
            _ => Err(LoadError::Wrong { name: name.to_owned(), findings }),
        }
    }

    /// Reads a workshop as far as possible, and what is wrong with its files.
    pub(crate) fn read(&self, name: &str) -> (Option<Workshop>, Vec<Finding>) {
        let files = if self.only.is_some() { self.root.clone() } else { self.root.join(name) };
        let file = files.shown(FILE);
        let (written, source) = match read_file::<WorkshopFile>(&files, FILE) {
            Ok(read) => read,
            Err(finding) => return (None, vec![finding]),
        };
        let mut findings = check_header(&file, &source, &written.api_version, &written.kind, "Workshop");
        if self.only.is_none() && written.id.value != name {
            let message = format!("the folder is `{name}`, and this says `{}`", written.id.value);
            let place = Place { file: &file, source: &source, at: written.id.at };
            findings.push(Finding::new(Code::BadId, place, message).help(format!("write `{name}`")));
        }
        let mut templates = vec![files.join("templates")];
        templates.extend(self.templates.iter().cloned());
        findings.extend(check_seeds(&file, &source, &written, &templates));
        let scenarios = read_scenarios(&files, &written, &mut findings);
        findings.extend(check_actors(&file, &source, &written, &scenarios));
        findings.extend(check_glossary(&file, &source, &written, &scenarios));
        findings.extend(unused(&files, &written));
        (Some(assemble(written, scenarios, files, templates)), findings)
    }
}

fn assemble(
    written: WorkshopFile,
    scenarios: BTreeMap<String, Scenario>,
    files: Tree,
    templates: Vec<Tree>,
) -> Workshop {
    let actors = written.people();
    let mut clusters = written.clusters;
    if clusters.is_empty() {
        clusters.insert("main".to_owned(), Cluster { nodes: 1 });
    }
    Workshop {
        id: written.id.value,
        title: written.title.value,
        summary: written.summary.map(|summary| summary.value),
        tracks: written.tracks.into_iter().map(|(name, track)| (name, track.value)).collect(),
        actors,
        repositories: written.repositories,
        clusters,
        operator: written.operator,
        images: written.images,
        apps: written.apps,
        vars: written.vars,
        platforms: written.platforms,
        environment: written.env,
        glossary: written.glossary,
        scenarios,
        files,
        templates,
    }
}

fn read_file<T: serde::de::DeserializeOwned>(files: &Tree, name: &str) -> Result<(T, String), Finding> {
    let shown = files.shown(name);
    match files.read(name) {
        Ok(bytes) => parse(&shown, &bytes),
        Err(error) => {
            let place = Place { file: &shown, source: "", at: At { line: 1, column: 1 } };
            let finding = Finding::new(Code::File, place, format!("the file cannot be read: {error}"));
            // Who asked for the file knows what it would be for, when it is not there.
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            Err(if missing { finding } else { finding.help("write a file of text, in UTF-8".to_owned()) })
        }
    }
}

fn read_scenarios(
    files: &Tree,
    written: &WorkshopFile,
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, Scenario> {
    let mut scenarios = BTreeMap::new();
    for track in written.tracks.keys() {
        let name = format!("{track}.yaml");
        match read_file::<Scenario>(files, &name) {
            Ok((mut scenario, source)) => {
                scenario.file = files.shown(&name);
                let (version, kind) = (&scenario.api_version, &scenario.kind);
                findings.extend(check_header(&scenario.file, &source, version, kind, "Scenario"));
                scenario.source = source;
                scenarios.insert(track.clone(), scenario);
            }
            Err(finding) if finding.code == Code::File && finding.help.is_none() => {
                findings.push(finding.help(format!("every track has a file of its name: write `{name}`")));
            }
            Err(finding) => findings.push(finding),
        }
    }
    scenarios
}

/// Seeds of repositories that do not exist.
fn check_seeds(file: &str, source: &str, written: &WorkshopFile, templates: &[Tree]) -> Vec<Finding> {
    let seeds = written.repositories.iter().filter_map(|repository| repository.from.as_ref());
    seeds
        .filter(|from| !templates.iter().any(|tree| tree.files(from).is_ok_and(|files| !files.is_empty())))
        .map(|from| {
            let places = templates.iter().map(|tree| tree.shown("")).collect::<Vec<_>>().join(", ");
            let message = format!("there is no template `{}`", from.value);
            let place = Place { file, source, at: from.at };
            Finding::new(Code::MissingFile, place, message)
                .help(format!("looked for a folder of that name in {places}"))
        })
        .collect()
}

/// Files that look like scenarios of tracks that do not exist.
fn unused(files: &Tree, written: &WorkshopFile) -> Vec<Finding> {
    let names = files.files("").unwrap_or_default();
    let lone = names.iter().filter(|name| !name.contains('/') && *name != FILE);
    lone.filter_map(|name| {
        let right = name.strip_suffix(".yaml");
        let track = right.or_else(|| name.strip_suffix(".yml"))?;
        if right.is_some_and(|track| written.tracks.contains_key(track)) {
            return None;
        }
        let shown = files.shown(name);
        let place = Place { file: &shown, source: "", at: At { line: 1, column: 1 } };
        let finding = Finding::new(Code::Unused, place, format!("the workshop has no track `{track}`"));
        Some(finding.help(format!("add `{track}` to `tracks` in `{FILE}`, and call the file `{track}.yaml`")))
    })
    .collect()
}
