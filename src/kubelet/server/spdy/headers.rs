//! Header blocks of SPDY/3.1: one compressed stream per direction, which lasts as long as the connection.

use std::collections::BTreeMap;
use std::io;

use flate2::{Decompress, FlushDecompress};

use super::dictionary::dictionary;

/// More headers than Kubernetes' clients send on all their streams together.
const MOST_BYTES: usize = 1 << 14;
const MOST_HEADERS: u32 = 32;

/// Reads the peer's header blocks, each in its turn.
pub(super) struct Reader {
    inflate: Decompress,
    begun: bool,
}

/// Writes header blocks without headers, which is all that an answer here says.
#[derive(Default)]
pub(super) struct Writer {
    begun: bool,
}

impl Reader {
    pub(super) fn new() -> io::Result<Self> {
        let mut reader = Self { inflate: Decompress::new(false), begun: false };
        // A dictionary is what was said before: a block that is stored as it is has the same effect.
        reader.inflate(&stored(&dictionary()))?;
        Ok(reader)
    }

    /// Reads a block. Names that were sent several times have their last value.
    pub(super) fn read(&mut self, mut block: &[u8]) -> io::Result<BTreeMap<String, String>> {
        if !self.begun {
            self.begun = true;
            // The header of zlib's format: two bytes, and four that name the dictionary if there is one.
            let named = block.get(1).is_some_and(|flags| flags & 0x20 != 0);
            block = block.get(if named { 6 } else { 2 }..).ok_or_else(broken)?;
        }
        parse(&self.inflate(block)?).ok_or_else(broken)
    }

    fn inflate(&mut self, block: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(2048);
        let mut used = 0;
        loop {
            let (before, had) = (self.inflate.total_in(), out.len());
            self.inflate
                .decompress_vec(&block[used..], &mut out, FlushDecompress::Sync)
                .map_err(io::Error::other)?;
            let read = usize::try_from(self.inflate.total_in() - before).map_err(io::Error::other)?;
            used += read;
            if out.len() == out.capacity() {
                if out.len() > MOST_BYTES {
                    return Err(broken());
                }
                out.reserve(2048);
            } else if used == block.len() {
                return Ok(out);
            } else if read == 0 && out.len() == had {
                return Err(broken());
            }
        }
    }
}

impl Writer {
    /// A block without headers.
    pub(super) fn empty(&mut self) -> Vec<u8> {
        let mut block = Vec::new();
        if !self.begun {
            self.begun = true;
            block.extend_from_slice(&[0x78, 0x01]);
        }
        block.extend(stored(&0_u32.to_be_bytes()));
        // An empty block makes a reader hand out what it has, before it asks for more.
        block.extend(stored(&[]));
        block
    }
}

/// Content as a block that is not compressed: <https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4>.
fn stored(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or_default();
    let mut block = vec![0];
    block.extend_from_slice(&length.to_le_bytes());
    block.extend_from_slice(&(!length).to_le_bytes());
    block.extend_from_slice(content);
    block
}

fn parse(mut bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    let count = number(&mut bytes)?;
    if count > MOST_HEADERS {
        return None;
    }
    let mut headers = BTreeMap::new();
    for _ in 0..count {
        let name = text(&mut bytes)?;
        let value = text(&mut bytes)?;
        headers.insert(name, value.rsplit('\0').next().unwrap_or_default().to_owned());
    }
    Some(headers)
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (head, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_be_bytes(*head))
}

fn text(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(number(bytes)?).ok()?;
    let (head, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    String::from_utf8(head.to_vec()).ok()
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "headers that cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_go_on_where_the_one_before_ended() {
        let mut block = 1_u32.to_be_bytes().to_vec();
        for word in ["port", "8080"] {
            block.extend_from_slice(&u32::try_from(word.len()).unwrap().to_be_bytes());
            block.extend_from_slice(word.as_bytes());
        }
        let expected = BTreeMap::from([("port".to_owned(), "8080".to_owned())]);
        let mut reader = Reader::new().unwrap();
        let first = [&[0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2][..], &stored(&block)].concat();
        assert_eq!(reader.read(&first).unwrap(), expected);
        assert_eq!(reader.read(&stored(&block)).unwrap(), expected);
        assert!(reader.read(&stored(&[0, 0, 0, 9])).is_err());
        let mut writer = Writer::default();
        let mut reader = Reader::new().unwrap();
        assert_eq!(reader.read(&writer.empty()).unwrap(), BTreeMap::new());
        assert_eq!(reader.read(&writer.empty()).unwrap(), BTreeMap::new());
    }
}
