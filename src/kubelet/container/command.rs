//! What a container's command does, as far as that can be told without running it: `echo`, `sleep`, `true`, `false`
//! and `exit`, alone or as a script of `sh -c`, in which variables are followed. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A line of the log.
    Say(String),
    /// Some time passes.
    Wait(Duration),
}

/// Everything that a command does, and the exit code at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) code: i32,
}

/// The variables of a container.
type Environment = BTreeMap<String, String>;

/// The programs of which it is known what they do.
const SIMULATED: [&str; 9] = ["sh", "ash", "bash", "echo", "sleep", "true", "false", "exit", ":"];

/// Whether a program, without its folder, is one of which it is known what it does.
pub(in super::super) fn is_simulated(program: &str) -> bool {
    SIMULATED.contains(&program)
}

/// A script has at most so many commands; the rest is left out.
const MOST_STEPS: usize = 256;

impl Plan {
    /// The plan of a command and its arguments. Without any, an image does something short that goes well.
    pub(super) fn of(words: &[String], environment: &Environment) -> Self {
        let mut plan = Self::default();
        let shell = words.first().and_then(|word| word.rsplit('/').next());
        match (shell, words.get(1).map(String::as_str), words.get(2)) {
            (Some("sh" | "ash" | "bash"), Some(flags), Some(script))
                if flags.starts_with('-') && flags.ends_with('c') =>
            {
                plan.script(script, environment);
            }
            _ if words.is_empty() => {}
            _ => {
                plan.run(words);
            }
        }
        plan
    }

    fn script(&mut self, script: &str, environment: &Environment) {
        let script = script.replace("&&", "\u{1}").replace("||", "\u{2}").replace([';', '\n'], "\u{3}");
        let mut skip = false;
        for command in script.split_inclusive(['\u{1}', '\u{2}', '\u{3}']).take(MOST_STEPS) {
            let (command, joint) = match command.char_indices().last() {
                Some((at, joint @ ('\u{1}'..='\u{3}'))) => (&command[..at], joint),
                _ => (command, '\u{3}'),
            };
            let words = words(command, environment);
            if !skip && !words.is_empty() && self.run(&words) {
                return;
            }
            skip = match joint {
                '\u{1}' => self.code != 0,
                '\u{2}' => self.code == 0,
                _ => false,
            };
        }
    }

    /// Adds a command; true when it ends the script.
    fn run(&mut self, words: &[String]) -> bool {
        let program = words[0].rsplit('/').next().unwrap_or_default();
        let first = words.get(1).map(String::as_str);
        self.code = 0;
        match program {
            "exit" => {
                self.code = first.and_then(|code| code.parse::<u8>().ok()).unwrap_or_default().into();
                return true;
            }
            "true" | ":" | "set" => {}
            "false" => self.code = 1,
            "echo" => self.steps.push(Step::Say(words[1..].join(" "))),
            "sleep" => match first.and_then(time) {
                Some(time) => self.steps.push(Step::Wait(time)),
                None => self.code = 1,
            },
            _ => self.steps.push(Step::Say(format!("{program}: not simulated, and taken as done"))),
        }
        false
    }
}

fn time(text: &str) -> Option<Duration> {
    if text == "infinity" {
        return Some(Duration::from_secs(u64::from(u32::MAX)));
    }
    let (digits, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(digits) => (digits, &text[digits.len()..]),
        None => (text, "s"),
    };
    let seconds = match unit {
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => 1.0,
    };
    let seconds = digits.parse::<f64>().ok()? * seconds;
    Duration::try_from_secs_f64(seconds.min(f64::from(u32::MAX))).ok()
}

/// Splits at white space outside of quotes, which are taken off. Outside of single ones, `$NAME` and `${NAME}` stand
/// for their values.
fn words(command: &str, environment: &Environment) -> Vec<String> {
    let (mut words, mut quote, mut inside) = (vec![String::new()], None, false);
    let mut letters = command.chars().peekable();
    while let Some(letter) = letters.next() {
        let last = words.last_mut().expect("there is always one");
        match (quote, letter) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => (quote, inside) = (Some(letter), true),
            (None, space) if space.is_whitespace() => {
                if inside {
                    words.push(String::new());
                }
                inside = false;
            }
            (None | Some('"'), '$') => {
                let braced = letters.next_if_eq(&'{').is_some();
                let mut name = String::new();
                while let Some(part) = letters.next_if(|it| it.is_ascii_alphanumeric() || *it == '_') {
                    name.push(part);
                }
                if braced {
                    letters.next_if_eq(&'}');
                }
                inside = true;
                last.push_str(if name.is_empty() { "$" } else { environment.get(&name).map_or("", |it| it) });
            }
            _ => {
                inside = true;
                last.push(letter);
            }
        }
    }
    if !inside {
        words.pop();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(words: &[&str]) -> Plan {
        let known = BTreeMap::from([("NAME".to_owned(), "world".to_owned())]);
        Plan::of(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(), &known)
    }

    #[test]
    fn scripts_do_what_they_say() {
        let say = |text: &str| Step::Say(text.to_owned());
        assert_eq!(plan(&[]), Plan::default());
        assert_eq!(plan(&["/bin/false"]), Plan { steps: Vec::new(), code: 1 });
        let script = "echo 'hello  world'; sleep 0.5 && echo done\nfalse && echo never; exit 3; echo never";
        let steps = vec![say("hello  world"), Step::Wait(Duration::from_millis(500)), say("done")];
        assert_eq!(plan(&["sh", "-c", script]), Plan { steps, code: 3 });
        assert_eq!(plan(&["bash", "-ec", "true || echo no"]), Plan::default());
        let steps = vec![say("perl: not simulated, and taken as done")];
        assert_eq!(plan(&["/usr/bin/perl", "-e", "print"]), Plan { steps, code: 0 });
        let script = r#"echo "Hello ${NAME}s" $NAME '$NAME' $NOBODY 5$"#;
        assert_eq!(plan(&["sh", "-c", script]).steps, [say("Hello worlds world $NAME  5$")]);
        assert_eq!(plan(&["sleep", "2m"]).steps, [Step::Wait(Duration::from_mins(2))]);
        assert_eq!(plan(&["sleep", "long"]).code, 1);
    }
}
