//! A terminal that a person sits at, by tmux: keys go in, and what stands on the screen comes out.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::World;

/// Nothing that is waited for takes longer, unless it does not come.
const LIMIT: Duration = Duration::from_secs(90);
/// Between two looks at the screen.
const LOOK: Duration = Duration::from_millis(50);

/// A shell in a terminal, in a world. It ends with the test.
pub(crate) struct Screen<'a> {
    world: &'a World,
    socket: String,
    /// How much of what was seen has been taken, in lines.
    seen: Cell<usize>,
}

impl<'a> Screen<'a> {
    /// A terminal with a shell in it, so many columns wide.
    pub(crate) fn open(world: &'a World, columns: usize) -> Self {
        static OPENED: AtomicUsize = AtomicUsize::new(0);
        // Several terminals of a world are several servers.
        let name = format!("tmux-{}", OPENED.fetch_add(1, Ordering::Relaxed));
        let socket = world.home().with_file_name(name).display().to_string();
        let screen = Self { world, socket, seen: Cell::new(0) };
        let columns = columns.to_string();
        let shell = "exec env PS1='> ' TERM=screen bash --norc --noprofile -i";
        screen.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", "50", shell]);
        screen.tmux(&["set-option", "-g", "history-limit", "10000"]);
        screen.until(">");
        screen
    }

    fn tmux(&self, words: &[&str]) -> String {
        let words = [&["-S", self.socket.as_str()], words].concat();
        self.world.run("tmux", &words).ok().stdout().to_owned()
    }

    /// The connection is lost: the terminal is gone, and what runs in it is told so by the system.
    pub(crate) fn hang_up(self) {
        drop(self);
    }

    /// Types letters.
    pub(crate) fn letters(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Types a line, and Enter.
    pub(crate) fn line(&self, text: &str) {
        self.letters(text);
        self.key("Enter");
    }

    /// Presses a key, in tmux's words: `q`, `C-c`.
    pub(crate) fn key(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// Gives the terminal another width.
    pub(crate) fn resize(&self, columns: usize) {
        self.tmux(&["resize-window", "-x", &columns.to_string()]);
    }

    /// All that stands in the terminal, from the beginning; lines that the terminal has broken are whole again.
    pub(crate) fn text(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-J", "-S", "-"])
    }

    /// Waits for a text below what has been waited for before, and returns what came up to its line.
    #[track_caller]
    pub(crate) fn until(&self, wanted: &str) -> String {
        let begin = Instant::now();
        loop {
            let text = self.text();
            let lines: Vec<_> = text.lines().skip(self.seen.get()).collect();
            if let Some(index) = lines.iter().position(|line| line.contains(wanted)) {
                self.seen.set(self.seen.get() + index + 1);
                return lines[..=index].join("\n");
            }
            assert!(begin.elapsed() < LIMIT, "no `{wanted}` in:\n{}", lines.join("\n"));
            std::thread::sleep(LOOK);
        }
    }
}

impl Screen<'_> {
    /// The same for words that the program may have set in several lines.
    #[track_caller]
    pub(crate) fn until_words(&self, wanted: &str) {
        let wanted = words(wanted);
        let begin = Instant::now();
        loop {
            let text = self.text();
            let lines: Vec<_> = text.lines().skip(self.seen.get()).collect();
            if words(&lines.join(" ")).contains(&wanted) {
                let count =
                    (0..=lines.len()).find(|&count| words(&lines[..count].join(" ")).contains(&wanted));
                self.seen.set(self.seen.get() + count.unwrap_or_default());
                return;
            }
            assert!(begin.elapsed() < LIMIT, "no `{wanted}` in:\n{}", lines.join("\n"));
            std::thread::sleep(LOOK);
        }
    }
}

/// A text with a single blank between its words.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        let _ = self.world.run("tmux", &["-S", &self.socket, "kill-server"]);
    }
}
