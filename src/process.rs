//! Children start here and nowhere else, so that each has a time limit and each failure carries the command, ready
//! to paste into a shell, and the last lines that it printed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How much of a child's output is kept, per stream.
pub const OUTPUT_LIMIT: usize = 1 << 20;

/// How many lines of a failed child's output its error shows.
const SHOWN_LINES: usize = 12;

/// Why a child did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such program on the given `PATH`.
    #[error("`{program}` was not found on PATH")]
    NotFound {
        /// The program's name.
        program: String,
    },
    /// The operating system refused to start it.
    #[error("`{command}` could not be started")]
    Start {
        /// The command, ready to paste.
        command: String,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// It ended with a status other than the wanted one.
    #[error("`{command}` ended with {status}{}", lines(.output))]
    Failed {
        /// The command, ready to paste.
        command: String,
        /// The exit code, or the signal in words.
        status: String,
        /// The last lines that it printed.
        output: String,
    },
    /// It was still running when its time was over, and was ended.
    #[error("`{command}` was still running after {limit:?} and was ended{}", lines(.output))]
    TimedOut {
        /// The command, ready to paste.
        command: String,
        /// Its time limit.
        limit: Duration,
        /// The last lines that it printed.
        output: String,
    },
}

fn lines(output: &str) -> String {
    output.lines().fold(String::new(), |mut text, line| {
        let _ = write!(text, "\n  | {line}");
        text
    })
}

/// What a child printed and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The exit code; 128 plus the number when a signal ended it.
    pub code: i32,
    /// Standard output, invalid UTF-8 replaced, at most [`OUTPUT_LIMIT`] bytes.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

/// A command to run.
#[derive(Clone, Debug)]
pub struct Command {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<String, String>,
    folder: Option<PathBuf>,
    input: Option<Vec<u8>>,
    limit: Duration,
    clean: bool,
    pid_file: Option<PathBuf>,
}

impl Command {
    /// A command with the parent's environment and a limit of one minute.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            folder: None,
            input: None,
            limit: Duration::from_secs(60),
            clean: false,
            pid_file: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of the child's environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Gives the child nothing of the parent's environment.
    #[must_use]
    pub fn clean_environment(mut self) -> Self {
        self.clean = true;
        self
    }

    /// Sets the folder that the child starts in.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets what the child reads on standard input; nothing by default.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// Sets how long the child may run.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Writes the child's id, which is its process group's too, into a file: whoever finds it after this process was
    /// killed can end the child.
    #[must_use]
    pub fn pid_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.pid_file = Some(path.into());
        self
    }

    /// The command as a line to paste into a shell (without the environment, which may hold secrets).
    pub fn line(&self) -> String {
        let words =
            std::iter::once(self.program.as_os_str()).chain(self.arguments.iter().map(OsString::as_os_str));
        words.map(|word| quote(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
    }

    /// Runs it to its end, whatever its exit code.
    pub async fn output(self) -> Result<Output, Error> {
        let mut child = self.start()?;
        let input = self.input.clone();
        let mut stdin = child.stdin.take();
        let feed = async {
            if let (Some(mut stdin), Some(input)) = (stdin.take(), input) {
                // A child that does not read all of its input is not in error.
                let _ = stdin.write_all(&input).await;
            }
        };
        // The child leads a process group of its own; what it started must end with it, also when nobody waits any more.
        let mut group = Group(child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())));
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let work = async {
            let ((), (), (), status) = tokio::join!(
                feed,
                read_bounded(child.stdout.take(), &mut stdout),
                read_bounded(child.stderr.take(), &mut stderr),
                child.wait()
            );
            status
        };
        let ended = tokio::time::timeout(self.limit, work).await;
        let (stdout, stderr) = (text(&stdout), text(&stderr));
        match ended {
            Ok(Ok(status)) => {
                group.0 = None;
                Ok(Output { code: code(status), stdout, stderr })
            }
            Ok(Err(source)) => Err(Error::Start { command: self.line(), source }),
            Err(_) => {
                drop(group);
                let _ = child.kill().await;
                Err(Error::TimedOut {
                    command: self.line(),
                    limit: self.limit,
                    output: tail(&stdout, &stderr),
                })
            }
        }
    }

    /// Runs it to its end; an exit code other than 0 is an error.
    pub async fn run(self) -> Result<Output, Error> {
        let command = self.line();
        let output = self.output().await?;
        if output.code == 0 {
            return Ok(output);
        }
        let status = format!("exit code {}", output.code);
        Err(Error::Failed { command, status, output: tail(&output.stdout, &output.stderr) })
    }

    fn start(&self) -> Result<tokio::process::Child, Error> {
        let mut command = self.prepare()?;
        command
            .stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let failed = |source| Error::Start { command: self.line(), source };
        let child = command.spawn().map_err(failed)?;
        if let (Some(path), Some(id)) = (&self.pid_file, child.id()) {
            std::fs::write(path, id.to_string()).map_err(failed)?;
        }
        Ok(child)
    }

    /// Starts a child that outlives this process: a process group of its own, no standard input, standard error
    /// appended to `log`. Returns its process id and its standard output.
    pub fn detach(&self, log: &std::fs::File) -> Result<(u32, std::process::ChildStdout), Error> {
        let failed = |source| Error::Start { command: self.line(), source };
        let mut command = self.prepare()?;
        let command = command.as_std_mut();
        std::os::unix::process::CommandExt::process_group(command, 0);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(log.try_clone().map_err(failed)?);
        let mut child = command.spawn().map_err(failed)?;
        let stdout = child.stdout.take().expect("standard output was asked for");
        Ok((child.id(), stdout))
    }

    /// Runs it on this terminal until it ends; used for an interactive shell. Returns its exit code.
    pub async fn interact(self) -> Result<i32, Error> {
        let failed = |source| Error::Start { command: self.line(), source };
        let mut child = self.prepare()?.spawn().map_err(failed)?;
        child.wait().await.map(code).map_err(failed)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn prepare(&self) -> Result<tokio::process::Command, Error> {
        let program = self.resolve()?;
        let mut command = tokio::process::Command::new(program);
        if self.clean {
            command.env_clear();
        }
        command.args(&self.arguments).envs(&self.environment);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        Ok(command)
    }

    fn resolve(&self) -> Result<PathBuf, Error> {
        let path = self.environment.get("PATH").map(OsString::from).or_else(|| std::env::var_os("PATH"));
        resolve(&self.program, path, self.folder.as_deref().unwrap_or(Path::new(".")))
    }
}

