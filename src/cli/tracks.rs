//! `atelier tracks`: the workshops there are, their tracks, how long they take, and how far this machine's labs are.

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::session;
use crate::error::{Failure, Kind};
use crate::platform;
use crate::scenario::State;
use crate::ui::{Mode, minutes, table};

/// List workshops and tracks
#[derive(Debug, Args)]
pub(super) struct TracksArgs {}

/// One track that can be chosen.
pub(super) struct Offer {
    pub(super) workshop: String,
    pub(super) track: String,
    title: String,
    time: String,
    state: String,
    /// Whether its lab runs.
    pub(super) runs: bool,
}

pub(super) fn run(global: &Global, _args: &TracksArgs) -> Result<u8, Failure> {
    let offers = offers(global)?;
    if global.ui.mode() == Mode::Json {
        let tracks = offers.iter().map(|offer| {
            json!({"workshop": offer.workshop, "track": offer.track, "title": offer.title, "estimated": offer.time,
                "state": offer.state})
        });
        global.ui.document(&tracks.collect::<Vec<_>>());
        return Ok(0);
    }
    global.ui.data(&table(&rows(&offers)));
    Ok(0)
}

fn rows(offers: &[Offer]) -> Vec<Vec<String>> {
    let row = |offer: &Offer| {
        let name = format!("{} {}", offer.workshop, offer.track);
        vec![name, offer.title.clone(), offer.time.clone(), offer.state.clone()]
    };
    offers.iter().map(row).collect()
}

/// All tracks of all workshops.
pub(super) fn offers(global: &Global) -> Result<Vec<Offer>, Failure> {
    let spec = global.existing_lab().ok();
    let library = global.library(spec.as_ref().map(|(_, spec)| spec))?;
    let mut offers = Vec::new();
    for name in library.workshops() {
        let workshop = library.workshop(&name)?;
        let lab = spec.as_ref().filter(|(_, spec)| spec.workshop == name);
        let open = lab.filter(|(folder, spec)| platform::running(spec.platform, &folder.platform()));
        let session = open.map(|(folder, spec)| session::open(global, folder, spec)).transpose()?;
        for (track, about) in &workshop.tracks {
            let scenario = workshop.scenarios.get(track);
            let time = scenario
                .and_then(|scenario| scenario.estimated.as_ref())
                .map(|length| minutes(length.value.0));
            let state = match &session {
                None => String::new(),
                Some(session) => {
                    let steps = session.progress(track)?;
                    let done = steps
                        .iter()
                        .filter(|step| matches!(step.state, State::Complete | State::Skipped))
                        .count();
                    format!("{done} of {} steps", steps.len())
                }
            };
            offers.push(Offer {
                workshop: name.clone(),
                track: track.clone(),
                title: about.title.value.clone(),
                time: time.unwrap_or_default(),
                state,
                runs: session.is_some(),
            });
        }
    }
    Ok(offers)
}

/// Lets a person choose a track whose lab runs; nothing when nobody is there to choose.
pub(super) fn choose(global: &Global) -> Result<Option<String>, Failure> {
    let offers = offers(global)?;
    let lines = rows(&offers)
        .into_iter()
        .enumerate()
        .map(|(index, row)| [vec![format!("{}", index + 1)], row].concat());
    global.ui.talk(table(&lines.collect::<Vec<_>>()).trim_end());
    if !global.ui.is_interactive() {
        return Ok(None);
    }
    global.ui.talk("\nWhich one? Its number, or Enter to leave:");
    let answer = console::Term::stderr().read_line().map_err(|error| Failure::new(Kind::Machine, error))?;
    let chosen = answer.trim().parse::<usize>().ok().and_then(|number| offers.get(number.checked_sub(1)?));
    match chosen {
        Some(offer) if offer.runs => Ok(Some(offer.track.clone())),
        Some(offer) => {
            let command = format!("atelier --workshop {} up", offer.workshop);
            Err(Failure::new(
                Kind::Arguments,
                format!("the workshop `{}` has no lab that runs", offer.workshop),
            )
            .hint(format!("`{command}` sets one up")))
        }
        None => Ok(None),
    }
}
