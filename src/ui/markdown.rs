//! The part of Markdown that texts of scenarios use, as lines for a terminal: paragraphs, lists, headings, quotes,
//! blocks of code; bold, code and marked words within a line. Without colours code keeps its backticks, a marked word
//! stands between asterisks, and nothing is lost.

use std::borrow::Cow;

use console::Style;

/// How wide, and in which style.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// Columns of the terminal.
    pub(super) width: usize,
    /// Whether there are colours.
    pub(super) colours: bool,
}

/// A run of characters in one style.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Piece {
    text: String,
    bold: bool,
    code: bool,
    /// A word that can be looked up: `[word](#name)`.
    marked: bool,
}

/// What is not broken: pieces without a blank between them.
type Word = Vec<Piece>;

/// What is open while lines are read: the text, and how its first and its other lines begin.
struct Block {
    first: String,
    rest: String,
    text: String,
    bold: bool,
}

impl Page {
    /// Renders a text; every line begins with `margin`.
    pub(super) fn markdown(&self, text: &str, margin: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut open: Option<Block> = None;
        let mut fenced = false;
        for line in text.trim_end().lines() {
            let bare = line.trim_start();
            if bare.starts_with("```") {
                self.close(&mut open, &mut lines);
                fenced = !fenced;
            } else if fenced {
                lines.push(format!("{margin}    {line}"));
            } else if bare.is_empty() {
                self.close(&mut open, &mut lines);
                if lines.last().is_some_and(|last| !last.is_empty()) {
                    lines.push(String::new());
                }
            } else if bare.starts_with('|') || (open.is_none() && line.starts_with("    ")) {
                self.close(&mut open, &mut lines);
                lines.push(format!("{margin}{line}"));
            } else if let Some(block) = begins(line, margin) {
                self.close(&mut open, &mut lines);
                open = Some(block);
            } else if let Some(block) = &mut open {
                block.text.push(' ');
                block.text.push_str(bare);
            } else {
                open = Some(plain(margin, bare));
            }
        }
        self.close(&mut open, &mut lines);
        lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
    }

    fn close(&self, open: &mut Option<Block>, lines: &mut Vec<String>) {
        let Some(block) = open.take() else { return };
        let text = if block.bold { format!("**{}**", block.text.trim()) } else { block.text };
        lines.push(self.wrapped(&text, &block.first, &block.rest));
    }

    /// One paragraph; `first` begins its first line, `rest` the others. Lines after a line break stay as they are.
    pub(super) fn wrapped(&self, text: &str, first: &str, rest: &str) -> String {
        let (text, verbatim) = text.trim_end().split_once('\n').map_or((text, None), |(a, b)| (a, Some(b)));
        let mut lines = vec![first.to_owned()];
        let mut used = console::measure_text_width(first);
        let mut empty = true;
        for word in words(text, self.width / 2, self.colours) {
            let shown: String = word.iter().map(|piece| self.styled(piece)).collect();
            let width = console::measure_text_width(&shown);
            if !empty && used + 1 + width > self.width {
                lines.push(rest.to_owned());
                used = console::measure_text_width(rest);
                empty = true;
            }
            let Some(last) = lines.last_mut() else { continue };
            if !empty {
                last.push(' ');
                used += 1;
            }
            last.push_str(&shown);
            used += width;
            empty = false;
        }
        lines.extend(verbatim.into_iter().flat_map(str::lines).map(|line| format!("{rest}{line}")));
        lines.join("\n")
    }

    /// A line that is not to be broken, cut where the page ends.
    pub(super) fn cut<'a>(&self, line: &'a str, margin: usize) -> Cow<'a, str> {
        console::truncate_str(line, self.width.saturating_sub(margin), "…")
    }

    fn styled(&self, piece: &Piece) -> String {
        let style = Style::new().for_stderr().force_styling(self.colours);
        let style = if piece.bold { style.bold() } else { style };
        let style = if piece.code { style.cyan() } else { style };
        let style = if piece.marked { style.underlined() } else { style };
        match (self.colours, piece.code) {
            (true, _) if piece.bold || piece.code || piece.marked => style.apply_to(&piece.text).to_string(),
            (false, true) => format!("`{}`", piece.text),
            _ => piece.text.clone(),
        }
    }
}

fn plain(margin: &str, text: &str) -> Block {
    Block { first: margin.to_owned(), rest: margin.to_owned(), text: text.to_owned(), bold: false }
}

/// The block that a line begins, when it is more than a paragraph.
fn begins(line: &str, margin: &str) -> Option<Block> {
    let bare = line.trim_start();
    let set_in = &line[..line.len() - bare.len()];
    let heading = bare.trim_start_matches('#');
    if heading.len() < bare.len() && heading.starts_with(' ') {
        return Some(Block { bold: true, ..plain(margin, heading) });
    }
    if let Some(quote) = bare.strip_prefix("> ") {
        let begin = format!("{margin}| ");
        return Some(Block { first: begin.clone(), rest: begin, text: quote.to_owned(), bold: false });
    }
    let digits = bare.bytes().take_while(u8::is_ascii_digit).count();
    let mark = match bare.as_bytes() {
        [b'-' | b'*' | b'+', b' ', ..] => 2,
        rest if (1..=3).contains(&digits) && rest[digits..].starts_with(b". ") => digits + 2,
        _ => return None,
    };
    let first = format!("{margin}{set_in}{}", &bare[..mark]);
    let rest = format!("{margin}{set_in}{}", " ".repeat(mark));
    Some(Block { first, rest, text: bare[mark..].to_owned(), bold: false })
}

