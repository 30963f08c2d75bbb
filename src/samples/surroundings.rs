//! What a sample finds around it: its environment, its files, the network, and where its log goes. A container has the
//! real ones, a simulated one has others.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Both directions of a connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection to somebody else.
pub type Connection = Box<dyn Stream>;

/// Connects to an address, `host:port`.
pub type Dial = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Connection>> + Send + Sync>;

/// Reads a file by its path.
pub type ReadFile = Arc<dyn Fn(&str) -> io::Result<String> + Send + Sync>;

/// Takes a line of the log: standard output in a container.
pub type Log = Arc<dyn Fn(String) + Send + Sync>;

/// All that a sample finds around it.
#[derive(Clone)]
pub struct Surroundings {
    /// Its variables.
    pub environment: BTreeMap<String, String>,
    /// Its files.
    pub read_file: ReadFile,
    /// The network.
    pub dial: Dial,
    /// Its log.
    pub log: Log,
}

impl Surroundings {
    /// Those of this process: the machine's files and network.
    pub fn of_process(environment: BTreeMap<String, String>, log: Log) -> Self {
        Self {
            environment,
            read_file: Arc::new(|path| std::fs::read_to_string(path)),
            dial: Arc::new(|address| {
                Box::pin(async move {
                    let stream = TcpStream::connect(address).await?;
                    stream.set_nodelay(true)?;
                    Ok(Box::new(stream) as Connection)
                })
            }),
            log,
        }
    }

    /// Logs a line of `key=value` pairs, the level first. What a program cannot take for one word is quoted.
    pub(super) fn tell(&self, level: &str, message: &str, fields: &[(&str, &str)]) {
        let mut line = format!("level={level} message={}", quoted(message));
        for (key, value) in fields {
            line = format!("{line} {key}={}", quoted(value));
        }
        (self.log)(line);
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        formatter.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

fn quoted(value: &str) -> String {
    let plain = |letter: char| !letter.is_whitespace() && !letter.is_control() && !"\"=\\".contains(letter);
    if !value.is_empty() && value.chars().all(plain) { value.to_owned() } else { format!("{value:?}") }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn lines_can_be_taken_apart_again() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log: Log = {
            let lines = Arc::clone(&lines);
            Arc::new(move |line| lines.lock().unwrap().push(line))
        };
        let around = Surroundings::of_process(BTreeMap::new(), log);
        around.tell("info", "request", &[("path", "/api"), ("empty", ""), ("said", "a \"b\"\nc=d")]);
        let expected = r#"level=info message=request path=/api empty="" said="a \"b\"\nc=d""#;
        assert_eq!(*lines.lock().unwrap(), [expected]);
    }
}
