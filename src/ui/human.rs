//! Events as lines for people.

use crate::events::{Event, Link, LinkState, Meaning, Outcome};

use super::markdown::Page;
use super::{Ui, duration, minutes};

/// How far the account of a step is set in.
const INDENT: &str = "    ";
/// How far the text of a step is set in.
const TEXT: &str = "  ";
/// The most lines of a command's output that are shown: so many from its beginning, and as many as below from its end.
const OUTPUT_HEAD: usize = 8;
/// See above.
const OUTPUT_TAIL: usize = 3;
/// The most lines of a commit's difference that are shown.
const DIFFERENCE: usize = 24;

/// What has been said last, so that it need not be said again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Said {
    /// Something else.
    #[default]
    Other,
    /// That this check of this step is waited for.
    Waits(String, String),
}

/// The lines of one event; empty when there is nothing to say.
pub(super) fn event(ui: &Ui, said: &mut Said, event: &Event) -> String {
    let before = std::mem::take(said);
    let dim = ui.style().dim();
    match event {
        Event::StageStarted { .. } => String::new(),
        Event::StageWaiting { stage, waits_for } => {
            format!("{} {stage:<15} {}", dim.apply_to("…"), dim.apply_to(format!("waits until {waits_for}")))
        }
        Event::StageFinished { stage, outcome, took, detail } => {
            let mark = ui.style().green().apply_to("✓");
            let word = format!("{:<10}", outcome_word(*outcome));
            let line = format!("{mark} {stage:<15} {word}{:>8}   {}", duration(*took), dim.apply_to(detail));
            line.trim_end().to_owned()
        }
        Event::Note { text } => {
            let margin = &text[..text.len() - text.trim_start().len()];
            ui.page().wrapped(text.trim_start(), margin, margin)
        }
        Event::CheckWaiting { step, check, expects, observed } => {
            let now = ui.page().wrapped(observed, &format!("{INDENT}  now: "), &format!("{INDENT}       "));
            *said = Said::Waits(step.clone(), check.clone());
            if before == *said {
                return now;
            }
            let mark = ui.style().yellow().apply_to("…");
            let head = format!("waits until {expects}");
            format!("{}\n{now}", item(&ui.page(), &format!("{mark} {check}: "), &head))
        }
        Event::CheckPassed { step, check, expects, took } => {
            let mark = ui.style().green().apply_to("✓");
            let took = dim.apply_to(format!("({})", duration(*took)).replace(' ', "\u{a0}"));
            if before == Said::Waits(step.clone(), check.clone()) {
                return format!("{INDENT}{mark} {check} {took}");
            }
            item(&ui.page(), &format!("{mark} {check}: "), &format!("{expects} {took}"))
        }
        other => step(ui, other),
    }
}

