//! Substitution of variables after a build, as Flux does it: `${name}`, with defaults and `$${name}` kept.
//! <https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>

use std::collections::BTreeMap;

/// Why a text cannot be substituted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The braces do not close.
    #[error("missing closing brace")]
    Unclosed,
    /// What is between the braces is no variable.
    #[error("unable to parse variable name")]
    Name,
}

/// Replaces the variables of a text. Unknown ones without a default become empty.
pub fn substitute(text: &str, variables: &BTreeMap<String, String>) -> Result<String, Error> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            // `$${name}` is an escaped `${name}`.
            result.push_str(&rest[..at - 1]);
            let end = rest[at..].find('}').ok_or(Error::Unclosed)? + at + 1;
            result.push_str(&rest[at..end]);
            rest = &rest[end..];
            continue;
        }
        result.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let end = inner.find('}').ok_or(Error::Unclosed)?;
        result.push_str(&value(&inner[..end], variables)?);
        rest = &inner[end + 1..];
    }
    result.push_str(rest);
    Ok(result)
}

fn value(expression: &str, variables: &BTreeMap<String, String>) -> Result<String, Error> {
    let end = expression.find(|char: char| !char.is_ascii_alphanumeric() && char != '_');
    let (name, operation) = expression.split_at(end.unwrap_or(expression.len()));
    if name.is_empty() || name.starts_with(|char: char| char.is_ascii_digit()) {
        return Err(Error::Name);
    }
    let found = variables.get(name).map(String::as_str);
    let filled = found.filter(|value| !value.is_empty());
    let text = match operation {
        "" => found.unwrap_or_default(),
        operation => match operation.split_at_checked(2) {
            Some((":=" | ":-", default)) => filled.unwrap_or(default),
            Some((":+", other)) => filled.map_or("", |_| other),
            _ => match operation.split_at_checked(1) {
                Some(("=" | "-", default)) => found.unwrap_or(default),
                Some(("+", other)) => found.map_or("", |_| other),
                _ => return Err(Error::Name),
            },
        },
    };
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_defaults_and_escapes() {
        let variables = [("a".to_owned(), "1".to_owned()), ("e".to_owned(), String::new())].into();
        for (text, expected) in [
            ("x ${a} y ${a}", "x 1 y 1"),
            ("${none}|${none:=d}|${e:=d}|${e=d}|${none:-d}|${a:+z}", "|d|d||d|z"),
            ("$${a} $a $", "${a} $a $"),
        ] {
            assert_eq!(substitute(text, &variables).unwrap(), expected);
        }
        assert_eq!(substitute("${a", &variables), Err(Error::Unclosed));
        assert_eq!(substitute("${1}", &variables), Err(Error::Name));
    }
}
