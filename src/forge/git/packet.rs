//! Packet lines: four hexadecimal digits of length, then data. <https://git-scm.com/docs/protocol-common>

use std::io::{self, Read};

/// The longest packet, length included.
const LIMIT: usize = 65520;
/// The most data of a side-band packet.
pub(super) const BAND_LIMIT: usize = LIMIT - 5;

/// Ends a section.
pub(super) const FLUSH: &[u8] = b"0000";

/// One packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet {
    Data(Vec<u8>),
    Flush,
}

/// Reads one packet; nothing at the end of the input.
pub(super) fn read(input: &mut impl Read) -> io::Result<Option<Packet>> {
    let mut digits = [0; 4];
    if input.read(&mut digits[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut digits[1..])?;
    let bad =
        || io::Error::new(io::ErrorKind::InvalidData, "a packet's length is not four hexadecimal digits");
    let length =
        std::str::from_utf8(&digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let length = length.and_then(|text| usize::from_str_radix(text, 16).ok()).ok_or_else(bad)?;
    match length {
        0 => Ok(Some(Packet::Flush)),
        4..=LIMIT => {
            let mut data = vec![0; length - 4];
            input.read_exact(&mut data)?;
            Ok(Some(Packet::Data(data)))
        }
        _ => Err(bad()),
    }
}

/// Appends one packet.
pub(super) fn write(out: &mut Vec<u8>, data: impl AsRef<[u8]>) {
    let data = data.as_ref();
    out.extend_from_slice(format!("{:04x}", data.len() + 4).as_bytes());
    out.extend_from_slice(data);
}

/// Which of the multiplexed streams.
#[derive(Clone, Copy)]
pub(super) enum Band {
    Data = 1,
    /// Shown by the client as `remote: …`.
    Progress = 2,
    /// Ends the client with this message.
    Fatal = 3,
}

/// Appends data of a band, in as many packets as it takes.
pub(super) fn write_band(out: &mut Vec<u8>, band: Band, data: &[u8], limit: usize) {
    for part in data.chunks(limit) {
        out.extend_from_slice(format!("{:04x}", part.len() + 5).as_bytes());
        out.push(band as u8);
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_packets_are_read_back() {
        let mut wire = Vec::new();
        write(&mut wire, "want\n");
        wire.extend_from_slice(FLUSH);
        write(&mut wire, "");
        assert_eq!(wire, b"0009want\n00000004");
        let mut input = wire.as_slice();
        assert_eq!(read(&mut input).unwrap(), Some(Packet::Data(b"want\n".to_vec())));
        assert_eq!(read(&mut input).unwrap(), Some(Packet::Flush));
        assert_eq!(read(&mut input).unwrap(), Some(Packet::Data(Vec::new())));
        assert_eq!(read(&mut input).unwrap(), None);
    }

    #[test]
    fn bad_lengths_and_short_packets_are_errors() {
        for wire in ["0001", "0003", "fff1x", "+00f", "00", "0009wan", "zzzz"] {
            assert!(read(&mut wire.as_bytes()).is_err(), "{wire}");
        }
    }

    #[test]
    fn long_band_data_is_cut() {
        let mut wire = Vec::new();
        write_band(&mut wire, Band::Data, &[7; 12], 5);
        assert_eq!(wire, b"000a\x01\x07\x07\x07\x07\x07000a\x01\x07\x07\x07\x07\x070007\x01\x07\x07");
    }
}
