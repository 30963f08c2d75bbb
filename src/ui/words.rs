//! Small pieces of text: durations and tables.

use std::fmt::Write as _;
use std::time::Duration;

/// A duration as people say it: `340 ms`, `2.1 s`, `3 min 20 s`.
pub fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{:.1} s", duration.as_secs_f64()),
        _ => format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60),
    }
}

/// A length of work as people plan it: whole minutes, at least one.
pub fn minutes(duration: Duration) -> String {
    let minutes = (duration.as_secs() + 30) / 60;
    match minutes {
        0 | 1 => "a minute".to_owned(),
        2..60 => format!("{minutes} min"),
        _ if minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// Rows in columns, three spaces apart, without trailing blanks.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| console::measure_text_width(cell)).max()
    };
    let widths = (0..columns).map(|column| width(column).unwrap_or_default()).collect::<Vec<_>>();
    rows.iter().fold(String::new(), |mut text, row| {
        let line = row.iter().zip(&widths).fold(String::new(), |mut line, (cell, width)| {
            let _ = write!(line, "{cell}{}   ", " ".repeat(width - console::measure_text_width(cell)));
            line
        });
        let _ = writeln!(text, "{}", line.trim_end());
        text
    })
}

/// A line of a file with its number, and a caret below the character that is meant (counted from 1).
pub fn caret(line: usize, column: usize, source: &str) -> String {
    let number = line.to_string();
    let before = source.chars().take(column.saturating_sub(1)).collect::<String>().replace('\t', " ");
    let margin = " ".repeat(number.len());
    let blank = " ".repeat(console::measure_text_width(&before));
    format!("  {number} | {}\n  {margin} | {blank}^\n", source.replace('\t', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let texts = [0, 999, 1000, 59_949, 200_000].map(|millis| duration(Duration::from_millis(millis)));
        assert_eq!(texts, ["0 ms", "999 ms", "1.0 s", "59.9 s", "3 min 20 s"]);
    }

    #[test]
    fn plans_are_in_minutes() {
        let texts = [20, 60, 480, 2_110, 3_600, 5_400].map(|seconds| minutes(Duration::from_secs(seconds)));
        assert_eq!(texts, ["a minute", "a minute", "8 min", "35 min", "1 h", "1 h 30 min"]);
    }

    #[test]
    fn caret_stands_below_the_character() {
        assert_eq!(caret(12, 3, "a bc"), "  12 | a bc\n     |   ^\n");
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".to_owned(), "bcd".to_owned()], vec!["efgh".to_owned(), "i".to_owned()]];
        assert_eq!(table(&rows), "a      bcd\nefgh   i\n");
    }
}
