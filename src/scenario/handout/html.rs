//! A handout as one page of HTML: no scripts, nothing from elsewhere, and a style that prints on A4 and on Letter.

use std::fmt::Write as _;
use std::time::Duration;

use super::collect::{Direction, Handout, HandoutStep, HandoutTrack};
use super::gates;
use super::markdown::{begin, capital, length};
use super::prose::{escaped, html, line};
use crate::scenario::glossary::{Word, unmarked};

/// How it looks, on a screen and on paper.
const STYLE: &str = include_str!("handout.css");

impl Handout {
    /// The whole page.
    pub fn html(&self) -> String {
        let title = escaped(&self.title);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
             <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        );
        if let Some(summary) = &self.summary {
            let _ = writeln!(page, "<div class=\"lead\">{}</div>", html(summary));
        }
        self.contents(&mut page);
        let _ = writeln!(page, "<h2>How to begin</h2>\n{}", html(&begin(self)));
        self.gates(&mut page);
        for track in &self.tracks {
            self.track(&mut page, track);
        }
        if !self.words.is_empty() {
            page.push_str("<section class=\"glossary\">\n<h2 id=\"words\">What words mean</h2>\n<dl>\n");
            self.words.iter().for_each(|word| self.word(&mut page, word));
            page.push_str("</dl>\n</section>\n");
        }
        page.push_str("</body>\n</html>\n");
        page
    }

    /// The tracks, who does them, and how long they take.
    fn contents(&self, page: &mut String) {
        page.push_str(
            "<table>\n<tr><th>Track</th><th>Who</th><th>Steps</th><th class=\"time\">Time</th></tr>\n",
        );
        for track in &self.tracks {
            let _ = writeln!(
                page,
                "<tr><td><a href=\"#track-{name}\">{}</a><br><span class=\"small\">{}</span></td><td>{}</td><td>{}</td>\
                 <td class=\"time\">{}</td></tr>",
                escaped(&track.title),
                line(&track.subtitle),
                escaped(&track.member.full_name),
                track.steps.len(),
                about(track.estimated),
                name = track.name,
            );
        }
        page.push_str("</table>\n");
    }

    /// Who waits for whom: a picture where it has all of it, and always a table.
    fn gates(&self, page: &mut String) {
        if self.gates.is_empty() {
            return;
        }
        let picture = gates::svg(self).unwrap_or_default();
        let class = if picture.is_empty() { "" } else { " class=\"picture\"" };
        let _ = write!(
            page,
            "<section{class}>\n<h2>Who waits for whom</h2>\n{picture}\
             <table>\n<tr><th>This step</th><th>waits for</th></tr>\n"
        );
        for (step, needs) in self.waits() {
            let needs = needs.iter().map(|need| self.link(need)).collect::<Vec<_>>().join(", ");
            let _ = writeln!(page, "<tr><td>{}</td><td>{needs}</td></tr>", self.link(step));
        }
        page.push_str("</table>\n</section>\n");
    }

    fn track(&self, page: &mut String, track: &HandoutTrack) {
        let _ = writeln!(
            page,
            "<section class=\"track\">\n<h2 id=\"track-{}\">{}</h2>\n<p class=\"lead\">{}</p>",
            track.name,
            escaped(&track.title),
            line(&track.subtitle)
        );
        let who = format!("{}, `{}`", track.member.full_name, track.member.name);
        let _ = writeln!(
            page,
            "<p class=\"place\">{} · {} steps · {}</p>",
            line(&who),
            track.steps.len(),
            about(track.estimated)
        );
        page.push_str(&track.summary.as_deref().map(html).unwrap_or_default());
        for (index, step) in track.steps.iter().enumerate() {
            self.step(page, index + 1, step);
        }
        if track.steps.iter().any(|step| !step.hints.is_empty()) {
            page.push_str("<h3 class=\"step\">Hints, for who is stuck</h3>\n");
        }
        for step in track.steps.iter().filter(|step| !step.hints.is_empty()) {
            let _ = writeln!(page, "<h4 id=\"hints-{}\">{}</h4>\n<ul>", step.step, self.link(&step.step));
            for hint in &step.hints {
                let _ = writeln!(page, "<li>{}</li>", line(&joined(hint)));
            }
            page.push_str("</ul>\n");
        }
        page.push_str("</section>\n");
    }

    fn step(&self, page: &mut String, number: usize, step: &HandoutStep) {
        let _ = writeln!(
            page,
            "<article class=\"step\" id=\"step-{id}\">\n<header>\n<h3>{number}. {}</h3>\n\
             <p class=\"place\"><span class=\"id\">{id}</span>{}{}</p>\n</header>",
            line(&step.title),
            step.estimated.map(|time| format!(" · {}", about(Some(time)))).unwrap_or_default(),
            if step.challenge { " · find the way yourself" } else { "" },
            id = step.step,
        );
        if !step.needs.is_empty() {
            let needs = step.needs.iter().map(|need| self.link(need)).collect::<Vec<_>>().join(", ");
            let _ = writeln!(page, "<div class=\"waits\"><p>Waits for {needs}.</p></div>");
        }
        page.push_str(&html(&step.explain));
        if !step.directions.is_empty() {
            page.push_str("<h4>Do</h4>\n");
        }
        for direction in &step.directions {
            let _ = match direction {
                Direction::Words(words) => writeln!(page, "<p class=\"tell\">{}</p>", line(&capital(words))),
                Direction::Lines(text) => {
                    writeln!(page, "<pre class=\"file\"><code>{}</code></pre>", escaped(text))
                }
                Direction::Commands(text) => writeln!(page, "<pre><code>{}</code></pre>", escaped(text)),
            };
        }
        goals(page, step);
        for (head, text) in [("Solution", &step.solution), ("For the trainer", &step.notes)] {
            if let Some(text) = text {
                let _ = writeln!(page, "<div class=\"trainer\"><h4>{head}</h4>\n{}</div>", html(text));
            }
        }
        page.push_str("</article>\n");
    }

    fn word(&self, page: &mut String, word: &Word) {
        let steps = word.first.iter().filter(|step| self.has(step));
        let first = steps.map(|step| self.link(step)).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            page,
            "<dt id=\"word-{}\">{} <span class=\"small\">{first}</span></dt>\n<dd>{}</dd>",
            word.anchor,
            escaped(&word.term),
            self.known_words(&word.text)
        );
    }

    /// A text whose marks lead to words that this handout has; others are plain.
    fn known_words(&self, text: &str) -> String {
        let known = |anchor: &str| self.words.iter().any(|word| word.anchor == anchor);
        let unknown = crate::scenario::glossary::marks(text).any(|mark| !known(mark.anchor));
        html(&if unknown { unmarked(text) } else { text.to_owned() })
    }

    fn has(&self, name: &str) -> bool {
        self.tracks.iter().flat_map(|track| &track.steps).any(|step| step.step == name)
    }

    /// A step's name, with a link where this handout has it.
    fn link(&self, name: &str) -> String {
        let shown = escaped(name);
        if self.has(name) {
            format!("<a class=\"id\" href=\"#step-{shown}\">{shown}</a>")
        } else {
            format!("<span class=\"id\">{shown}</span>")
        }
    }
}

/// What must become true, and what is asked.
fn goals(page: &mut String, step: &HandoutStep) {
    if !step.goals.is_empty() {
        page.push_str("<h4>Done, when</h4>\n<ul class=\"done\">\n");
        for goal in &step.goals {
            let _ = writeln!(page, "<li>{}</li>", line(&joined(goal)));
        }
        page.push_str("</ul>\n");
    }
    for question in &step.questions {
        let _ = writeln!(page, "<h4>A question</h4>\n<p>{}</p>", line(&joined(question)));
    }
    if !step.hints.is_empty() {
        let _ = writeln!(
            page,
            "<p class=\"small\"><a href=\"#hints-{}\">Hints</a> are at the end of the track.</p>",
            step.step
        );
    }
}

fn about(time: Option<Duration>) -> String {
    time.map(|time| format!("about {}", length(time))).unwrap_or_default()
}

/// A text of several lines as one.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
