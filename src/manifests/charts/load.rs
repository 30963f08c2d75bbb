//! Charts from a folder, an archive or files in memory. What comes from outside is bounded and stays in its place.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Map, Value as Json};

use super::chart::{Chart, File};
use super::encoding::scalar_text;
use super::ignore::Rules;
use super::metadata::Metadata;
use crate::manifests::yaml::{self, read_legacy};

/// The largest file, as in Helm.
const FILE_LIMIT: u64 = 5 << 20;
/// The largest chart, as in Helm.
const CHART_LIMIT: u64 = 100 << 20;
/// The largest number of files.
const FILES_LIMIT: usize = 10_000;
/// How deep charts may hold charts.
const DEPTH_LIMIT: usize = 20;

/// Why a chart cannot be loaded, in Helm's words where it has some.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no `Chart.yaml`.
    #[error("Chart.yaml file is missing")]
    NoChart,
    /// `Chart.yaml` is wrong.
    #[error("{message}")]
    Invalid {
        /// Field and value.
        message: String,
    },
    /// A file is no YAML, or not what it should be.
    #[error("cannot load {name}: {message}")]
    Yaml {
        /// The file.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// A subchart cannot be loaded.
    #[error("error unpacking subchart {name} in {chart}: {source}")]
    Subchart {
        /// The subchart's folder or archive.
        name: String,
        /// The chart that it is in.
        chart: String,
        /// Why.
        source: Box<LoadError>,
    },
    /// A file leads out of the chart, or is no file.
    #[error("chart illegally contains `{path}`: {reason}")]
    Illegal {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Too much.
    #[error("chart is larger than {limit} {what}")]
    TooLarge {
        /// The limit.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// An archive or folder cannot be read.
    #[error("{path}")]
    Read {
        /// The archive or file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

impl Chart {
    /// Loads a chart from its files.
    pub fn from_files(files: Vec<File>) -> Result<Self, LoadError> {
        from_files(files, 0)
    }

    /// Loads a chart from a `.tgz`.
    pub fn from_archive(bytes: &[u8]) -> Result<Self, LoadError> {
        from_archive(bytes, 0)
    }

    /// Loads a chart from a folder. Links may lead to files within the folder only.
    pub fn from_folder(folder: &Path) -> Result<Self, LoadError> {
        Self::from_files(folder_files(folder)?)
    }
}

/// The files of a chart's folder, but for those that its `.helmignore` names. Links may lead to files within the
/// folder only.
pub fn folder_files(folder: &Path) -> Result<Vec<File>, LoadError> {
    let read = |path: &Path, source| LoadError::Read { path: path.display().to_string(), source };
    let root = folder.canonicalize().map_err(|source| read(folder, source))?;
    let ignore = root.join(".helmignore");
    let text = if ignore.is_file() {
        std::fs::read_to_string(&ignore).map_err(|source| read(&ignore, source))?
    } else {
        String::new()
    };
    let rules = Rules::parse(&text).map_err(|message| LoadError::Invalid { message })?;
    let mut walk = Walk { root: &root, rules, files: Vec::new(), room: CHART_LIMIT };
    walk.folder(&root, "", 0)?;
    Ok(walk.files)
}

/// The files of a chart that are in memory, but for those that their `.helmignore` names.
pub fn without_ignored(mut files: Vec<File>) -> Result<Vec<File>, LoadError> {
    let text = files.iter().find(|file| file.name == ".helmignore");
    let text = text.map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default();
    let rules = Rules::parse(&text).map_err(|message| LoadError::Invalid { message })?;
    files.retain(|file| !rules.ignores(&file.name));
    Ok(files)
}

struct Walk<'a> {
    root: &'a Path,
    rules: Rules,
    files: Vec<File>,
    room: u64,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), LoadError> {
        let read = |path: &Path, source| LoadError::Read { path: path.display().to_string(), source };
        let entries = std::fs::read_dir(folder).map_err(|source| read(folder, source))?;
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|source| read(folder, source))?;
        let mut names = entries.iter().map(std::fs::DirEntry::file_name).collect::<Vec<_>>();
        names.sort();
        for name in names {
            let text = name.to_string_lossy();
            let shown = if prefix.is_empty() { text.into_owned() } else { format!("{prefix}/{text}") };
            if self.rules.ignores(&shown) {
                continue;
            }
            let illegal = |reason| LoadError::Illegal { path: shown.clone(), reason };
            let path = folder.join(&name).canonicalize().map_err(|source| read(folder, source))?;
            if !path.starts_with(self.root) {
                return Err(illegal("it leads out of the chart"));
            }
            if path.is_dir() {
                if depth >= DEPTH_LIMIT * 4 {
                    return Err(illegal("it is nested too deep"));
                }
                self.folder(&path, &shown, depth + 1)?;
                continue;
            }
            if !path.is_file() {
                return Err(illegal("it is no regular file"));
            }
            let mut data = Vec::new();
            let file = std::fs::File::open(&path).map_err(|source| read(&path, source))?;
            file.take(FILE_LIMIT + 1).read_to_end(&mut data).map_err(|source| read(&path, source))?;
            take(&mut self.files, &mut self.room, shown, data)?;
        }
        Ok(())
    }
}

/// Keeps a file, within the limits.
fn take(files: &mut Vec<File>, room: &mut u64, name: String, data: Vec<u8>) -> Result<(), LoadError> {
    let size = data.len() as u64;
    if size > FILE_LIMIT {
        return Err(LoadError::TooLarge { limit: FILE_LIMIT, what: "bytes in a file" });
    }
    *room = room.checked_sub(size).ok_or(LoadError::TooLarge { limit: CHART_LIMIT, what: "bytes" })?;
    if files.len() >= FILES_LIMIT {
        return Err(LoadError::TooLarge { limit: FILES_LIMIT as u64, what: "files" });
    }
    let data = data.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(data);
    files.push(File { name, data });
    Ok(())
}

fn from_archive(bytes: &[u8], depth: usize) -> Result<Chart, LoadError> {
    from_files(archive_files(bytes)?, depth)
}

/// The files of a chart's archive, without the folder that they are in.
pub fn archive_files(bytes: &[u8]) -> Result<Vec<File>, LoadError> {
    let read = |source| LoadError::Read { path: "chart archive".to_owned(), source };
    let unpacked = flate2::read::GzDecoder::new(bytes).take(2 * CHART_LIMIT);
    let mut archive = tar::Archive::new(unpacked);
    let (mut files, mut room) = (Vec::new(), CHART_LIMIT);
    for entry in archive.entries().map_err(read)? {
        let mut entry = entry.map_err(read)?;
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).replace('\\', "/");
        let illegal = |reason| LoadError::Illegal { path: path.clone(), reason };
        if !kind.is_file() {
            return Err(illegal("it is no regular file"));
        }
        // The first folder is the chart's, whatever its name.
        let Some((_, name)) = path.trim_start_matches("./").split_once('/') else {
            return Err(illegal("it is not in the chart's folder"));
        };
        let parts = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>();
        if path.starts_with('/') || parts.contains(&"..") || path.starts_with("../") || parts.is_empty() {
            return Err(illegal("it leads out of the chart"));
        }
        let name = parts.join("/");
        let mut data = Vec::new();
        (&mut entry).take(FILE_LIMIT + 1).read_to_end(&mut data).map_err(read)?;
        take(&mut files, &mut room, name, data)?;
    }
    if files.is_empty() {
        return Err(LoadError::Invalid { message: "no files in chart archive".to_owned() });
    }
    Ok(files)
}

