//! A handout as Markdown. Marks of words are links to the headings of the glossary at its end.

use std::fmt::Write as _;
use std::time::Duration;

use super::collect::{Direction, Handout, HandoutStep, HandoutTrack};

impl Handout {
    /// The whole text.
    pub fn markdown(&self) -> String {
        let mut page = format!("# {}\n", self.title);
        if let Some(summary) = &self.summary {
            let _ = write!(page, "\n{}\n", summary.trim());
        }
        page.push_str("\n| track | who | steps | time |\n| --- | --- | --- | --- |\n");
        for track in &self.tracks {
            let time = track.estimated.map(length).unwrap_or_default();
            let (title, who) = (&track.title, &track.member.full_name);
            let _ = writeln!(page, "| {title} (`{}`) | {who} | {} | {time} |", track.name, track.steps.len());
        }
        let _ = write!(page, "\n## How to begin\n\n{}\n", begin(self));
        if !self.gates.is_empty() {
            page.push_str("\n## Who waits for whom\n\n| this step | waits for |\n| --- | --- |\n");
            for (step, needs) in self.waits() {
                let needs = needs.iter().map(|need| format!("`{need}`")).collect::<Vec<_>>().join(", ");
                let _ = writeln!(page, "| `{step}` | {needs} |");
            }
        }
        self.tracks.iter().for_each(|track| write_track(&mut page, track));
        if !self.words.is_empty() {
            page.push_str("\n## What words mean\n");
        }
        for word in &self.words {
            let _ = write!(page, "\n### {}\n\n{}\n", word.term, word.text);
        }
        page
    }
}

/// What people type first, Markdown.
pub(super) fn begin(handout: &Handout) -> String {
    let member = handout.tracks.first();
    let track = member.map_or("TRACK", |track| track.name.as_str());
    let actor = member.map_or("ACTOR", |track| track.member.name.as_str());
    let several = if handout.tracks.len() > 1 { ", or another track" } else { "" };
    let tools = handout.tools.iter().map(|tool| format!("`{tool}`")).collect::<Vec<_>>();
    let needs = match tools.as_slice() {
        [] => String::new(),
        tools => format!(" and {}", tools.join(", ")),
    };
    format!(
        "You need `atelier`{needs}. In one terminal, set up the lab and follow the track `{track}`{several}:\n\n    \
         atelier --workshop {} up\n    atelier learn {track}\n\n\
         Work in a second terminal. From its first line on you are `{actor}`, with this person's rights:\n\n    \
         eval \"$(atelier env {actor})\"\n    cd \"$ATELIER_WORK\"\n\n\
         The first window looks what you do, and goes on when a step is done. There, `h` gives a hint, `w` says what is \
         missing, `?` explains the marked words, `s` does the step for you, `q` leaves; `atelier learn {track}` goes on \
         where you were. At the end, `atelier down` removes the lab and everything in it.",
        handout.workshop
    )
}

/// A length of work as people plan it.
pub(super) fn length(time: Duration) -> String {
    let minutes = (time.as_secs() + 30) / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{} min", minutes.max(1)),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// A sentence with its first letter large.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

fn write_track(page: &mut String, track: &HandoutTrack) {
    let _ = write!(page, "\n## {}\n\n{}.\n", track.title, track.subtitle.trim_end_matches('.'));
    if let Some(summary) = &track.summary {
        let _ = write!(page, "\n{}\n", summary.trim());
    }
    for (index, step) in track.steps.iter().enumerate() {
        write_step(page, index + 1, step);
    }
    if track.steps.iter().any(|step| !step.hints.is_empty()) {
        page.push_str("\n### Hints, for who is stuck\n");
    }
    for step in track.steps.iter().filter(|step| !step.hints.is_empty()) {
        let _ = write!(page, "\n`{}`:\n\n", step.step);
        for hint in &step.hints {
            let _ = writeln!(page, "- {}", hint.replace('\n', "\n  "));
        }
    }
}

fn write_step(page: &mut String, number: usize, step: &HandoutStep) {
    let _ = write!(page, "\n### {number}. {}\n\n`{}`", step.title, step.step);
    if let Some(time) = step.estimated {
        let _ = write!(page, ", about {}", length(time));
    }
    if !step.needs.is_empty() {
        let needs = step.needs.iter().map(|need| format!("`{need}`")).collect::<Vec<_>>();
        let _ = write!(page, ", waits for {}", needs.join(", "));
    }
    let _ = write!(page, "\n\n{}\n", step.explain.trim());
    for direction in &step.directions {
        let _ = match direction {
            Direction::Words(words) => write!(page, "\n{}\n", capital(words)),
            Direction::Lines(text) => write!(page, "\n```yaml\n{text}\n```\n"),
            Direction::Commands(text) => write!(page, "\n```sh\n{text}\n```\n"),
        };
    }
    if !step.goals.is_empty() {
        page.push_str("\nDone, when\n\n");
    }
    for goal in &step.goals {
        let _ = writeln!(page, "- [ ] {}", goal.replace('\n', " "));
    }
    for question in &step.questions {
        let _ = write!(page, "\nA question: {question}\n");
    }
    for (head, text) in [("Solution", &step.solution), ("For the trainer", &step.notes)] {
        if let Some(text) = text {
            let _ = write!(page, "\n**{head}.** {}\n", text.trim());
        }
    }
}
