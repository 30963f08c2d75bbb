//! A chart as it is pushed to a registry: its folder as an archive, its `Chart.yaml` as the configuration.
//! <https://helm.sh/docs/topics/registries/>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Error;
use super::archive::{Entry, Files, pack};
use super::remote::{Packed, digest};

/// The media type of the manifest.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
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
    /// Packages a chart's folder; another version than that of `Chart.yaml` when one is given.
    pub fn package(mut files: Files, version: Option<&str>) -> Result<Self, Error> {
        const FILE: &str = "Chart.yaml";
        let wrong = |reason: &str| Error::Chart { file: FILE.to_owned(), reason: reason.to_owned() };
        let text = files.get(FILE).ok_or_else(|| wrong("it is not there"))?;
        let text = String::from_utf8(text.clone()).map_err(|_| wrong("it is not text in UTF-8"))?;
        let mut about: Value = serde_saphyr::from_str(&text)
            .map_err(|error| wrong(error.without_snippet().to_string().lines().next().unwrap_or_default()))?;
        let name = about["name"].as_str().ok_or_else(|| wrong("it has no `name`"))?.to_owned();
        if name.contains('/') || name.starts_with('.') {
            return Err(wrong("its `name` is not the name of a folder"));
        }
        if let Some(version) = version {
            about["version"] = json!(version);
            let line = |line: &str| match line.strip_prefix("version:") {
                Some(_) => format!("version: {version}"),
                None => line.to_owned(),
            };
            let lines: Vec<_> = text.lines().map(line).collect();
            files.insert(FILE.to_owned(), (lines.join("\n") + "\n").into_bytes());
        }
        let version = about["version"].as_str().ok_or_else(|| wrong("it has no `version`"))?.to_owned();
        let entries: BTreeMap<_, _> =
            files.into_iter().map(|(path, bytes)| (format!("{name}/{path}"), Entry::File(bytes))).collect();
        let archive = pack(&entries)?;
        Ok(Self { name, version, archive, config: about.to_string().into_bytes() })
    }

    /// The tag that it has in a registry, where `+` is no character of a tag.
    pub fn tag(&self) -> String {
        self.version.replace('+', "_")
    }

    /// What is pushed.
    pub fn packed(&self) -> Packed {
        let described = |media: &str, bytes: &[u8]| json!({"mediaType": media, "digest": digest(bytes), "size": bytes.len()});
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
            "config": described(CONFIG, &self.config), "layers": [described(CONTENT, &self.archive)]});
        Packed {
            manifest: manifest.to_string().into_bytes(),
            media_type: MANIFEST.to_owned(),
            blobs: vec![self.config.clone(), self.archive.clone()],
        }
    }
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
        let chart = Chart::package(files(text), Some("0.2.0+one")).unwrap();
        assert_eq!((chart.name.as_str(), chart.tag().as_str()), ("jukebox", "0.2.0_one"));
        let inside = unpack(&chart.archive).unwrap();
        assert_eq!(inside["jukebox/Chart.yaml"], b"apiVersion: v2\nname: jukebox\nversion: 0.2.0+one\n");
        assert_eq!(inside["jukebox/values.yaml"], b"a: 1\n");
        assert_eq!(Chart::package(files(text), None).unwrap().version, "0.1.0");
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
            assert_eq!(Chart::package(files(text), None).unwrap_err().to_string(), expected);
        }
        let none = Chart::package(Files::new(), None).unwrap_err();
        assert_eq!(none.to_string(), "`Chart.yaml` of the chart: it is not there");
    }
}
