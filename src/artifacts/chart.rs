//! A chart as it is pushed to a registry: its folder as an archive, its `Chart.yaml` as the configuration.
//! <https://helm.sh/docs/topics/registries/>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Error;
use super::archive::{Entry, Files, pack, unpack};
use super::packed::Packed;

/// The media type of the configuration.
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// The media type of the archive.
const CONTENT: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/// A packaged chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The archive, `<name>-<version>.tgz`.
    pub archive: Vec<u8>,
    config: Vec<u8>,
}

impl Chart {
    /// Packages a chart's folder; another version, or another one of what it installs, than those of `Chart.yaml`
    /// when they are given.
    pub fn package(
        mut files: Files,
        version: Option<&str>,
        app_version: Option<&str>,
    ) -> Result<Self, Error> {
        let (mut text, mut about) = about(&files)?;
        let name = about["name"].as_str().ok_or_else(|| wrong("it has no `name`"))?.to_owned();
        if name.contains('/') || name.starts_with('.') {
            return Err(wrong("its `name` is not the name of a folder"));
        }
        let given = [("version", version), ("appVersion", app_version)];
        for (field, value) in given.into_iter().filter_map(|(field, value)| Some((field, value?))) {
            about[field] = json!(value);
            // A text that could be read as a number is quoted.
            let value = if field == "version" { value.to_owned() } else { json!(value).to_string() };
            text = with_field(&text, field, &value);
            files.insert(FILE.to_owned(), text.clone().into_bytes());
        }
        let version = about["version"].as_str().ok_or_else(|| wrong("it has no `version`"))?.to_owned();
        let entries: BTreeMap<_, _> =
            files.into_iter().map(|(path, bytes)| (format!("{name}/{path}"), Entry::File(bytes))).collect();
        let archive = pack(&entries)?;
        Ok(Self { name, version, archive, config: about.to_string().into_bytes() })
    }

    /// Reads a packaged chart.
    pub fn from_archive(archive: Vec<u8>) -> Result<Self, Error> {
        let unpacked = unpack(&archive)?;
        let inner = |(path, bytes): (String, Vec<u8>)| Some((path.split_once('/')?.1.to_owned(), bytes));
        let (_, about) = about(&unpacked.into_iter().filter_map(inner).collect())?;
        let field = |field: &str| about[field].as_str().map(str::to_owned);
        let name = field("name").ok_or_else(|| wrong("it has no `name`"))?;
        let version = field("version").ok_or_else(|| wrong("it has no `version`"))?;
        Ok(Self { name, version, archive, config: about.to_string().into_bytes() })
    }

    /// The name of its archive.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }

    /// The tag that it has in a registry, where `+` is no character of a tag.
    pub fn tag(&self) -> String {
        self.version.replace('+', "_")
    }

    /// What is pushed.
    pub fn packed(&self) -> Packed {
        Packed::of((CONFIG, self.config.clone()), vec![(CONTENT, self.archive.clone())], self.annotations())
    }

    /// As Helm makes them of `Chart.yaml`, but for the time.
    fn annotations(&self) -> BTreeMap<String, String> {
        let about: Value = serde_json::from_slice(&self.config).unwrap_or_default();
        let text =
            |value: &Value| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let maintainers = about["maintainers"].as_array().into_iter().flatten().map(|one| {
            let email = text(&one["email"]).map(|email| format!(" ({email})")).unwrap_or_default();
            text(&one["name"]).unwrap_or_default() + &email
        });
        let authors = maintainers.collect::<Vec<_>>().join(", ");
        let known = [
            ("title", Some(self.name.clone())),
            ("version", Some(self.version.clone())),
            ("description", text(&about["description"])),
            ("url", text(&about["home"])),
            ("source", text(&about["sources"][0])),
            ("authors", Some(authors).filter(|authors| !authors.is_empty())),
        ];
        let known = known
            .into_iter()
            .filter_map(|(name, value)| Some((format!("org.opencontainers.image.{name}"), value?)));
        let mut all: BTreeMap<_, _> = known.collect();
        for (name, value) in about["annotations"].as_object().into_iter().flatten() {
            let fixed = ["org.opencontainers.image.title", "org.opencontainers.image.version"]
                .contains(&name.as_str());
            if let (Some(value), false) = (value.as_str(), fixed) {
                all.insert(name.clone(), value.to_owned());
            }
        }
        all
    }
}

const FILE: &str = "Chart.yaml";

fn wrong(reason: &str) -> Error {
    Error::Chart { file: FILE.to_owned(), reason: reason.to_owned() }
}

/// `Chart.yaml`, as text and as what it says.
fn about(files: &Files) -> Result<(String, Value), Error> {
    let text = files.get(FILE).ok_or_else(|| wrong("it is not there"))?;
    let text = String::from_utf8(text.clone()).map_err(|_| wrong("it is not text in UTF-8"))?;
    let about = serde_saphyr::from_str(&text)
        .map_err(|error| wrong(error.without_snippet().to_string().lines().next().unwrap_or_default()))?;
    Ok((text, about))
}

/// The text with another value in a field of its own line.
fn with_field(text: &str, field: &str, value: &str) -> String {
    let start = format!("{field}:");
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    match lines.iter_mut().find(|line| line.starts_with(&start)) {
        Some(line) => *line = format!("{start} {value}"),
        None => lines.push(format!("{start} {value}")),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::unpack;

    fn files(chart: &str) -> Files {
        [("Chart.yaml".to_owned(), chart.into()), ("values.yaml".to_owned(), b"a: 1\n".to_vec())].into()
    }

    #[test]
    fn the_version_can_be_another_than_the_files() {
        let text = "apiVersion: v2\nname: jukebox\nversion: 0.1.0 # first\n";
        let chart = Chart::package(files(text), Some("0.2.0+one"), Some("7")).unwrap();
        assert_eq!((chart.name.as_str(), chart.tag().as_str()), ("jukebox", "0.2.0_one"));
        let inside = unpack(&chart.archive).unwrap();
        assert_eq!(
            inside["jukebox/Chart.yaml"],
            b"apiVersion: v2\nname: jukebox\nversion: 0.2.0+one\nappVersion: \"7\"\n"
        );
        assert_eq!(Chart::from_archive(chart.archive.clone()).unwrap().packed(), chart.packed());
        assert_eq!(inside["jukebox/values.yaml"], b"a: 1\n");
        assert_eq!(Chart::package(files(text), None, None).unwrap().version, "0.1.0");
    }

    #[test]
    fn what_is_no_chart_is_told() {
        let cases = [
            ("name: a", "`Chart.yaml` of the chart: it has no `version`"),
            ("version: 1.0.0", "`Chart.yaml` of the chart: it has no `name`"),
            (
                "name: a/b\nversion: 1.0.0",
                "`Chart.yaml` of the chart: its `name` is not the name of a folder",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Chart::package(files(text), None, None).unwrap_err().to_string(), expected);
        }
        let none = Chart::package(Files::new(), None, None).unwrap_err();
        assert_eq!(none.to_string(), "`Chart.yaml` of the chart: it is not there");
    }
}
