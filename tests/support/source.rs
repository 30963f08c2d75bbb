//! The source tree as data, for the tests that hold its shape.

use std::path::{Path, PathBuf};

/// A file of `src`.
pub(crate) struct Source {
    /// Relative to the package, with `/`.
    pub(crate) path: String,
    /// As it is.
    pub(crate) text: String,
    /// Comments and the contents of strings blanked out; lines stay where they are.
    pub(crate) code: String,
}

impl Source {
    /// Every Rust file below `src`, sorted by path.
    pub(crate) fn all() -> Vec<Self> {
        let mut paths = Vec::new();
        collect(&package().join("src"), &mut paths);
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let path = path.strip_prefix(package()).unwrap().to_string_lossy().into_owned();
        Self { path, code: blank(&text), text }
    }

    /// The line that an offset into the code is on.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.code[..offset].matches('\n').count() + 1
    }

    /// The code without its unit tests.
    pub(crate) fn production(&self) -> &str {
        self.code.split("#[cfg(test)]").next().unwrap_or_default()
    }

    /// The folder below `src`, or the file's own name without ending where it lies in `src` itself.
    pub(crate) fn folder(&self) -> &str {
        let inner = self.path.trim_start_matches("src/");
        inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs")
    }
}

/// The package's folder.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            paths.push(path);
        }
    }
}

/// Blanks out comments, strings and characters. Byte offsets and lines stay the same.
pub(crate) fn blank(text: &str) -> String {
    let token = concat!(
        r#"(?s)//[^\n]*"#,                  // line comment
        r#"|/\*.*?\*/"#,                    // block comment
        r##"|\bb?r#".*?"#|\bb?r".*?""##,    // raw string
        r#"|"(?:[^"\\]|\\.)*""#,            // string
        r#"|'(?:[^'\\\n]|\\[^\n]{1,8}?)'"#  // character, not a lifetime
    );
    let token = regex::Regex::new(token).unwrap();
    let spaces = |found: &regex::Captures| {
        found[0].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect::<String>()
    };
    token.replace_all(text, spaces).into_owned()
}

#[test]
fn comments_strings_and_characters_are_blanked_and_lines_stay() {
    let text = "a // crate::x\n\"{ \\\" ; //\" b '{' '\\'' &'a str /* ;\n; */ r#\"\"{\"# c";
    let blanked = blank(text);
    assert_eq!(blanked.len(), text.len());
    assert_eq!(blanked.split_whitespace().collect::<Vec<_>>(), ["a", "b", "&'a", "str", "c"]);
    assert_eq!(blanked.matches('\n').count(), 2);
}
