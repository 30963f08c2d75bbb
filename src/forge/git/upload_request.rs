//! What a fetching client sends: wanted and owned commits, and how deep a history it wishes.

use std::collections::HashSet;
use std::io::{self, Read};

use git2::Oid;

use super::packet::{self, Packet};

/// More wanted, owned or shallow commits in one request are refused.
const LIMIT: usize = 200_000;

/// How found commits are acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Acknowledge {
    #[default]
    First,
    Each,
    Detailed,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of the protocol")]
pub(super) struct UploadRequest {
    pub(super) wants: Vec<Oid>,
    pub(super) haves: Vec<Oid>,
    /// Commits whose parents the client does not have.
    pub(super) shallow: HashSet<Oid>,
    pub(super) depth: Option<usize>,
    pub(super) deepen_since: Option<i64>,
    pub(super) deepen_not: Vec<String>,
    pub(super) deepen_relative: bool,
    pub(super) acknowledge: Acknowledge,
    pub(super) no_done: bool,
    pub(super) include_tag: bool,
    /// The most data in a packet; nothing when the pack is sent bare.
    pub(super) band: Option<usize>,
    pub(super) done: bool,
    /// The client wants to know the new boundary only, and asks again.
    pub(super) only_boundary: bool,
}

impl UploadRequest {
    pub(super) fn deepens(&self) -> bool {
        self.depth.is_some() || self.deepen_since.is_some() || !self.deepen_not.is_empty()
    }

    pub(super) fn read(input: &mut impl Read) -> io::Result<Self> {
        let mut request = Self::default();
        while let Some(Packet::Data(line)) = packet::read(input)? {
            request.want_line(&text(&line)?)?;
        }
        request.only_boundary = true;
        while let Some(packet) = packet::read(input)? {
            request.only_boundary = false;
            // A round of negotiation ends with a flush: what comes later is for a server that remembers.
            let Packet::Data(line) = packet else { break };
            let line = text(&line)?;
            if line == "done" {
                request.done = true;
                break;
            }
            let have = line.strip_prefix("have ").ok_or_else(|| bad(&line))?;
            request.haves.push(id(have)?);
            bounded(request.haves.len())?;
        }
        request.only_boundary &= request.deepens();
        Ok(request)
    }

    fn want_line(&mut self, line: &str) -> io::Result<()> {
        let (keyword, rest) = line.split_once(' ').ok_or_else(|| bad(line))?;
        match keyword {
            "want" => {
                let (wanted, capabilities) = rest.split_once(' ').unwrap_or((rest, ""));
                if self.wants.is_empty() {
                    capabilities.split(' ').for_each(|capability| self.capability(capability));
                }
                self.wants.push(id(wanted)?);
            }
            "shallow" => {
                self.shallow.insert(id(rest)?);
            }
            "deepen" => self.depth = Some(rest.parse().map_err(|_| bad(line))?).filter(|&depth| depth > 0),
            "deepen-since" => self.deepen_since = Some(rest.parse().map_err(|_| bad(line))?),
            "deepen-not" => self.deepen_not.push(rest.to_owned()),
            _ => return Err(bad(line)),
        }
        bounded(self.wants.len() + self.shallow.len() + self.deepen_not.len())
    }

    fn capability(&mut self, capability: &str) {
        match capability {
            "multi_ack_detailed" => self.acknowledge = Acknowledge::Detailed,
            "multi_ack" if self.acknowledge == Acknowledge::First => self.acknowledge = Acknowledge::Each,
            "no-done" => self.no_done = true,
            "include-tag" => self.include_tag = true,
            "deepen-relative" => self.deepen_relative = true,
            "side-band-64k" => self.band = Some(packet::BAND_LIMIT),
            "side-band" => self.band = self.band.or(Some(995)),
            _ => {}
        }
    }
}

fn text(line: &[u8]) -> io::Result<String> {
    let line = std::str::from_utf8(line).map_err(|_| bad("bytes that are not UTF-8"))?;
    Ok(line.trim_end_matches('\n').to_owned())
}

fn id(text: &str) -> io::Result<Oid> {
    if text.len() == 40 { Oid::from_str(text).map_err(|_| bad(text)) } else { Err(bad(text)) }
}

fn bounded(count: usize) -> io::Result<()> {
    if count > LIMIT { Err(bad("too many lines")) } else { Ok(()) }
}

fn bad(line: &str) -> io::Error {
    let shown: String = line.chars().take(80).collect();
    io::Error::new(io::ErrorKind::InvalidData, format!("git upload-pack: unexpected `{shown}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0cb9fb14c5e1406218ee9bcabbadcbdc466a6f68";

    fn read(lines: &[&str]) -> io::Result<UploadRequest> {
        let mut wire = Vec::new();
        for line in lines {
            match *line {
                "" => wire.extend_from_slice(packet::FLUSH),
                line => packet::write(&mut wire, line),
            }
        }
        UploadRequest::read(&mut wire.as_slice())
    }

    #[test]
    fn capabilities_depth_and_haves_are_read() {
        let want = format!("want {A} multi_ack_detailed no-done side-band-64k\n");
        let request =
            read(&[&want, &format!("shallow {A}"), "deepen 3", "", &format!("have {A}\n"), "done\n"])
                .unwrap();
        assert_eq!(request.acknowledge, Acknowledge::Detailed);
        assert_eq!((request.depth, request.done, request.no_done), (Some(3), true, true));
        assert_eq!((request.wants.len(), request.haves.len(), request.shallow.len()), (1, 1, 1));
        assert!(!request.only_boundary);
        assert!(read(&[&want, "deepen 3", ""]).unwrap().only_boundary);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(wire: Vec<u8>, lines: Vec<String>) {
            let _ = UploadRequest::read(&mut wire.as_slice());
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let _ = read(&lines);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for line in ["want", "want 12", "have x", "deepen x", "\u{1}"] {
            assert!(read(&[line]).is_err(), "{line}");
        }
    }
}