fn from_files(files: Vec<File>, depth: usize) -> Result<Chart, LoadError> {
    if depth > DEPTH_LIMIT {
        return Err(LoadError::TooLarge { limit: DEPTH_LIMIT as u64, what: "charts in each other" });
    }
    let find = |name: &str| files.iter().find(|file| file.name == name);
    let chart_file = find("Chart.yaml").ok_or(LoadError::NoChart)?;
    let mut metadata = metadata(chart_file)?;
    if let Some(file) = find("requirements.yaml") {
        metadata.dependencies = self::metadata(file)?.dependencies;
    }
    if metadata.api_version.is_empty() {
        "v1".clone_into(&mut metadata.api_version);
    }
    metadata.check().map_err(|message| LoadError::Invalid { message })?;
    let is_v1 = metadata.api_version == "v1";
    let mut chart = Chart { metadata, ..Chart::default() };
    let mut subcharts: BTreeMap<String, Vec<File>> = BTreeMap::new();
    for file in files {
        match file.name.as_str() {
            "Chart.yaml" | "Chart.lock" => {}
            "values.yaml" => chart.values = values(&file)?,
            "values.schema.json" => chart.schema = Some(file.data),
            "requirements.yaml" | "requirements.lock" => {
                if is_v1 {
                    chart.files.push(file);
                }
            }
            name if name.starts_with("templates/") => chart.templates.push(file),
            name => match name.strip_prefix("charts/") {
                Some(inner) if !has_ending(name, "prov") => {
                    let folder = inner.split('/').next().unwrap_or_default().to_owned();
                    let file = File { name: inner.to_owned(), data: file.data };
                    subcharts.entry(folder).or_default().push(file);
                }
                _ => chart.files.push(file),
            },
        }
    }
    for (name, files) in subcharts {
        if name.starts_with(['_', '.']) {
            continue;
        }
        let wrong = |source| LoadError::Subchart {
            name: name.clone(),
            chart: chart.metadata.name.clone(),
            source: Box::new(source),
        };
        let loaded = if has_ending(&name, "tgz") {
            from_archive(&files[0].data, depth + 1)
        } else {
            let inner = |file: File| {
                let (_, name) = file.name.split_once('/')?;
                Some(File { name: name.to_owned(), data: file.data })
            };
            let files = files.into_iter().filter_map(inner).collect::<Vec<_>>();
            if files.is_empty() {
                continue;
            }
            from_files(files, depth + 1)
        };
        chart.dependencies.push(loaded.map_err(wrong)?);
    }
    Ok(chart)
}

