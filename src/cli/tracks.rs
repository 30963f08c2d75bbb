//! `atelier tracks`: the workshops there are, what each track teaches, how long it takes people and how long it took
//! a rehearsal, what it needs, and how far this machine's labs are.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::{rehearsed, session};
use crate::error::{Failure, Kind};
use crate::platform;
use crate::scenario::{Difficulty, State, Workshop};
use crate::ui::{Mode, duration, minutes, table};

/// List workshops and tracks
#[derive(Debug, Args)]
pub(super) struct TracksArgs {
    /// Tell how long it took in a rehearsal that wrote its transcripts here [default: the last one in the lab]
    #[arg(long, value_name = "DIR")]
    rehearsed: Option<PathBuf>,
}

/// One track that can be chosen.
pub(super) struct Offer {
    pub(super) workshop: String,
    pub(super) track: String,
    title: String,
    /// What it teaches, in a line.
    teaches: String,
    difficulty: Option<Difficulty>,
    estimated: Option<Duration>,
    /// How long the machine took for its steps.
    rehearsed: Option<Duration>,
    steps: usize,
    /// What it needs of a lab and of a machine.
    needs: Vec<String>,
    /// How many steps are behind; nothing where no lab runs.
    done: Option<usize>,
    /// Whether its lab runs.
    pub(super) runs: bool,
}

pub(super) fn run(global: &Global, args: &TracksArgs) -> Result<u8, Failure> {
    let (workshops, offers) = offers(global, args.rehearsed.as_ref())?;
    if global.ui.mode() == Mode::Json {
        global.ui.document(&offers.iter().map(document).collect::<Vec<_>>());
        return Ok(0);
    }
    let blocks = workshops.iter().map(|workshop| {
        let own: Vec<_> = offers.iter().filter(|offer| offer.workshop == workshop.id).collect();
        block(workshop, &own)
    });
    global.ui.data(&blocks.collect::<Vec<_>>().join("\n"));
    Ok(0)
}

fn document(offer: &Offer) -> serde_json::Value {
    json!({"workshop": offer.workshop, "track": offer.track, "title": offer.title, "teaches": offer.teaches,
        "difficulty": offer.difficulty.map(word), "estimated": offer.estimated.map(|time| time.as_secs()),
        "rehearsed": offer.rehearsed.map(|time| time.as_secs_f64()), "steps": offer.steps, "needs": offer.needs,
        "done": offer.done})
}

fn word(difficulty: Difficulty) -> &'static str {
    match difficulty {
        Difficulty::Easy => "easy",
        Difficulty::Medium => "medium",
        Difficulty::Hard => "hard",
    }
}

/// A workshop and its tracks.
fn block(workshop: &Workshop, offers: &[&Offer]) -> String {
    let mut text = format!("{}: {}\n", workshop.id, workshop.title);
    let platforms: Vec<_> = workshop.platforms.iter().map(|platform| platform.name()).collect();
    let tools =
        workshop.environment.tools.iter().map(|(tool, versions)| format!("{tool} {}", versions.value));
    let mut facts = Vec::new();
    if !platforms.is_empty() {
        facts.push(format!("on {}", platforms.join(", ")));
    }
    let tools: Vec<_> = tools.collect();
    if !tools.is_empty() {
        facts.push(format!("needs {}", tools.join(", ")));
    }
    if !facts.is_empty() {
        let _ = writeln!(text, "  {}", facts.join("; "));
    }
    let mut rows = Vec::new();
    for offer in offers {
        let time = offer.estimated.map(minutes).unwrap_or_default();
        rows.push([format!("  {}", offer.track), time, offer.title.clone()]);
        rows.push([String::new(), String::new(), offer.teaches.clone()]);
        rows.push([String::new(), String::new(), about(offer)]);
    }
    let rows: Vec<_> = rows.into_iter().map(Vec::from).collect();
    text + "\n" + &table(&rows)
}

