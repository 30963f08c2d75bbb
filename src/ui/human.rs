//! Events as lines for people.

use crate::events::{Event, Outcome};

use super::{Ui, duration};

/// How far the account of a step is set in.
const INDENT: &str = "    ";

/// The lines of one event; empty when there is nothing to say.
pub(super) fn event(ui: &Ui, event: &Event) -> String {
    let dim = ui.style().dim();
    match event {
        Event::StageStarted { .. } => String::new(),
        Event::StageWaiting { stage, waits_for } => {
            format!("{} {stage:<14}{}", dim.apply_to("…"), dim.apply_to(format!("waits until {waits_for}")))
        }
        Event::StageFinished { stage, outcome, took, detail } => {
            let mark = ui.style().green().apply_to("✓");
            let word = format!("{:<10}", outcome_word(*outcome));
            let line = format!("{mark} {stage:<14}{word}{:>8}   {}", duration(*took), dim.apply_to(detail));
            line.trim_end().to_owned()
        }
        Event::Note { text } => text.clone(),
        other => step(ui, other),
    }
}

/// The account of a step: what is done, which check waits for what, how long it took.
fn step(ui: &Ui, event: &Event) -> String {
    let dim = ui.style().dim();
    match event {
        Event::StepStarted { step, title, explain, played_as } => {
            let who = played_as
                .as_ref()
                .map(|actor| format!(" (played by atelier as {actor})"))
                .unwrap_or_default();
            let head = ui.style().bold().apply_to(format!("{step}: {title}{who}"));
            let text = console_wrap(explain.trim(), 96);
            format!("\n{head}\n{}", indent(&text, "  "))
        }
        Event::StepCommands { commands, .. } => {
            let lines = commands.iter().map(|command| indent(command.trim_end(), &format!("{INDENT}$ ")));
            lines.collect::<Vec<_>>().join("\n")
        }
        Event::Hint { text, .. } => {
            let mark = ui.style().cyan().apply_to("hint:");
            format!("{INDENT}{mark} {}", indent(&console_wrap(text.trim(), 90), INDENT).trim_start())
        }
        Event::StepSkipped { step } => format!("{INDENT}{step} is left out"),
        Event::StepGated { needs, while_waiting, .. } => {
            let mut text = format!("{INDENT}waits for {}", needs.join(", "));
            if let Some(meanwhile) = while_waiting {
                text = format!("{text}\n{}", indent(meanwhile.trim(), INDENT));
            }
            text
        }
        Event::ActionStarted { actor, shown, .. } => {
            let mut lines = shown.trim_end().lines();
            let first = format!("{INDENT}{} $ {}", dim.apply_to(actor), lines.next().unwrap_or_default());
            lines.fold(first, |text, line| format!("{text}\n{INDENT}    {line}"))
        }
        Event::ActionOutput { text, .. } => {
            dim.apply_to(indent(text.trim_end(), &format!("{INDENT}  | "))).to_string()
        }
        Event::ActionFinished { unchanged: true, .. } => {
            format!("{INDENT}{}", dim.apply_to("nothing to do: it is so already"))
        }
        Event::CheckWaiting { check, expects, observed, .. } => {
            let seen = dim.apply_to(format!("now: {observed}"));
            format!("{INDENT}{} {check}: waits until {expects}; {seen}", ui.style().yellow().apply_to("…"))
        }
        Event::CheckPassed { check, expects, took, .. } => {
            let mark = ui.style().green().apply_to("✓");
            format!("{INDENT}{mark} {check}: {expects} {}", dim.apply_to(format!("({})", duration(*took))))
        }
        Event::CheckFailed { check, expects, observed, took, .. } => {
            let mark = ui.style().red().apply_to("✗");
            format!(
                "{INDENT}{mark} {check}: {expects}: not so after {}\n{INDENT}  last seen: {observed}",
                duration(*took)
            )
        }
        Event::StepFinished { step, resumed: true, .. } => format!("{INDENT}{step} was complete before"),
        Event::StepFinished { step, took, .. } => {
            let mark = ui.style().green().bold().apply_to("✓");
            format!("  {mark} {step} complete {}", dim.apply_to(format!("({})", duration(*took))))
        }
        _ => String::new(),
    }
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

/// Wraps paragraphs at blanks; lines that are set in or begin a list keep their place.
fn console_wrap(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let structured = line.starts_with([' ', '\t', '-', '*', '`', '|', '#']) || line.trim().is_empty();
        if structured {
            lines.push(line.to_owned());
            open = false;
            continue;
        }
        for word in line.split_whitespace() {
            match lines.last_mut() {
                Some(last) if open && console::measure_text_width(last) + 1 + word.len() <= width => {
                    last.push(' ');
                    last.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
            open = true;
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::console_wrap;

    #[test]
    fn paragraphs_wrap_and_lists_stay() {
        let text = "one two three four\nfive\n\n- a b\n- c";
        assert_eq!(console_wrap(text, 9), "one two\nthree\nfour five\n\n- a b\n- c");
    }
}
