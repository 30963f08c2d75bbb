//! The connection to Redis: one, made when it is needed, and made anew when it has broken.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, BufStream};
use tokio::sync::Mutex;

use super::super::resp::{self, Value};
use super::super::surroundings::{Connection, Dial};

/// How long an answer may take: less than a probe waits for.
const ANSWER: Duration = Duration::from_millis(700);

/// A Redis somewhere.
pub(super) struct Redis {
    address: String,
    dial: Dial,
    connection: Mutex<Option<BufStream<Connection>>>,
}

/// What Redis did not do.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// It cannot be reached.
    #[error("the redis at `{address}` does not answer: {source}")]
    Missing {
        address: String,
        #[source]
        source: io::Error,
    },
    /// It said no.
    #[error("the redis at `{address}` refuses `{command}`: {reason}")]
    Refused { address: String, command: String, reason: String },
}

impl Redis {
    pub(super) fn new(address: String, dial: Dial) -> Self {
        Self { address, dial, connection: Mutex::default() }
    }

    /// Sends a request and reads the answer.
    pub(super) async fn ask(&self, words: &[&str]) -> Result<Value, Trouble> {
        let mut connection = self.connection.lock().await;
        let known = connection.is_some();
        let mut answer = self.exchange(&mut connection, words).await;
        if answer.is_err() && known {
            // It may have been started again since.
            answer = self.exchange(&mut connection, words).await;
        }
        match answer {
            Ok(Value::Error(reason)) => Err(Trouble::Refused {
                address: self.address.clone(),
                command: words.first().map(|&word| word.to_owned()).unwrap_or_default(),
                reason,
            }),
            Ok(value) => Ok(value),
            Err(source) => Err(Trouble::Missing { address: self.address.clone(), source }),
        }
    }

    async fn exchange(
        &self,
        connection: &mut Option<BufStream<Connection>>,
        words: &[&str],
    ) -> io::Result<Value> {
        // One that is left in the middle of an answer is of no use any more.
        let before = connection.take();
        let asked = async {
            let mut stream = match before {
                Some(stream) => stream,
                None => BufStream::new((self.dial)(self.address.clone()).await?),
            };
            stream.write_all(&Value::request(words).encode()).await?;
            stream.flush().await?;
            let answer = resp::read(&mut stream).await?.ok_or(io::ErrorKind::ConnectionAborted)?;
            Ok((stream, answer))
        };
        let late =
            || io::Error::new(io::ErrorKind::TimedOut, format!("nothing within {} ms", ANSWER.as_millis()));
        let (stream, answer) = tokio::time::timeout(ANSWER, asked).await.unwrap_or_else(|_| Err(late()))?;
        *connection = Some(stream);
        Ok(answer)
    }
}