/// The process group of a child that runs; it is killed when this goes.
struct Group(Option<rustix::process::Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// The processor time that this process has used since it began, all threads together and children not. What a
/// command waits for, be it a child, a server or a disk, is not in it.
pub fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), nanoseconds)
}

/// Where a program is on this process's `PATH`.
pub fn find(program: &str) -> Result<PathBuf, Error> {
    resolve(Path::new(program), std::env::var_os("PATH"), Path::new("."))
}

fn resolve(program: &Path, path: Option<OsString>, folder: &Path) -> Result<PathBuf, Error> {
    which::which_in(program, path, folder)
        .map_err(|_| Error::NotFound { program: program.display().to_string() })
}

async fn read_bounded(stream: Option<impl tokio::io::AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut stream) = stream else { return };
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let room = OUTPUT_LIMIT.saturating_sub(kept.len());
        kept.extend_from_slice(&buffer[..count.min(room)]);
    }
}

fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The last lines of what a child printed; standard error is the likelier place for the reason.
fn tail(stdout: &str, stderr: &str) -> String {
    let shown = if stderr.trim().is_empty() { stdout } else { stderr };
    let lines = shown.trim_end().lines().collect::<Vec<_>>();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

/// Quotes a word for a POSIX shell, only where it must be.
pub fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_ends_with_all_that_it_has_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("child");
        let script = "sleep 600 & echo $! > child.new && mv child.new child && wait";
        let command = Command::new("sh").args(["-c", script]).folder(folder.path());
        let there = async {
            while !path.exists() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            output = command.output() => panic!("{output:?}"),
            () = there => (),
        }
        let child = std::fs::read_to_string(&path).unwrap();
        loop {
            // One that nobody has buried yet is a zombie.
            let seen = Command::new("ps").args(["-o", "stat=", "-p", child.trim()]).output().await.unwrap();
            if seen.stdout.trim().is_empty() || seen.stdout.trim().starts_with('Z') {
                break;
            }
        }
    }

    #[tokio::test]
    async fn failure_carries_a_pasteable_command_and_the_last_lines() {
        let command = Command::new("sh").args(["-c", "echo one; echo 'two three' >&2; exit 3"]);
        let error = command.run().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c 'echo one; echo '\\''two three'\\'' >&2; exit 3'` ended with exit code 3\n  | two three"
        );
    }

    #[tokio::test]
    async fn time_limit_ends_the_whole_process_group() {
        let command = Command::new("sh").args(["-c", "sleep 600 & wait"]).limit(Duration::from_millis(50));
        let error = command.run().await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    }

    #[tokio::test]
    async fn missing_program_is_named() {
        let error = Command::new("no-such-program").run().await.unwrap_err();
        assert_eq!(error.to_string(), "`no-such-program` was not found on PATH");
    }
}
