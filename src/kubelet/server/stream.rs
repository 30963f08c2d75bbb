//! One of several streams on a connection, whichever protocol carries it.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::spdy;

/// How many pieces may wait in a direction; who sends more waits.
pub(super) const WAITING: usize = 16;

/// A stream.
pub(super) struct Stream {
    /// What the other side says, to its end.
    pub(super) incoming: mpsc::Receiver<Bytes>,
    /// The way to the other side.
    pub(super) outgoing: Outgoing,
}

/// The way to the other side.
pub(super) struct Outgoing {
    carrier: Carrier,
    frames: mpsc::Sender<Bytes>,
}

enum Carrier {
    Spdy(u32),
    Channel(u8),
}

impl Outgoing {
    /// A stream of SPDY with this number; `frames` are written as they are.
    pub(super) fn spdy(stream: u32, frames: mpsc::Sender<Bytes>) -> Self {
        Self { carrier: Carrier::Spdy(stream), frames }
    }

    /// A channel of a websocket with this number; `messages` are sent as they are.
    pub(super) fn channel(number: u8, messages: mpsc::Sender<Bytes>) -> Self {
        Self { carrier: Carrier::Channel(number), frames: messages }
    }

    /// Sends something; false when the connection is at its end.
    pub(super) async fn send(&self, bytes: &[u8]) -> bool {
        let frame = match self.carrier {
            Carrier::Spdy(stream) => spdy::data(stream, bytes, false),
            Carrier::Channel(number) => [&[number], bytes].concat().into(),
        };
        self.frames.send(frame).await.is_ok()
    }

    /// Says that nothing follows.
    pub(super) async fn finish(self) {
        // A channel of a websocket has no end of its own.
        if let Carrier::Spdy(stream) = self.carrier {
            // A connection at its end needs no word of it.
            let _ = self.frames.send(spdy::data(stream, &[], true)).await;
        }
    }
}