/// The account of a step: what is done, which check waits for what, how long it took.
fn step(ui: &Ui, event: &Event) -> String {
    let (page, dim) = (ui.page(), ui.style().dim());
    match event {
        Event::StepStarted { .. } => begin(ui, event),
        Event::StepRecalled { step, title, explain } => {
            let head = page.wrapped(&format!("**{step} · {title}** (only shown)"), "", TEXT);
            format!("\n{head}\n\n{}\n", page.markdown(explain.trim(), TEXT))
        }
        Event::StepCommands { commands, .. } => told(ui, commands),
        Event::Hint { text, .. } => {
            let mark = ui.style().cyan().apply_to("hint:");
            let text = page.markdown(text, &format!("{INDENT}      "));
            format!("{INDENT}{mark} {}", text.trim_start())
        }
        Event::Words { words, .. } => {
            let line = |word: &Meaning| {
                page.wrapped(&format!("**{}**: {}", word.term, word.text), INDENT, &format!("{INDENT}  "))
            };
            words.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        Event::StepSkipped { step, reason: None } => format!("{INDENT}{step} is left out"),
        Event::StepSkipped { step, reason: Some(reason) } => {
            page.wrapped(&format!("{step} is left out: {reason}"), INDENT, &format!("{INDENT}  "))
        }
        Event::StepGated { .. } => gate(ui, event),
        Event::Chain { waited_for, detailed, links, .. } if !detailed => chain(ui, *waited_for, links),
        Event::Chain { links, .. } => why(ui, links),
        Event::ActionStarted { actor, shown, .. } => {
            let who = dim.apply_to(actor);
            if let Some(comment) = shown.strip_prefix("# ") {
                return page.wrapped(comment, &format!("{INDENT}{who} … "), &format!("{INDENT}  "));
            }
            let mut lines = shown.trim_end().lines();
            let first = format!("{INDENT}{who} $ {}", lines.next().unwrap_or_default());
            let margin = " ".repeat(console::measure_text_width(actor) + 3);
            lines.fold(first, |text, line| format!("{text}\n{INDENT}{margin}{line}"))
        }
        Event::ActionOutput { text, .. } => {
            dim.apply_to(indent(&shortened(text), &format!("{INDENT}  | "))).to_string()
        }
        Event::ActionChanged { difference, .. } => changed(ui, difference),
        Event::ActionFinished { unchanged: true, .. } => {
            format!("{INDENT}  {}", dim.apply_to("nothing to do: it is so already"))
        }
        Event::ActionFinished { took, .. } if took.as_secs() >= 1 => {
            format!("{INDENT}  {}", dim.apply_to(format!("took {}", duration(*took))))
        }
        Event::CheckFailed { check, expects, observed, took, .. } => {
            let mark = ui.style().red().apply_to("✗");
            let head = item(&page, &format!("{mark} {check}: "), expects);
            let seen = page.wrapped(observed, &format!("{INDENT}  now: "), &format!("{INDENT}       "));
            format!("{head}\n{INDENT}  not so after {}\n{seen}", duration(*took))
        }
        Event::StepFinished { step, resumed: true, .. } => {
            format!("{TEXT}{} {step} was complete before", ui.style().green().apply_to("✓"))
        }
        Event::StepFinished { step, took, .. } => {
            let mark = ui.style().green().bold().apply_to("✓");
            format!("{TEXT}{mark} {step} complete {}", dim.apply_to(format!("({})", duration(*took))))
        }
        _ => String::new(),
    }
}

/// The head and the text of a step. What others do is not explained to those who wait for it.
fn begin(ui: &Ui, event: &Event) -> String {
    let Event::StepStarted { step, title, explain, played_as, number, of, estimated, left } = event else {
        return String::new();
    };
    let head = format!("**{step} · {title}**");
    if let Some(actor) = played_as {
        return format!(
            "\n{}",
            ui.page().wrapped(&format!("{head} (played by atelier as {actor})"), "", TEXT)
        );
    }
    let head = ui.page().wrapped(&head, "", TEXT);
    let mut place = format!("step {number} of {of}");
    if let Some(estimated) = estimated {
        place = format!("{place} · about {}", minutes(*estimated));
    }
    if number < of && !left.is_zero() {
        place = format!("{place}, {} to the end", minutes(*left));
    }
    let place = ui.style().dim().apply_to(place);
    format!("\n{head}\n{TEXT}{place}\n\n{}\n", ui.page().markdown(explain.trim(), TEXT))
}

/// What a learner is to do: what to write, and what to type.
fn told(ui: &Ui, commands: &[String]) -> String {
    let (page, cyan) = (ui.page(), ui.style().cyan());
    let line = |line: &str| match line.strip_prefix("# ") {
        Some(comment) => page.wrapped(comment, &format!("{INDENT}# "), &format!("{INDENT}# ")),
        None if line.starts_with("  ") || line.is_empty() => format!("{INDENT}{}", tinted(ui, line)),
        None => format!("{INDENT}{}{line}", cyan.apply_to("$ ")),
    };
    let lines = commands.iter().flat_map(|command| command.trim_end().lines()).map(line);
    format!("{}\n", lines.collect::<Vec<_>>().join("\n"))
}

/// A line of a difference that is set in, in its colour.
fn tinted(ui: &Ui, line: &str) -> String {
    match line.trim_start().chars().next() {
        Some('+') => ui.style().green().apply_to(line).to_string(),
        Some('-') if line.starts_with("  -") && !line.starts_with("  - ") => {
            ui.style().red().apply_to(line).to_string()
        }
        _ => line.to_owned(),
    }
}

/// Who is waited for, and how to go on.
fn gate(ui: &Ui, event: &Event) -> String {
    let Event::StepGated { step, needs, who, while_waiting } = event else { return String::new() };
    let page = ui.page();
    let head = page.wrapped(&format!("**{step} waits for {}**", needs.join(", ")), "", TEXT);
    let mut lines =
        vec![format!("\n{head}"), page.wrapped(&format!("That is to be done by: {who}."), TEXT, TEXT)];
    if let Some(meanwhile) = while_waiting {
        lines.push(page.markdown(meanwhile.trim(), TEXT));
    }
    let way = if ui.is_interactive() {
        "You are alone? Press `p`, and atelier plays it for you."
    } else {
        "You are alone? `--play others` lets atelier play it for you."
    };
    lines.push(page.wrapped(way, TEXT, TEXT));
    lines.join("\n") + "\n"
}

/// The whole chain in a line, and which link of it is open.
fn chain(ui: &Ui, waited_for: bool, links: &[Link]) -> String {
    let style = ui.style();
    let shown = |link: &Link| match link.state {
        LinkState::Passed => style.clone().green().apply_to(format!("{} ✓", link.check)).to_string(),
        LinkState::Open => style.clone().yellow().bold().apply_to(format!("[{} …]", link.check)).to_string(),
        LinkState::Later => style.clone().dim().apply_to(&link.check).to_string(),
    };
    let mut text = format!("{INDENT}{}", if waited_for { "they are at: " } else { "" });
    let mut used = console::measure_text_width(&text);
    for (index, link) in links.iter().enumerate() {
        let arrow = if index > 0 { " → " } else { "" };
        let link = format!("{arrow}{}", shown(link));
        let width = console::measure_text_width(&link);
        // A link is not broken.
        if index > 0 && used + width > ui.page().width {
            text = format!("{text}\n{INDENT} ");
            used = INDENT.len() + 1;
        }
        text.push_str(&link);
        used += width;
    }
    text
}

/// Every link of the chain: what it waits for, and what was seen.
fn why(ui: &Ui, links: &[Link]) -> String {
    let page = ui.page();
    let line = |link: &Link| match link.state {
        LinkState::Passed => {
            let mark = ui.style().green().apply_to("✓");
            item(&page, &format!("{mark} {}: ", link.check), &link.expects)
        }
        LinkState::Open => {
            let mark = ui.style().yellow().apply_to("→");
            let head =
                item(&page, &format!("{mark} {}: ", link.check), &format!("waits until {}", link.expects));
            let now = page.wrapped(&link.observed, &format!("{INDENT}  now: "), &format!("{INDENT}       "));
            format!("{head}\n{now}")
        }
        LinkState::Later if link.expects.is_empty() => format!("{INDENT}· {}", link.check),
        LinkState::Later => item(&page, &format!("· {}: ", link.check), &link.expects),
    };
    links.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What a commit has changed: files, and lines with a sign before them.
fn changed(ui: &Ui, difference: &str) -> String {
    let mut lines = Vec::new();
    for line in difference.lines().take(DIFFERENCE) {
        let line = ui.page().cut(line, INDENT.len() + 4);
        let shown = match line.chars().next() {
            Some('+') => ui.style().green().apply_to(&line).to_string(),
            Some('-') => ui.style().red().apply_to(&line).to_string(),
            Some(' ' | '…') => ui.style().dim().apply_to(&line).to_string(),
            _ => ui.style().bold().apply_to(&line).to_string(),
        };
        lines.push(format!("{INDENT}  | {shown}"));
    }
    let more = difference.lines().count().saturating_sub(DIFFERENCE);
    if more > 0 {
        lines.push(format!("{INDENT}  | {}", ui.style().dim().apply_to(format!("… {more} lines more"))));
    }
    lines.join("\n")
}

/// The beginning and the end of an output.
fn shortened(text: &str) -> String {
    let lines: Vec<_> = text.trim_end().lines().collect();
    if lines.len() <= OUTPUT_HEAD + OUTPUT_TAIL + 1 {
        return lines.join("\n");
    }
    let more = format!("… {} lines more", lines.len() - OUTPUT_HEAD - OUTPUT_TAIL);
    let end = &lines[lines.len() - OUTPUT_TAIL..];
    [&lines[..OUTPUT_HEAD], &[more.as_str()], end].concat().join("\n")
}

/// A line of the account with its mark; what does not fit goes on below, set in.
fn item(page: &Page, mark: &str, text: &str) -> String {
    page.wrapped(text, &format!("{INDENT}{mark}"), &format!("{INDENT}  "))
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unchanged => "Unchanged",
        Outcome::Created => "Created",
        Outcome::Updated => "Updated",
        Outcome::Removed => "Removed",
    }
}

fn indent(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
