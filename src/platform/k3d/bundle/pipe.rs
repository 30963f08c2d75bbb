//! Between the engine, which is spoken to without waiting, and bundles, which are read and written by threads that wait.

use std::io::{self, Read, Write};

use bytes::{Buf as _, Bytes};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many pieces may be on their way.
const ROOM: usize = 8;

/// Bytes on their way.
pub(super) type Piece = Result<Bytes, io::Error>;

/// A pipe.
pub(super) fn pipe() -> (Sender<Piece>, Receiver<Piece>) {
    channel(ROOM)
}

/// The end for a thread that reads.
pub(super) struct Incoming {
    pieces: Receiver<Piece>,
    ready: Bytes,
}

impl Incoming {
    pub(super) fn new(pieces: Receiver<Piece>) -> Self {
        Self { pieces, ready: Bytes::new() }
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.ready = piece?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.ready.len());
        buffer[..count].copy_from_slice(&self.ready[..count]);
        self.ready.advance(count);
        Ok(count)
    }
}

/// The end for a thread that writes.
pub(super) struct Outgoing(pub(super) Sender<Piece>);

impl Write for Outgoing {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(buffer)));
        sent.map(|()| buffer.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
