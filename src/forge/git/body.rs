//! A request's body as a blocking reader, for libgit2's sake: nothing is held in memory but the current chunk.
//! Bodies may be gzipped (git does that with long lists of commits) and are bounded.

use std::io::{self, Read};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{HeaderMap, header};
use flate2::read::GzDecoder;
use futures::StreamExt as _;
use tokio::runtime::Handle;

/// Reads a body; only to be used off the runtime's threads.
struct Chunks {
    stream: BodyDataStream,
    runtime: Handle,
    chunk: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.runtime.block_on(self.stream.next()) {
                Some(Ok(chunk)) => self.chunk = chunk,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.chunk.len());
        buffer[..count].copy_from_slice(&self.chunk.split_to(count));
        Ok(count)
    }
}

/// Fails where `Read::take` would pretend that the input ends.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let too_long = || io::Error::new(io::ErrorKind::InvalidData, "the request is too long");
        self.left = self.left.checked_sub(count as u64).ok_or_else(too_long)?;
        Ok(count)
    }
}

/// The body, decompressed, up to `limit` bytes. To be called on a thread of the runtime; what it returns is to be
/// called off them, since the decoder begins to read at once.
pub(super) fn reader(
    headers: &HeaderMap,
    body: Body,
    limit: u64,
) -> impl FnOnce() -> Box<dyn Read + Send> + Send + use<> {
    let chunks = Chunks { stream: body.into_data_stream(), runtime: Handle::current(), chunk: Bytes::new() };
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let gzipped = encoding.is_some_and(|encoding| matches!(encoding, "gzip" | "x-gzip"));
    move || {
        if gzipped {
            return Box::new(Bounded { inner: GzDecoder::new(chunks), left: limit });
        }
        Box::new(Bounded { inner: chunks, left: limit })
    }
}
