//! Which track a command means: the one that is named, else the actor's of this shell, else the only one that was
//! begun, else the only one there is.

use super::global::Global;
use super::session;
use crate::error::{Failure, Kind};
use crate::scenario::{Session, State};

/// A workshop in a lab that runs, and the track that is meant.
pub(super) fn open(global: &Global, named: Option<String>) -> Result<(Session, String), Failure> {
    let (folder, spec) = global.running_lab()?;
    let session = session::open(global, &folder, &spec)?;
    let track = choose(&session, named)?;
    Ok((session, track))
}

/// The track that is meant.
pub(super) fn choose(session: &Session, named: Option<String>) -> Result<String, Failure> {
    if let Some(track) = named {
        session.progress(&track)?;
        return Ok(track);
    }
    let tracks = &session.workshop.tracks;
    let actor = std::env::var("ATELIER_ACTOR").unwrap_or_default();
    let own =
        tracks.keys().find(|track| session.workshop.actor_of(track).is_some_and(|own| own.name == actor));
    if let Some(track) = own {
        return Ok(track.clone());
    }
    let begun = |track: &&String| {
        session.progress(track).is_ok_and(|steps| steps.iter().any(|step| step.state != State::Pending))
    };
    let begun: Vec<_> = tracks.keys().filter(begun).collect();
    let all: Vec<_> = tracks.keys().collect();
    match (begun.as_slice(), all.as_slice()) {
        ([only], _) | (_, [only]) => Ok((*only).clone()),
        _ => {
            let choice = tracks.keys().map(|track| format!("`{track}`")).collect::<Vec<_>>().join(", ");
            Err(Failure::new(Kind::Arguments, format!("which track is meant? There are {choice}"))
                .hint("name it: `atelier next TRACK`"))
        }
    }
}
