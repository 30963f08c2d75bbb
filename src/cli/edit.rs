//! A line that a person changes before it runs: letters, arrows, Home and End, Backspace and Delete. Enter takes it,
//! Escape leaves it as it was.

use std::io::Write as _;

use console::{Key, Term};

/// Stands for the end of a line in a command of several.
const RETURN: char = '⏎';

/// What a key has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    More,
    Taken,
    Left,
}

/// A line and the place in it where the next letter goes.
#[derive(Debug)]
struct Editor {
    letters: Vec<char>,
    at: usize,
}

impl Editor {
    fn new(line: &str) -> Self {
        let letters: Vec<char> =
            line.chars().map(|letter| if letter == '\n' { RETURN } else { letter }).collect();
        Self { at: letters.len(), letters }
    }

    fn press(&mut self, key: &Key) -> Turn {
        match key {
            Key::Enter => return Turn::Taken,
            Key::Escape | Key::CtrlC => return Turn::Left,
            Key::ArrowLeft => self.at = self.at.saturating_sub(1),
            Key::ArrowRight => self.at = (self.at + 1).min(self.letters.len()),
            Key::Home => self.at = 0,
            Key::End => self.at = self.letters.len(),
            Key::Backspace if self.at > 0 => {
                self.at -= 1;
                self.letters.remove(self.at);
            }
            Key::Del if self.at < self.letters.len() => {
                self.letters.remove(self.at);
            }
            Key::Char(letter) if !letter.is_control() => {
                self.letters.insert(self.at, *letter);
                self.at += 1;
            }
            _ => (),
        }
        Turn::More
    }

    fn line(&self) -> String {
        self.letters.iter().map(|&letter| if letter == RETURN { '\n' } else { letter }).collect()
    }

    /// What fits into so many columns around the place, and the column of the place.
    fn view(&self, width: usize) -> (String, usize) {
        let width = width.max(8);
        let start = (self.at + 1).saturating_sub(width);
        (self.letters.iter().skip(start).take(width).collect(), self.at - start)
    }
}

/// Lets a person change a line on the terminal; nothing when it is left as it was.
pub(super) fn edit(prompt: &str, line: &str) -> std::io::Result<Option<String>> {
    let mut terminal = Term::stderr();
    let mut editor = Editor::new(line);
    loop {
        let columns = usize::from(terminal.size().1);
        let room = columns.saturating_sub(console::measure_text_width(prompt) + 1);
        let (shown, column) = editor.view(room);
        let behind = shown.chars().count() - column;
        // Back to the first column, the rest of the row wiped; see ECMA-48, CR and EL.
        write!(terminal, "\r\u{1b}[K{prompt}{shown}")?;
        if behind > 0 {
            write!(terminal, "\u{1b}[{behind}D")?;
        }
        match editor.press(&terminal.read_key_raw()?) {
            Turn::More => (),
            turn => {
                writeln!(terminal)?;
                let changed = editor.line();
                return Ok((turn == Turn::Taken && changed != line).then_some(changed));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_change_the_line_where_the_place_is() {
        let char = Key::Char;
        let cases = [
            ("ab", vec![char('c')], "abc"),
            ("ab", vec![Key::ArrowLeft, char('c')], "acb"),
            ("ab", vec![Key::Home, Key::Del, char('c'), Key::End, char('d')], "cbd"),
            ("ab", vec![Key::Backspace, Key::Backspace, Key::Backspace, char('c')], "c"),
            ("ab", vec![Key::ArrowRight, Key::Del, char('\u{1b}'), Key::Unknown], "ab"),
            ("a\nb", vec![Key::ArrowLeft, Key::Backspace, char(' ')], "a b"),
        ];
        for (line, keys, expected) in cases {
            let mut editor = Editor::new(line);
            assert!(keys.iter().all(|key| editor.press(key) == Turn::More));
            assert_eq!(editor.line(), expected, "{line} {keys:?}");
        }
        assert_eq!(Editor::new("a").press(&Key::Enter), Turn::Taken);
        assert_eq!(Editor::new("a").press(&Key::Escape), Turn::Left);
    }

    #[test]
    fn a_long_line_is_seen_around_the_place() {
        let mut editor = Editor::new("0123456789");
        assert_eq!(editor.view(20), ("0123456789".to_owned(), 10));
        assert_eq!(editor.view(8), ("3456789".to_owned(), 7));
        editor.press(&Key::Home);
        assert_eq!(editor.view(8), ("01234567".to_owned(), 0));
    }
}
