//! A connection that speaks SPDY/3.1, from the side that is connected to.

use std::collections::{BTreeMap, HashMap};
use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;

use super::super::stream::{Outgoing, Stream, WAITING};
use super::frame::{Frame, pong, read, refuse, reply};
use super::headers::{Reader, Writer};

/// So many streams may be open at a time.
const MOST_STREAMS: usize = 512;

/// A stream that the peer has opened.
pub(in super::super) struct Opened {
    /// Its number.
    pub(in super::super) id: u32,
    /// What the peer says of it.
    pub(in super::super) headers: BTreeMap<String, String>,
    /// Both directions.
    pub(in super::super) stream: Stream,
}

/// Serves a connection to its end. Streams are given to `opened` as they come.
pub(in super::super) async fn serve(
    io: impl AsyncRead + AsyncWrite + Send,
    opened: mpsc::Sender<Opened>,
) -> io::Result<()> {
    let (mut from, mut to) = tokio::io::split(io);
    let (frames, mut outgoing) = mpsc::channel::<Bytes>(WAITING);
    let reading = receive(&mut from, frames, opened);
    let writing = async move {
        while let Some(frame) = outgoing.recv().await {
            to.write_all(&frame).await?;
        }
        to.shutdown().await
    };
    // What the streams still have to say is said after the peer has said everything.
    let (read, written) = tokio::join!(reading, writing);
    read.and(written)
}

async fn receive(
    from: &mut (impl AsyncRead + Unpin),
    frames: mpsc::Sender<Bytes>,
    opened: mpsc::Sender<Opened>,
) -> io::Result<()> {
    let (mut reader, mut writer) = (Reader::new()?, Writer::default());
    let mut streams = HashMap::<u32, mpsc::Sender<Bytes>>::new();
    while let Some(frame) = read(from).await? {
        let answer = match frame {
            Frame::Open { stream, block, last } => {
                let headers = reader.read(&block)?;
                streams.retain(|_, stream| !stream.is_closed());
                if streams.len() >= MOST_STREAMS || streams.contains_key(&stream) {
                    Some(refuse(stream))
                } else {
                    let (sender, incoming) = mpsc::channel(WAITING);
                    if !last {
                        streams.insert(stream, sender);
                    }
                    let outgoing = Outgoing::spdy(stream, frames.clone());
                    let new = Opened { id: stream, headers, stream: Stream { incoming, outgoing } };
                    let sent = frames.send(reply(stream, &writer.empty())).await;
                    if sent.is_err() || opened.send(new).await.is_err() {
                        return Ok(());
                    }
                    None
                }
            }
            Frame::Data { stream, bytes, last } => {
                if let Some(sender) = streams.get(&stream)
                    && !bytes.is_empty()
                {
                    // Nobody may listen any more: the rest of it is of no use to anybody.
                    let _ = sender.send(bytes).await;
                }
                if last {
                    streams.remove(&stream);
                }
                None
            }
            Frame::Headers { block } => reader.read(&block).map(|_| None)?,
            Frame::Reset { stream } => {
                streams.remove(&stream);
                None
            }
            Frame::Ping { id } => Some(pong(id)),
            Frame::GoAway | Frame::Other => None,
        };
        if let Some(answer) = answer
            && frames.send(answer).await.is_err()
        {
            return Ok(());
        }
    }
    Ok(())
}
