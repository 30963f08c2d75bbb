//! Frames of SPDY/3.1: read within limits, and written.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Clients send at most 32 KiB at a time.
const LONGEST_DATA: usize = 1 << 20;
/// Headers are a handful of short words.
const LONGEST_CONTROL: usize = 1 << 14;
/// The bit of frames that are not data, with the version.
const CONTROL: u32 = 0x8003_0000;
const SYN_REPLY: u32 = 2;
const RST_STREAM: u32 = 3;
const PING: u32 = 6;
/// The flag of the last frame of a side.
const LAST: u32 = 0x0100_0000;
/// Ids have 31 bits.
const ID: u32 = 0x7fff_ffff;

/// What a peer says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A new stream, with compressed headers.
    Open { stream: u32, block: Bytes, last: bool },
    /// More headers: they change the state of the compression, whatever they say.
    Headers { block: Bytes },
    /// Content of a stream.
    Data { stream: u32, bytes: Bytes, last: bool },
    /// A stream is given up.
    Reset { stream: u32 },
    /// Is to be answered with the same.
    Ping { id: u32 },
    /// No stream will be opened any more.
    GoAway,
    /// Settings and windows, which do not matter here.
    Other,
}

/// Reads a frame; nothing at the end of the connection.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let first = match from.read_u32().await {
        Ok(first) => first,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let second = from.read_u32().await?;
    let last = second & LAST != 0;
    let length = usize::try_from(second & 0x00ff_ffff).map_err(io::Error::other)?;
    let is_data = first & 0x8000_0000 == 0;
    if length > if is_data { LONGEST_DATA } else { LONGEST_CONTROL } {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes")));
    }
    let mut payload = vec![0; length];
    from.read_exact(&mut payload).await?;
    let payload = Bytes::from(payload);
    if is_data {
        return Ok(Some(Frame::Data { stream: first, bytes: payload, last }));
    }
    let word = |at: usize| -> io::Result<u32> {
        let bytes = payload.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        let bytes =
            bytes.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a frame is too short"))?;
        Ok(u32::from_be_bytes(bytes))
    };
    // The number of the stream, and for a new one the stream that it belongs to and its priority, come first.
    let block = |skip: usize| payload.slice(skip.min(payload.len())..);
    Ok(Some(match first & 0xffff {
        1 => Frame::Open { stream: word(0)? & ID, block: block(10), last },
        SYN_REPLY | 8 => Frame::Headers { block: block(4) },
        RST_STREAM => Frame::Reset { stream: word(0)? & ID },
        PING => Frame::Ping { id: word(0)? },
        7 => Frame::GoAway,
        _ => Frame::Other,
    }))
}

/// Content of a stream.
pub(in super::super) fn data(stream: u32, bytes: &[u8], last: bool) -> Bytes {
    write(stream & ID, if last { LAST } else { 0 }, &[bytes])
}

/// A new stream is accepted.
pub(super) fn reply(stream: u32, block: &[u8]) -> Bytes {
    write(CONTROL | SYN_REPLY, 0, &[&stream.to_be_bytes(), block])
}

/// A new stream is refused.
pub(super) fn refuse(stream: u32) -> Bytes {
    write(CONTROL | RST_STREAM, 0, &[&stream.to_be_bytes(), &3_u32.to_be_bytes()])
}

/// The answer to a ping.
pub(super) fn pong(id: u32) -> Bytes {
    write(CONTROL | PING, 0, &[&id.to_be_bytes()])
}

fn write(first: u32, flags: u32, parts: &[&[u8]]) -> Bytes {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let second = flags | (u32::try_from(length).unwrap_or_default() & 0x00ff_ffff);
    let mut frame = Vec::with_capacity(8 + length);
    frame.extend_from_slice(&first.to_be_bytes());
    frame.extend_from_slice(&second.to_be_bytes());
    for part in parts {
        frame.extend_from_slice(part);
    }
    frame.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(mut bytes: &[u8]) -> io::Result<Vec<Frame>> {
        let mut frames = Vec::new();
        while let Some(frame) = read(&mut bytes).await? {
            frames.push(frame);
        }
        Ok(frames)
    }

    #[tokio::test]
    async fn frames_are_read_as_they_were_written() {
        let bytes = [data(5, b"hello", false), data(5, b"", true), pong(7), refuse(9)].concat();
        let expected = [
            Frame::Data { stream: 5, bytes: "hello".into(), last: false },
            Frame::Data { stream: 5, bytes: Bytes::new(), last: true },
            Frame::Ping { id: 7 },
            Frame::Reset { stream: 9 },
        ];
        assert_eq!(all(&bytes).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn long_and_broken_frames_are_errors() {
        assert!(all(&[0, 0, 0, 1, 0, 0xff, 0xff, 0xff]).await.is_err());
        assert!(all(&[0, 0, 0, 1, 0, 0, 0, 2, b'x']).await.is_err());
        assert!(all(&[0x80, 3, 0, 1, 0, 0, 0, 2, 0, 0]).await.is_err());
    }
}