pub(super) fn metadata(file: &File) -> Result<Metadata, LoadError> {
    let wrong = |message: String| LoadError::Yaml { name: file.name.clone(), message };
    let text = String::from_utf8_lossy(&file.data);
    let json =
        read_legacy(&text).map_err(|error| wrong(format!("error converting YAML to JSON: {error}")))?;
    if json.is_null() {
        return Ok(Metadata::default());
    }
    serde_json::from_value(as_texts(json)).map_err(|error| wrong(format!("error unmarshaling JSON: {error}")))
}

/// sigs.k8s.io/yaml makes texts of numbers and truth values where a field is a text, and leaves a field alone where
/// the file says null.
fn as_texts(json: Json) -> Json {
    match json {
        Json::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            let typed = kept.map(|(key, value)| match key.as_str() {
                "deprecated" | "enabled" | "import-values" => (key, value),
                _ => (key, as_texts(value)),
            });
            Json::Object(typed.collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(as_texts).collect()),
        json => scalar_text(&json).map_or(json, Json::String),
    }
}

fn values(file: &File) -> Result<Map<String, Json>, LoadError> {
    let wrong = |message| LoadError::Yaml { name: file.name.clone(), message };
    read_values(&String::from_utf8_lossy(&file.data))
        .map_err(|message| wrong(format!("cannot unmarshal yaml document: {message}")))
}

/// Reads a values file, whose documents are merged. The error is the one of sigs.k8s.io/yaml.
pub fn read_values(text: &str) -> Result<Map<String, Json>, String> {
    let mut values = Map::new();
    for document in documents(text) {
        let json = read_legacy(document)
            .map_err(|error: yaml::Error| format!("error converting YAML to JSON: {error}"))?;
        match json {
            Json::Null => {}
            Json::Object(fields) => merge(&mut values, fields),
            json => {
                let kind = match json {
                    Json::Array(_) => "array",
                    Json::String(_) => "string",
                    Json::Bool(_) => "bool",
                    _ => "number",
                };
                return Err(format!(
                    "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go value of \
                     type map[string]interface {{}}"
                ));
            }
        }
    }
    Ok(values)
}

/// The documents of a text, which `---` at the start of a line separates.
fn documents(text: &str) -> Vec<&str> {
    let mut documents = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" {
            documents.push(&text[start..at]);
            start = at + line.len();
        }
        at += line.len();
    }
    documents.push(&text[start..]);
    documents
}

fn merge(into: &mut Map<String, Json>, from: Map<String, Json>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Json::Object(old)), Json::Object(new)) => merge(old, new),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

/// Whether a file's name has this ending, as Helm looks at it: small letters only.
fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| found == ending)
}
