//! What `spec.ref` means among a repository's tags.

use regex::Regex;

use crate::manifests::semver::{Constraint, Version, compare};

/// The newest tag in a range of versions. Charts have `_` in tags where versions have `+`.
pub(super) fn newest(
    tags: &[String],
    range: &str,
    filter: Option<&str>,
    is_chart: bool,
) -> Result<String, String> {
    let filter = filter.filter(|filter| !filter.is_empty()).map(Regex::new).transpose();
    let filter = filter.map_err(|error| error.to_string())?;
    let range_of = Constraint::parse(range);
    let constraint = range_of.map_err(|error| format!("semver '{range}' parse error: {error}"))?;
    let fits = |tag: &&String| filter.as_ref().is_none_or(|filter| filter.is_match(tag));
    let versions = tags.iter().filter(fits).filter_map(|tag| {
        let text = if is_chart { tag.replace('_', "+") } else { tag.clone() };
        Version::parse(&text).ok().map(|version| (version, tag))
    });
    let newest =
        versions.filter(|(version, _)| constraint.allows(version)).max_by(|(a, _), (b, _)| compare(a, b));
    newest.map(|(_, tag)| tag.clone()).ok_or_else(|| format!("no match found for semver: {range}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_tag_of_a_range() {
        let tags = ["0.1.0", "0.1.10", "0.1.9", "0.2.0-rc.1", "0.1.10_7", "latest", "1.0.0-x86"];
        let tags = tags.map(str::to_owned);
        for (range, filter, is_chart, expected) in [
            ("0.1.x", None, false, Ok("0.1.10")),
            (">=0.1.0-0", None, false, Ok("1.0.0-x86")),
            (">=0.1.0-0", Some("rc"), false, Ok("0.2.0-rc.1")),
            ("0.1.x", Some("_"), true, Ok("0.1.10_7")),
            ("2.x", None, false, Err("no match found for semver: 2.x")),
            ("a", None, false, Err("semver 'a' parse error: improper constraint: \"a\"")),
        ] {
            let found = newest(&tags, range, filter, is_chart);
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{range} {filter:?}");
        }
    }
}
