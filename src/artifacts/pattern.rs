//! Patterns of paths as Docker has them: `*` and `?` within a segment, `**` over segments, `[a-z]`, `\`.
//! <https://docs.docker.com/build/concepts/context/#dockerignore-files>

use regex::{Regex, RegexBuilder};

use super::Error;

/// How large a compiled pattern may be, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// Whether there is anything but a plain path.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// A pattern for whole paths.
pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    let mut regex = String::from("^");
    let chars = text.chars().collect::<Vec<_>>();
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        at += 1;
        match char {
            '*' if chars.get(at) == Some(&'*') => {
                at += 1;
                if chars.get(at) == Some(&'/') {
                    at += 1;
                    regex += "(.*/)?";
                } else {
                    regex += ".*";
                }
            }
            '*' => regex += "[^/]*",
            '?' => regex += "[^/]",
            '[' => {
                let end = chars[at..].iter().position(|&char| char == ']').filter(|&end| end > 0);
                let end = at + end.ok_or_else(|| format!("`{text}` has a `[` without its `]`"))?;
                let set = chars[at..end].iter().collect::<String>();
                let set = set.replace('\\', r"\\").replace('[', r"\[").replace("&&", r"&\&");
                regex.extend(["[", &set, "]"]);
                at = end + 1;
            }
            '\\' => {
                let next = chars.get(at).ok_or_else(|| format!("`{text}` ends with `\\`"))?;
                regex += &regex::escape(&next.to_string());
                at += 1;
            }
            char => regex += &regex::escape(&char.to_string()),
        }
    }
    let built = RegexBuilder::new(&(regex + "$")).size_limit(SIZE_LIMIT).dot_matches_new_line(true).build();
    built.map_err(|_| format!("`{text}` is no pattern of paths"))
}

/// What `.dockerignore` leaves out of a folder.
#[derive(Default)]
pub(super) struct Ignored {
    rules: Vec<(Regex, bool)>,
}

impl Ignored {
    /// Reads the file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}');
        let mut rules = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (keeps, line) = line.strip_prefix('!').map_or((false, line), |line| (true, line.trim()));
            let parts = line.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>();
            // What names the folder itself leaves nothing out.
            if parts.is_empty() {
                continue;
            }
            let wrong = |reason| Error::Line { file: ".dockerignore".to_owned(), line: index + 1, reason };
            let found = pattern(&parts.join("/")).map_err(wrong)?;
            rules.push((found, keeps));
        }
        Ok(Self { rules })
    }

    /// Whether a path is left out: the last rule counts that fits it or a folder above it.
    pub(super) fn has(&self, path: &str) -> bool {
        let above = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]).collect::<Vec<_>>();
        let fits = |rule: &&(Regex, bool)| above.iter().any(|path| rule.0.is_match(path));
        self.rules.iter().rev().find(fits).is_some_and(|(_, keeps)| !keeps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_fits_counts() {
        let ignored = Ignored::parse(b"# all\n*\n!src\nsrc/**/*.tmp\n/docs/\n!docs/[a-c]?.md\n").unwrap();
        for (path, expected) in [
            ("a.txt", true),
            ("src/main.rs", false),
            ("src/a/b.tmp", true),
            ("src/b.tmp", true),
            ("docs/x.md", true),
            ("docs/b1.md", false),
        ] {
            assert_eq!(ignored.has(path), expected, "{path}");
        }
        assert_eq!(
            Ignored::parse(b"ok\n[a").err().unwrap().to_string(),
            "`.dockerignore`, line 2: `[a` has a `[` without its `]`"
        );
    }
}