/// Splits a line into words. Code of up to `longest` characters is one word, blanks and all. Where no line can be
/// drawn below a marked word, asterisks mark it.
fn words(text: &str, longest: usize, lines: bool) -> Vec<Word> {
    let mut words: Vec<Word> = vec![Word::new()];
    for mut piece in pieces(text) {
        if piece.marked && !lines {
            piece.text = format!("*{}*", piece.text);
        }
        if piece.code && piece.text.chars().count() <= longest {
            add(&mut words, piece);
            continue;
        }
        for (index, part) in piece.text.split([' ', '\t']).enumerate() {
            if index > 0 {
                words.push(Word::new());
            }
            if !part.is_empty() {
                add(&mut words, Piece { text: part.to_owned(), ..piece.clone() });
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn add(words: &mut [Word], piece: Piece) {
    if let Some(last) = words.last_mut() {
        last.push(piece);
    }
}

/// Splits a line at the marks of bold and of code. A mark that nothing closes is a character like any other.
fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut open = Piece::default();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if letter == '`'
            && let Some((code, after)) = rest[1..].split_once('`')
        {
            let bold = open.bold;
            found.push(std::mem::replace(&mut open, Piece { bold, ..Piece::default() }));
            found.push(Piece { text: code.to_owned(), bold, code: true, marked: false });
            rest = after;
        } else if letter == '['
            && let Some((word, after)) = mark(rest)
        {
            let bold = open.bold;
            found.push(std::mem::replace(&mut open, Piece { bold, ..Piece::default() }));
            found.push(Piece { text: word.to_owned(), bold, code: false, marked: true });
            rest = after;
        } else if rest.starts_with("**") && (open.bold || rest[2..].contains("**")) {
            let bold = !open.bold;
            found.push(std::mem::replace(&mut open, Piece { bold, ..Piece::default() }));
            rest = &rest[2..];
        } else {
            open.text.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    found.push(open);
    found.retain(|piece| !piece.text.is_empty());
    found
}

/// The word that a text marks at its beginning, and what follows.
fn mark(text: &str) -> Option<(&str, &str)> {
    let (word, after) = text.strip_prefix('[')?.split_once("](#")?;
    let (_, after) = after.split_once(')')?;
    (!word.contains(['[', ']', '`'])).then_some((word, after))
}

#[cfg(test)]
mod tests {
    use super::Page;

    const TEXT: &str = "**Bold** begins and `code` follows, and it goes on.\nIt is one paragraph.\n\n\
        - a list\n- with a longer item that\n  goes on\n  - and one below\n\n1. one\n10. ten\n\n# Head of `it`\n\n    kubectl get pods   --watch\n\n\
        ```sh\nls  -l\n```\n\n> said\n> again\n\n| a | b |\nend: `kubectl get x`, 2 ** 3 ` 4 snake_case_word";

    #[test]
    fn plain_text_stays_readable() {
        let page = Page { width: 32, colours: false };
        insta::assert_snapshot!(page.markdown(TEXT, "  "), @"
          Bold begins and `code`
          follows, and it goes on. It is
          one paragraph.

          - a list
          - with a longer item that goes
            on
            - and one below

          1. one
          10. ten

          Head of `it`

              kubectl get pods   --watch

              ls  -l

          | said
          | again

          | a | b |
          end: `kubectl get x`, 2 ** 3 `
          4 snake_case_word
        ");
    }

    #[test]
    fn colours_replace_the_marks() {
        let page = Page { width: 40, colours: true };
        let text = page.markdown("a **b `c` d** `e`", "");
        let expected =
            "a \u{1b}[1mb\u{1b}[0m \u{1b}[36m\u{1b}[1mc\u{1b}[0m \u{1b}[1md\u{1b}[0m \u{1b}[36me\u{1b}[0m";
        assert_eq!(text, expected);
    }

    #[test]
    fn marked_words_stand_out_and_their_names_are_not_shown() {
        let text = "A [pull request](#pull-request): **[Flux](#flux)** reads [it] (#x).";
        let plain = Page { width: 60, colours: false };
        assert_eq!(plain.markdown(text, ""), "A *pull request*: *Flux* reads [it] (#x).");
        let coloured = Page { width: 60, colours: true };
        let expected = "A \u{1b}[4mpull\u{1b}[0m \u{1b}[4mrequest\u{1b}[0m: \u{1b}[1m\u{1b}[4mFlux\u{1b}[0m reads [it] (#x).";
        assert_eq!(coloured.markdown(text, ""), expected);
    }

    #[test]
    fn nothing_is_wider_than_the_page_and_no_word_is_lost() {
        for width in [60, 80, 96] {
            let page = Page { width, colours: false };
            let shown = page.markdown(TEXT, "    ");
            let wide = shown.lines().find(|line| console::measure_text_width(line) > width);
            assert_eq!(wide, None, "at {width}");
            let words = |text: &str| text.replace("**", "").replace("```sh", "").replace("```", "");
            let bare =
                |text: &str| words(text).split_whitespace().collect::<String>().replace(['#', '>', '|'], "");
            assert_eq!(bare(&shown), bare(TEXT), "at {width}");
        }
    }

    #[test]
    fn lines_after_the_first_of_an_observation_stay() {
        let page = Page { width: 20, colours: false };
        let text = page.wrapped("one two three four five\n  | six  seven\n  | eight", "- ", "  ");
        assert_eq!(text, "- one two three four\n  five\n    | six  seven\n    | eight");
    }
}
