//! How a string is written as a YAML scalar: plain where it reads back as the same string, else quoted or as a block,
//! by the rules of the Go library behind kubectl.

/// The style of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// As it is.
    Plain,
    /// In `'`.
    Single,
    /// In `"`, with escapes.
    Double,
    /// A block after `|`.
    Literal,
}

/// Chooses the style for `text`; a key may not span lines.
pub(super) fn style(text: &str, is_key: bool) -> Style {
    let analysis = analyse(text);
    if text.contains('\n') {
        return if analysis.block_allowed && !is_key { Style::Literal } else { Style::Double };
    }
    if resolves(text) {
        return Style::Double;
    }
    match analysis {
        Analysis { plain_allowed: true, .. } => Style::Plain,
        Analysis { single_allowed: true, .. } => Style::Single,
        _ => Style::Double,
    }
}

struct Analysis {
    plain_allowed: bool,
    single_allowed: bool,
    block_allowed: bool,
}

fn analyse(text: &str) -> Analysis {
    let chars = text.chars().collect::<Vec<_>>();
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let mut special = false;
    let mut space_before_break = false;
    for (index, &char) in chars.iter().enumerate() {
        let blank_after = chars.get(index + 1).is_none_or(|&next| matches!(next, ' ' | '\t' | '\n' | '\r'));
        let blank_before = index > 0 && matches!(chars[index - 1], ' ' | '\t' | '\n' | '\r');
        indicators |= if index == 0 {
            match char {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                | '`' => true,
                '?' | ':' | '-' => blank_after,
                _ => false,
            }
        } else {
            match char {
                ':' => blank_after,
                '#' => blank_before,
                _ => false,
            }
        };
        special |= !is_printable(char);
        space_before_break |= char == ' ' && chars.get(index + 1) == Some(&'\n');
    }
    let edge = |char: Option<&char>| char.is_some_and(|&char| char == ' ' || char == '\n');
    let edges = edge(chars.first()) || edge(chars.last());
    let unsafe_spaces = space_before_break || special;
    Analysis {
        plain_allowed: !(indicators || unsafe_spaces || edges || text.contains('\n')),
        single_allowed: !unsafe_spaces,
        block_allowed: !(unsafe_spaces || chars.last() == Some(&' ')),
    }
}

pub(super) fn is_printable(char: char) -> bool {
    matches!(char, '\n' | ' '..='~' | '\u{a1}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
        && !matches!(char, '\u{2028}' | '\u{2029}')
}

/// Whether a plain `text` would be read as something else than a string.
fn resolves(text: &str) -> bool {
    const WORDS: [&str; 13] =
        ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", ".nan"];
    let cased = |word: &str| {
        text == word || text == word.to_uppercase() || {
            let mut chars = word.chars();
            let first = chars.next().map(|char| char.to_ascii_uppercase());
            first.into_iter().chain(chars).eq(text.chars())
        }
    };
    if WORDS.iter().any(|word| cased(word)) || matches!(text, ".NaN") {
        return true;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    if !text.starts_with(|char: char| char.is_ascii_digit() || matches!(char, '+' | '-' | '.')) {
        return false;
    }
    is_integer(unsigned) || is_float(unsigned) || is_sexagesimal(unsigned) || is_time(text)
}

fn is_integer(text: &str) -> bool {
    let text = text.replace('_', "");
    let digits = |text: &str, radix| !text.is_empty() && text.chars().all(|char| char.is_digit(radix));
    if let Some((prefix @ ("0x" | "0X" | "0o" | "0O" | "0b" | "0B"), rest)) = text.split_at_checked(2) {
        let radix = match prefix {
            "0x" | "0X" => 16,
            "0o" | "0O" => 8,
            _ => 2,
        };
        return digits(rest, radix);
    }
    digits(&text, 10)
}

fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let digits = |text: &str| text.chars().all(|char| char.is_ascii_digit());
    let exponent = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    exponent && digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty())
}

/// YAML 1.1 reads `1:30` as ninety.
fn is_sexagesimal(text: &str) -> bool {
    let text = text.split('.').next().unwrap_or_default();
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    let is_first = first.starts_with(|char: char| char.is_ascii_digit())
        && first.chars().all(|char| char.is_ascii_digit() || char == '_');
    let mut count = 0;
    is_first
        && parts.all(|part| {
            count += 1;
            part.parse::<u8>().is_ok_and(|number| number < 60) && part.len() <= 2
        })
        && count > 0
}

fn is_time(text: &str) -> bool {
    let (date, rest) =
        text.split_at_checked(text.find(['T', 't', ' ']).unwrap_or(text.len())).unwrap_or((text, ""));
    let mut parts = date.split('-');
    let number = |part: Option<&str>, least, most| {
        part.is_some_and(|part| {
            (least..=most).contains(&part.len()) && part.chars().all(|char| char.is_ascii_digit())
        })
    };
    let is_date = number(parts.next(), 4, 4)
        && number(parts.next(), 1, 2)
        && number(parts.next(), 1, 2)
        && parts.next().is_none();
    is_date && (rest.is_empty() || rest[1..].split(':').count() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_read_as_something_else_are_quoted() {
        for text in [
            "",
            "~",
            "null",
            "Null",
            "true",
            "TRUE",
            "yes",
            "No",
            "on",
            "y",
            "N",
            "012",
            "0x1f",
            "0o14",
            "1_000",
            "1.5",
            ".5",
            "1e3",
            "-1",
            "1:30",
            "2001-01-01",
            "2001-01-01T00:00:00Z",
            ".inf",
            "-.inf",
            ".NaN",
            "<<",
        ] {
            assert_eq!(style(text, false), Style::Double, "{text}");
        }
        for text in
            ["a", "1.2.3", "v1", "1-2", "yEs", "-a", "1:99", "http://x", "a#b", "0x", "2001-1", "1m0s"]
        {
            assert_eq!(style(text, false), Style::Plain, "{text}");
        }
        for text in ["a: b", "x #y", "*a", "&a", "- a", "{a}", "[a", "a:", " a", "a ", "@x", "---", "'a'"] {
            assert_eq!(style(text, false), Style::Single, "{text}");
        }
        assert_eq!(style("a\nb", false), Style::Literal);
        assert_eq!(style("a\nb", true), Style::Double);
        assert_eq!(style("a \nb", false), Style::Double);
        assert_eq!(style("a\tb", false), Style::Double);
    }
}
