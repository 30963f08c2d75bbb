//! The index of a chart repository: which versions of which charts there are, and where.
//! <https://helm.sh/docs/topics/chart_repository/#the-index-file>

use serde_json::{Map, Value, json};

use crate::manifests::semver::{Constraint, Version, compare};

/// An index.
pub(in crate::controllers) struct Index {
    entries: Map<String, Value>,
}

impl Index {
    /// Reads an index; YAML or JSON.
    pub(in crate::controllers) fn read(text: &str) -> Result<Self, String> {
        let mut value: Value = serde_saphyr::from_str(text).map_err(|error| {
            error.without_snippet().to_string().lines().next().unwrap_or_default().to_owned()
        })?;
        if value["apiVersion"].as_str().is_none_or(str::is_empty) {
            return Err("no API version specified".to_owned());
        }
        let entries = value["entries"].take();
        Ok(Self { entries: entries.as_object().cloned().unwrap_or_default() })
    }

    /// The index as it is stored.
    pub(in crate::controllers) fn write(&self) -> Vec<u8> {
        json!({ "apiVersion": "v1", "entries": self.entries }).to_string().into_bytes()
    }

    /// The version and the address of the newest chart in a range.
    pub(in crate::controllers) fn find(&self, name: &str, range: &str) -> Result<(String, String), String> {
        let charts = self.entries.get(name).and_then(Value::as_array);
        let charts = charts.ok_or_else(|| format!("no chart name found: {name}"))?;
        let version = |chart: &Value| chart["version"].as_str().map(str::to_owned);
        let wrong = || format!("no '{name}' chart with version matching '{range}' found");
        let exact = charts.iter().find(|chart| version(chart).as_deref() == Some(range));
        let found = if let Some(chart) = exact {
            chart
        } else {
            let range = if range.is_empty() { "*" } else { range };
            let constraint = Constraint::parse(range).map_err(|error| error.to_string())?;
            let parsed =
                charts.iter().filter_map(|chart| Some((Version::parse(&version(chart)?).ok()?, chart)));
            let fitting = parsed.filter(|(version, _)| constraint.allows(version));
            fitting.max_by(|(a, _), (b, _)| compare(a, b)).map(|(_, chart)| chart).ok_or_else(wrong)?
        };
        let url = found["urls"][0].as_str();
        let url = url.ok_or_else(|| format!("chart '{name}' has no downloadable URLs"))?;
        Ok((version(found).unwrap_or_default(), url.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_of_a_range_is_found() {
        let text = "apiVersion: v1\nentries:\n  jukebox:\n  - {version: 0.1.9, urls: [a.tgz]}\n  - {version: 0.1.10, \
                    urls: [b.tgz]}\n  - {version: 0.2.0-rc.1, urls: [c.tgz]}\n  - {version: 1.0.0}\n";
        let index = Index::read(text).unwrap();
        let again = Index::read(&String::from_utf8(index.write()).unwrap()).unwrap();
        for (range, expected) in [
            ("0.1.x", Ok("b.tgz")),
            ("0.1.9", Ok("a.tgz")),
            ("0.2.0-rc.1", Ok("c.tgz")),
            ("*", Err("chart 'jukebox' has no downloadable URLs")),
            ("2.x", Err("no 'jukebox' chart with version matching '2.x' found")),
        ] {
            for index in [&index, &again] {
                let found = index.find("jukebox", range).map(|(_, url)| url);
                assert_eq!(found.as_deref().map_err(String::as_str), expected, "{range}");
            }
        }
        assert_eq!(index.find("other", "*").unwrap_err(), "no chart name found: other");
        assert_eq!(Index::read("entries: {}").err().unwrap(), "no API version specified");
    }
}
