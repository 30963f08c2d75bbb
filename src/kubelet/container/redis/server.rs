//! The connections to a simulated Redis.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio_util::sync::CancellationToken;

use super::store::Store;
use crate::samples::resp::{self, Value};

/// A Redis that runs. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(in super::super::super) struct Redis {
    store: Arc<Mutex<Store>>,
    ended: CancellationToken,
}

impl Redis {
    /// The port that it listens on.
    pub(in super::super::super) const PORT: u16 = 6379;

    /// Ends all connections: the container has ended.
    pub(in super::super::super) fn end(&self) {
        self.ended.cancel();
    }

    /// Serves a connection to its end.
    pub(in super::super::super) async fn serve(self, io: impl AsyncRead + AsyncWrite + Send + Unpin) {
        let served = tokio::select! {
            () = self.ended.cancelled() => return,
            served = self.talk(io) => served,
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection to a redis ended");
        }
    }

    async fn talk(&self, io: impl AsyncRead + AsyncWrite + Send + Unpin) -> io::Result<()> {
        let mut stream = BufStream::new(io);
        while let Some(request) = resp::read(&mut stream).await? {
            let Some(words) = words(request) else {
                let refusal = Value::Error("ERR Protocol error: expected bulk strings".to_owned());
                stream.write_all(&refusal.encode()).await?;
                return stream.flush().await;
            };
            if words.is_empty() {
                continue;
            }
            let answer = self.store.lock().unwrap_or_else(PoisonError::into_inner).run(&words);
            stream.write_all(&answer.encode()).await?;
            stream.flush().await?;
            if words[0].eq_ignore_ascii_case(b"quit") {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn words(request: Value) -> Option<Vec<Vec<u8>>> {
    let Value::List(values) = request else { return None };
    let bytes = |value| match value {
        Value::Bulk(Some(bytes)) => Some(bytes),
        _ => None,
    };
    values.into_iter().map(bytes).collect()
}
