//! Templates: Tera on single strings, after the YAML was read. A name that is not defined is an error.
//! <https://keats.github.io/tera/>

use std::sync::LazyLock;

use serde_json::{Map, Value};
use tera::{Context, ErrorKind, Tera};

static ENGINE: LazyLock<Tera> = LazyLock::new(Tera::default);

/// The values that a template may use, by their first name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope(pub(crate) Map<String, Value>);

impl Scope {
    /// This scope with one value more.
    pub(crate) fn with(&self, name: &str, value: Value) -> Self {
        let mut scope = self.clone();
        scope.0.insert(name.to_owned(), value);
        scope
    }
}

/// Why a string cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// One sentence.
    pub(crate) message: String,
    /// The path whose last name is not defined.
    pub(crate) undefined: Option<String>,
    /// The whole path that was written.
    pub(crate) whole: Option<String>,
    /// The names that are defined there.
    pub(crate) available: Vec<String>,
    /// The line in the string, from 0.
    pub(crate) line: usize,
    /// The character in the line, from 0.
    pub(crate) column: usize,
}

/// Whether a string has anything to render.
pub(crate) fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

/// Renders a string.
pub(crate) fn render(text: &str, scope: &Scope) -> Result<String, RenderError> {
    if !is_template(text) {
        return Ok(text.to_owned());
    }
    if let Some(error) = endless(text) {
        return Err(error);
    }
    let context = Context::from_serialize(&scope.0).map_err(|error| plain(&error))?;
    ENGINE.render_str(text, &context, false).map_err(|error| explain(text, &error))
}

/// What could go on for ever, or fill the memory, out of a few words: loops in loops, and variables that grow.
fn endless(text: &str) -> Option<RenderError> {
    let (mut depth, mut raw) = (0_usize, false);
    for (at, _) in text.match_indices("{%") {
        let inside = text[at + 2..].trim_start_matches('-').trim_start();
        let word: &str =
            inside.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next()?;
        raw = (raw || word == "raw") && word != "endraw";
        depth = match word {
            _ if raw => depth,
            "for" => depth + 1,
            "endfor" => depth.saturating_sub(1),
            _ => depth,
        };
        let known = ["raw", "endraw", "for", "endfor", "if", "elif", "else", "endif"].contains(&word);
        let message = match word {
            _ if raw => continue,
            _ if depth > 1 => "a loop in a loop is not rendered".to_owned(),
            word if !known && !word.is_empty() => format!("`{{% {word} %}}` is not rendered here"),
            _ => continue,
        };
        let before = &text[..at];
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let (line, available) = (before.matches('\n').count(), Vec::new());
        return Some(RenderError { message, undefined: None, whole: None, available, line, column });
    }
    None
}

fn plain(error: &tera::Error) -> RenderError {
    let message = error.to_string().lines().next().unwrap_or_default().to_owned();
    RenderError { message, undefined: None, whole: None, available: Vec::new(), line: 0, column: 0 }
}

fn explain(text: &str, error: &tera::Error) -> RenderError {
    let (ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report)) = error.kind() else {
        return plain(error);
    };
    let span = report.span();
    let (message, available) = match report.message().split_once(" Available ") {
        Some((message, rest)) => {
            let names = rest.split_once(": ").map_or("", |(_, names)| names);
            (message, names.split(", ").map(str::to_owned).collect())
        }
        None => (report.message(), Vec::new()),
    };
    let missing = message.split('`').nth(1).filter(|_| message.contains("is not defined"));
    let (undefined, whole) = missing.map(|name| path_to(text, span.range.start, name)).unzip();
    let message = match &undefined {
        Some(path) => format!("`{path}` is not defined"),
        None => message.trim_end_matches('.').to_owned(),
    };
    RenderError {
        message,
        undefined,
        whole,
        available,
        line: span.start_line.saturating_sub(1),
        column: span.start_col,
    }
}

/// The dotted path around the place that the engine names, up to `name` and as a whole.
fn path_to(text: &str, start: usize, name: &str) -> (String, String) {
    let part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
    let before = text.get(..start).unwrap_or_default();
    let begin = before.rfind(|letter| !part(letter)).map_or(0, |at| at + 1);
    let inside = text.get(begin..).unwrap_or_default();
    let path = inside.split(|letter| !part(letter)).next().unwrap_or_default();
    let names: Vec<_> = path.split('.').collect();
    match names.iter().position(|&part| part == name) {
        Some(last) => (names[..=last].join("."), path.to_owned()),
        None => (name.to_owned(), name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        let value =
            json!({"vars": {"app": "postcard", "count": 4}, "facts": {"push": {"seen": {"commit": "abc"}}}});
        Scope(value.as_object().unwrap().clone())
    }

    #[test]
    fn renders_without_escaping() {
        let text = "{{ vars.app }} <{{ vars.count }}>";
        assert_eq!(render(text, &scope()).unwrap(), "postcard <4>");
    }

    #[test]
    fn leaves_strings_without_marks_alone() {
        assert_eq!(render("${HOME} {json}", &scope()).unwrap(), "${HOME} {json}");
    }

    #[test]
    fn names_the_whole_path_that_is_not_defined() {
        let error = render("one\ntwo {{ facts.push.seen.comit }}", &scope()).unwrap_err();
        assert_eq!(error.undefined.as_deref(), Some("facts.push.seen.comit"));
        assert_eq!(error.message, "`facts.push.seen.comit` is not defined");
        assert_eq!(error.available, ["commit"]);
        assert_eq!(error.line, 1);
    }

    #[test]
    fn names_a_scope_that_is_not_defined() {
        let error = render("{{ var.app }}", &scope()).unwrap_err();
        assert_eq!(error.undefined.as_deref(), Some("var"));
        assert_eq!(error.available, ["facts", "vars"]);
        assert_eq!((error.line, error.column), (0, 3));
    }

    #[test]
    fn refuses_what_has_no_end() {
        let message = |text: &str| render(text, &scope()).map_err(|error| error.message);
        let loops = "{% for a in range(end=9) %}\n {%- for b in range(end=9) %}{% endfor %}{% endfor %}";
        assert_eq!(message(loops), Err("a loop in a loop is not rendered".to_owned()));
        assert_eq!(render(loops, &scope()).unwrap_err().line, 1);
        let grow = "{% set a = 'x' %}{% set a = a ~ a %}{{ a }}";
        assert_eq!(message(grow), Err("`{% set %}` is not rendered here".to_owned()));
        let twice = "{% for a in [1, 2] %}{{ a }}{% endfor %}{% for a in [3] %}{{ a }}{% endfor %}";
        assert_eq!(message(twice), Ok("123".to_owned()));
        assert_eq!(message("{% raw %}{% set %}{% for %}{% endraw %}"), Ok("{% set %}{% for %}".to_owned()));
    }

    #[test]
    fn refuses_the_braces_of_other_tools() {
        let error = render("-o go-template='{{.status.phase}}'", &scope()).unwrap_err();
        assert_eq!(error.undefined, None);
        assert!(!error.message.contains('\n'), "{}", error.message);
    }
}
