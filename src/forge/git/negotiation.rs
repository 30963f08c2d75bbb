//! Finding out what a fetching client has already. Each request of it stands for itself.
//! <https://git-scm.com/docs/pack-protocol#_packfile_negotiation>

use std::collections::HashSet;

use git2::{OdbLookupFlags, Oid};

use super::packet;
use super::upload_request::{Acknowledge, UploadRequest};

/// The result of one round.
pub(super) struct Round {
    /// What both have.
    pub(super) common: Vec<Oid>,
    /// Whether the pack follows.
    pub(super) send: bool,
}

/// Writes the acknowledgements.
pub(super) fn negotiate(
    git: &git2::Repository,
    request: &UploadRequest,
    out: &mut Vec<u8>,
) -> Result<Round, git2::Error> {
    let odb = git.odb()?;
    let mut common = Vec::new();
    let mut last = None;
    for &have in &request.haves {
        if !odb.exists_ext(have, OdbLookupFlags::NO_REFRESH) {
            continue;
        }
        common.push(have);
        last = Some(have);
        match request.acknowledge {
            Acknowledge::Detailed => packet::write(out, format!("ACK {have} common\n")),
            Acknowledge::Each => packet::write(out, format!("ACK {have} continue\n")),
            Acknowledge::First if common.len() == 1 => packet::write(out, format!("ACK {have}\n")),
            Acknowledge::First => {}
        }
    }
    if request.done {
        match (last, request.acknowledge) {
            (None, _) => packet::write(out, "NAK\n"),
            (Some(_), Acknowledge::First) => {}
            (Some(last), _) => packet::write(out, format!("ACK {last}\n")),
        }
        return Ok(Round { common, send: true });
    }
    let ready = request.acknowledge == Acknowledge::Detailed && all_reach(git, &request.wants, &common);
    if let (true, Some(last)) = (ready, last) {
        packet::write(out, format!("ACK {last} ready\n"));
    }
    if last.is_none() || request.acknowledge != Acknowledge::First {
        packet::write(out, "NAK\n");
    }
    if let (true, true, Some(last)) = (ready, request.no_done, last) {
        packet::write(out, format!("ACK {last}\n"));
        return Ok(Round { common, send: true });
    }
    Ok(Round { common, send: false })
}

/// Whether every wanted commit has an ancestor that the client has, so that more questions are of no use.
fn all_reach(git: &git2::Repository, wants: &[Oid], common: &[Oid]) -> bool {
    let common: HashSet<Oid> = common.iter().copied().collect();
    let reaches = |want: &Oid| {
        let Ok(start) = git.find_object(*want, None).and_then(|object| object.peel_to_commit()) else {
            return true;
        };
        let mut seen = HashSet::from([start.id()]);
        let mut next = std::collections::VecDeque::from([start.id()]);
        while let Some(id) = next.pop_front() {
            if common.contains(&id) {
                return true;
            }
            if let Ok(commit) = git.find_commit(id) {
                next.extend(commit.parent_ids().filter(|parent| seen.insert(*parent)));
            }
        }
        false
    };
    !common.is_empty() && wants.iter().all(reaches)
}