/// How long a track is and how hard, what it needs, how far it is.
fn about(offer: &Offer) -> String {
    let mut facts = vec![format!("{} steps", offer.steps)];
    facts.extend(offer.difficulty.map(|difficulty| word(difficulty).to_owned()));
    facts.extend((!offer.needs.is_empty()).then(|| format!("needs {}", offer.needs.join(", "))));
    facts.extend(offer.rehearsed.map(|time| format!("rehearsed in {}", duration(time))));
    facts.extend(offer.done.map(|done| format!("{done} done")));
    facts.join(" · ")
}

fn rows(offers: &[Offer]) -> Vec<Vec<String>> {
    let row = |offer: &Offer| {
        let name = format!("{} {}", offer.workshop, offer.track);
        let time = offer.estimated.map(minutes).unwrap_or_default();
        let state = offer.done.map(|done| format!("{done} of {} steps", offer.steps)).unwrap_or_default();
        vec![name, offer.title.clone(), time, state]
    };
    offers.iter().map(row).collect()
}

/// All workshops, and all their tracks.
fn offers(global: &Global, transcripts: Option<&PathBuf>) -> Result<(Vec<Workshop>, Vec<Offer>), Failure> {
    let spec = global.existing_lab().ok();
    let library = global.library(spec.as_ref().map(|(_, spec)| spec))?;
    let (mut workshops, mut offers) = (Vec::new(), Vec::new());
    for name in library.workshops() {
        let workshop = library.workshop(&name)?;
        let lab = spec.as_ref().filter(|(_, spec)| spec.workshop == name);
        let times = match (transcripts, lab) {
            (Some(folder), _) => rehearsed::of_transcripts(folder)?,
            (None, Some((folder, _))) => rehearsed::of_lab(folder),
            (None, None) => BTreeMap::new(),
        };
        let open = lab.filter(|(folder, spec)| platform::running(spec.platform, &folder.platform()));
        let session = open.map(|(folder, spec)| session::open(global, folder, spec)).transpose()?;
        for track in workshop.in_order() {
            let done = session.as_ref().map(|session| session.progress(&track)).transpose()?.map(|steps| {
                steps.iter().filter(|step| matches!(step.state, State::Complete | State::Skipped)).count()
            });
            offers.push(offer(&workshop, &track, &times, done));
        }
        workshops.push(workshop);
    }
    Ok((workshops, offers))
}

fn offer(workshop: &Workshop, track: &str, times: &BTreeMap<String, Duration>, done: Option<usize>) -> Offer {
    let scenario = workshop.scenarios.get(track);
    let steps = scenario.map_or(&[][..], |scenario| &scenario.steps);
    // A time is only told where all of the track was rehearsed.
    let took = steps.iter().map(|step| times.get(&format!("{track}.{}", step.id.value)).copied());
    let mut needs = Vec::new();
    let requires = scenario.map(|scenario| &scenario.requires).into_iter();
    for requires in requires.chain(steps.iter().map(|step| &step.requires)) {
        let components = requires.components.iter().map(|component| component.name().to_owned());
        let tools = requires.tools.iter().filter(|(tool, _)| !workshop.environment.tools.contains_key(*tool));
        let tools = tools.map(|(tool, versions)| format!("{tool} {}", versions.value));
        for need in components.chain(tools) {
            if !needs.contains(&need) {
                needs.push(need);
            }
        }
    }
    Offer {
        workshop: workshop.id.clone(),
        track: track.to_owned(),
        title: workshop.tracks.get(track).map_or(track, |about| about.title.value.as_str()).to_owned(),
        teaches: workshop.teaches(track),
        difficulty: scenario.and_then(|scenario| scenario.difficulty),
        estimated: scenario.and_then(|scenario| scenario.estimated.as_ref()).map(|length| length.value.0),
        rehearsed: took.collect::<Option<Vec<_>>>().map(|took| took.into_iter().sum()),
        steps: steps.len(),
        needs,
        done,
        runs: done.is_some(),
    }
}

/// Lets a person choose a track whose lab runs; nothing when nobody is there to choose.
pub(super) fn choose(global: &Global) -> Result<Option<String>, Failure> {
    let (_, offers) = offers(global, None)?;
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
