//! A world of its own: home, state folder and work folder in a temporary folder, and the built program in it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use atelier::process::{Command, Output};

use super::Redaction;

/// The built program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_atelier");

/// No command of a test takes longer, unless it hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// A rehearsal has steps that wait on purpose.
const REHEARSAL_LIMIT: Duration = Duration::from_secs(1800);

/// A home, a state folder and a work folder that nothing else uses. What was set up in it is removed at its end.
pub(crate) struct World {
    root: tempfile::TempDir,
    environment: RefCell<BTreeMap<String, String>>,
    labs: RefCell<BTreeSet<Vec<String>>>,
}

impl World {
    /// The built program.
    pub(crate) const PROGRAM: &str = PROGRAM;

    /// An empty world.
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("atelier-").tempdir().unwrap();
        // Children see the folder without symbolic links, and so must the redaction.
        let base = root.path().canonicalize().unwrap();
        let folder = |name: &str| {
            std::fs::create_dir_all(base.join(name)).unwrap();
            base.join(name).display().to_string()
        };
        let mut environment = BTreeMap::from([
            ("HOME".to_owned(), folder("home")),
            ("ATELIER_HOME".to_owned(), base.join("state").display().to_string()),
            ("TMPDIR".to_owned(), folder("tmp")),
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("GIT_CONFIG_NOSYSTEM".to_owned(), "1".to_owned()),
        ]);
        folder("work");
        for (name, value) in [("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("TERM", "dumb"), ("COLUMNS", "100")] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        Self { root, environment: RefCell::new(environment), labs: RefCell::default() }
    }

    /// The folder that commands start in.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("work")
    }

    /// What `HOME` names.
    pub(crate) fn home(&self) -> PathBuf {
        self.work().with_file_name("home")
    }

    /// What `ATELIER_HOME` names; made by the program.
    pub(crate) fn state(&self) -> PathBuf {
        self.work().with_file_name("state")
    }

    /// Sets a variable for the commands that follow.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.environment.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// The value of a variable that was set.
    pub(crate) fn environment_of(&self, name: &str) -> String {
        self.environment.borrow()[name].clone()
    }

    /// Writes a file below the work folder and returns its path.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The variables of all commands.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        self.environment.borrow().clone()
    }

    /// Remembers the lab that this command line may set up, to take it down at the end.
    pub(super) fn remember(&self, arguments: &[&str]) {
        if arguments.iter().any(|word| ["up", "start", "learn", "rehearse", "solve"].contains(word)) {
            self.labs.borrow_mut().insert(lab_of(arguments));
        }
    }

    /// Runs the built program.
    pub(crate) fn atelier(&self, arguments: &[&str]) -> Ran {
        self.remember(arguments);
        self.run(PROGRAM, arguments)
    }

    /// Runs any program.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        let limit = if arguments.contains(&"rehearse") { REHEARSAL_LIMIT } else { LIMIT };
        let command =
            Command::new(program).args(arguments).folder(self.work()).limit(limit).clean_environment();
        let variables = self.environment();
        let command = variables.into_iter().fold(command, |command, (name, value)| command.env(name, value));
        let shown = Path::new(program).file_name().unwrap().to_string_lossy().into_owned();
        let words = std::iter::once(shown.as_str()).chain(arguments.iter().copied());
        let line = words.map(atelier::process::quote).collect::<Vec<_>>().join(" ");
        Ran { line, output: wait(command), redaction: self.redaction() }
    }

    /// Runs lines of shell in the environment of an actor, as `eval "$(atelier env …)"` gives it.
    pub(crate) fn shell(&self, actor: &str, lines: &str) -> Ran {
        // An assignment of its own, for the shell to stop where the program fails.
        let script = format!("environment=$('{PROGRAM}' env {actor})\neval \"$environment\"\n{lines}");
        let ran = self.run("bash", &["-eu", "-o", "pipefail", "-c", &script]);
        Ran { line: lines.to_owned(), ..ran }
    }

    fn redaction(&self) -> Redaction {
        let root = self.work().parent().unwrap().display().to_string();
        Redaction::new(vec![(root, "<world>"), (PROGRAM.to_owned(), "atelier")])
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for lab in self.labs.take() {
            let words = lab.iter().map(String::as_str).chain(["down"]).collect::<Vec<_>>();
            let ran = self.run(PROGRAM, &words);
            assert!(ran.code() == 0 || std::thread::panicking(), "a lab is left:\n{ran}");
        }
    }
}

/// The words that choose a lab on this command line.
fn lab_of(arguments: &[&str]) -> Vec<String> {
    let chosen = arguments.windows(2).filter(|pair| ["--lab", "--workshop"].contains(&pair[0]));
    chosen.flatten().map(|&word| word.to_owned()).collect()
}

/// Runs a command to its end on a thread of its own, so that it may be called in and out of a runtime.
fn wait(command: Command) -> Output {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(command.output()).unwrap()
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

/// What a command printed and how it ended. Shown, it is the whole of it, redacted, ready for a snapshot.
pub(crate) struct Ran {
    line: String,
    output: Output,
    redaction: Redaction,
}

impl Ran {
    /// The exit code.
    pub(crate) fn code(&self) -> i32 {
        self.output.code
    }

    /// Standard output as it is, for a test that reads data from it.
    pub(crate) fn stdout(&self) -> &str {
        &self.output.stdout
    }

    /// Standard error as it is.
    pub(crate) fn stderr(&self) -> &str {
        &self.output.stderr
    }

    /// Everything that it wrote, as it is.
    pub(crate) fn raw(&self) -> String {
        format!("{}{}", self.output.stdout, self.output.stderr)
    }

    /// The last JSON document of standard output: what a command comes to, after its events.
    pub(crate) fn json(&self) -> serde_json::Value {
        let documents = serde_json::Deserializer::from_str(&self.output.stdout).into_iter();
        documents.last().unwrap().unwrap()
    }

    /// Panics with the whole output unless the command ended well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.output.code == 0, "{self}");
        self
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Output { code, stdout, stderr } = &self.output;
        let mut text = format!("$ {}\n{stdout}", self.line);
        if !stderr.is_empty() {
            text = format!("{text}--- stderr\n{stderr}");
        }
        write!(formatter, "{}--- exit code {code}", self.redaction.apply(&text))
    }
}
