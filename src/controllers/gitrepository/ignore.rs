//! What of a repository does not get into its artifact: patterns in the format of gitignore.
//! <https://fluxcd.io/flux/components/source/gitrepositories/#excluding-files>

use regex::Regex;

/// Always left out.
const ALWAYS: [&str; 4] = [".git/", ".gitignore", ".gitmodules", ".gitattributes"];

/// Left out where the object has no patterns of its own.
const DEFAULT: [&str; 20] = [
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.png",
    "*.wmv",
    "*.flv",
    "*.tar.gz",
    "*.zip",
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    "**/.goreleaser.yml",
    "**/.sops.yaml",
    "**/.flux.yaml",
];

/// The name of the file with patterns, which counts for its folder.
pub(super) const FILE: &str = ".sourceignore";

struct Pattern {
    regex: Regex,
    keeps: bool,
    folders_only: bool,
}

/// A list of patterns; the last that matches decides.
pub(super) struct Ignore {
    patterns: Vec<Pattern>,
}

impl Ignore {
    /// The patterns that hold before any file of the tree is read.
    pub(super) fn new(spec: Option<&str>) -> Self {
        let mut ignore = Self { patterns: Vec::new() };
        ignore.add_lines("", ALWAYS.iter().copied());
        if spec.is_none() {
            ignore.add_lines("", DEFAULT.iter().copied());
        }
        ignore
    }

    /// Adds the lines of a text that counts for `folder`.
    pub(super) fn add(&mut self, folder: &str, text: &str) {
        self.add_lines(folder, text.lines());
    }

    fn add_lines<'a>(&mut self, folder: &str, lines: impl Iterator<Item = &'a str>) {
        self.patterns.extend(lines.filter_map(|line| compile(folder, line)));
    }

    /// Whether a path is left out; its folders were asked for before.
    pub(super) fn leaves_out(&self, path: &str, is_folder: bool) -> bool {
        let applies =
            |pattern: &&Pattern| (is_folder || !pattern.folders_only) && pattern.regex.is_match(path);
        self.patterns.iter().rev().find(applies).is_some_and(|pattern| !pattern.keeps)
    }
}

/// The paths of a tree that are left out by its own files of patterns and by `spec`.
pub(in crate::controllers) fn leaves_out(
    files: &crate::artifacts::Files,
    spec: Option<&str>,
) -> std::collections::BTreeSet<String> {
    let mut ignore = Ignore::new(Some(""));
    for (path, bytes) in files {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == FILE {
            ignore.add(folder, &String::from_utf8_lossy(bytes));
        }
    }
    ignore.add("", spec.unwrap_or_default());
    let is_out = |path: &&String| {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        folders.into_iter().any(|folder| ignore.leaves_out(folder, true)) || ignore.leaves_out(path, false)
    };
    files.keys().filter(is_out).cloned().collect()
}

fn compile(folder: &str, line: &str) -> Option<Pattern> {
    let line = line.trim_end();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (line, keeps) = line.strip_prefix('!').map_or((line, false), |rest| (rest, true));
    let (line, folders_only) = line.strip_suffix('/').map_or((line, false), |rest| (rest, true));
    let anchored = line.contains('/');
    let line = line.strip_prefix('/').unwrap_or(line);
    let mut expression = String::from("^");
    if !folder.is_empty() {
        expression.push_str(&regex::escape(folder));
        expression.push('/');
    }
    if !anchored {
        expression.push_str("(?:.*/)?");
    }
    let mut rest = line;
    while let Some(char) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**/") {
            expression.push_str("(?:.*/)?");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("**") {
            expression.push_str(".*");
            rest = after;
        } else {
            match char {
                '*' => expression.push_str("[^/]*"),
                '?' => expression.push_str("[^/]"),
                '[' | ']' => expression.push(char),
                char => expression.push_str(&regex::escape(char.encode_utf8(&mut [0; 4]))),
            }
            rest = &rest[char.len_utf8()..];
        }
    }
    expression.push('$');
    Some(Pattern { regex: Regex::new(&expression).ok()?, keeps, folders_only })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_hold_until_the_object_has_its_own() {
        let ignore = Ignore::new(None);
        for path in ["a/b.png", ".gitignore", "x/.sops.yaml", ".travis.yml"] {
            assert!(ignore.leaves_out(path, false), "{path}");
        }
        assert!(ignore.leaves_out(".github", true));
        assert!(!ignore.leaves_out("a/deployment.yaml", false));
        assert!(!Ignore::new(Some("")).leaves_out("a/b.png", false));
    }

    #[test]
    fn patterns_are_those_of_gitignore() {
        let mut ignore = Ignore::new(Some(""));
        ignore.add("", "/*\n!/deploy\n# comment\n*.md\n");
        ignore.add("deploy", "secret/\nb?.yaml\n");
        for (path, is_folder, expected) in [
            ("other", true, true),
            ("deploy", true, false),
            ("deploy/README.md", false, true),
            ("deploy/secret", true, true),
            ("deploy/secret", false, false),
            ("deploy/b1.yaml", false, true),
            ("deploy/c.yaml", false, false),
        ] {
            assert_eq!(ignore.leaves_out(path, is_folder), expected, "{path}");
        }
    }
}
