//! From lines to instructions.

use super::instruction::{Dockerfile, Instruction, Origin, Step};
use super::lines::{Line, lines, wrong};
use super::words::{Variables, escape, expand, split};
use crate::artifacts::Error;

/// What there is beside what is read, and why it is not.
const REFUSED: [(&str, &str); 9] = [
    ("RUN", "nothing runs while an image is built here; put what it makes into the folder"),
    ("ADD", "`COPY` adds files of the folder"),
    ("ARG", "`ENV` sets a variable"),
    ("VOLUME", "Pods say what is mounted"),
    ("HEALTHCHECK", "Pods have probes"),
    ("ONBUILD", "nothing is built on it by itself"),
    ("SHELL", "shell forms run with `/bin/sh -c`"),
    ("STOPSIGNAL", "programs end at SIGTERM"),
    ("MAINTAINER", "`LABEL org.opencontainers.image.authors=` says it"),
];

impl Dockerfile {
    /// Reads a Dockerfile.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut lines = lines(bytes)?.into_iter();
        let first =
            lines.next().ok_or_else(|| wrong(1, "there is no instruction; the first one is `FROM`"))?;
        let (word, rest) = cut(&first.text);
        if !word.eq_ignore_ascii_case("FROM") {
            let refused = known(first.number, word).err();
            return Err(
                refused.unwrap_or_else(|| wrong(first.number, format!("`{word}` comes before `FROM`")))
            );
        }
        let from = origin(first.number, rest)?;
        let steps = lines.map(|line| step(&line)).collect::<Result<_, _>>()?;
        Ok(Self { from, line: first.number, steps })
    }
}

/// The first word and the rest.
fn cut(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

/// Refuses what is not one of ours.
fn known(line: usize, word: &str) -> Result<(), Error> {
    let upper = word.to_ascii_uppercase();
    if let Some((name, advice)) = REFUSED.iter().find(|(name, _)| *name == upper) {
        return Err(wrong(line, format!("`{name}` is not supported: {advice}")));
    }
    let ours = ["FROM", "COPY", "ENV", "EXPOSE", "USER", "WORKDIR", "ENTRYPOINT", "CMD", "LABEL"];
    if ours.contains(&upper.as_str()) {
        return Ok(());
    }
    let word: String = word.chars().take(40).collect();
    Err(wrong(line, format!("`{word}` is no instruction; those that are supported are {}", ours.join(", "))))
}

fn origin(line: usize, rest: &str) -> Result<Origin, Error> {
    let words = rest.split_whitespace().collect::<Vec<_>>();
    let image = match words.as_slice() {
        [flag, ..] if flag.starts_with("--") => {
            return Err(wrong(
                line,
                format!("`FROM {flag}` is not supported: `--platform` is an option of the command"),
            ));
        }
        [image] => image,
        [image, word, _] if word.eq_ignore_ascii_case("AS") => image,
        _ => return Err(wrong(line, "`FROM` names one image, or `scratch`")),
    };
    if image.contains('$') {
        return Err(wrong(
            line,
            format!("`FROM {image}` is not supported: there are no variables before it"),
        ));
    }
    Ok(if *image == "scratch" { Origin::Scratch } else { Origin::Image((*image).to_owned()) })
}

fn step(line: &Line) -> Result<Step, Error> {
    let number = line.number;
    let (word, rest) = cut(&line.text);
    known(number, word)?;
    let name = word.to_ascii_uppercase();
    if rest.is_empty() {
        return Err(wrong(number, format!("`{name}` says nothing")));
    }
    let told = |reason: String| wrong(number, reason);
    let instruction = match name.as_str() {
        "FROM" => {
            return Err(wrong(
                number,
                "a second `FROM` is not supported: an image is built in one stage here",
            ));
        }
        "COPY" => copy(number, rest)?,
        "ENV" => Instruction::Env(pairs(&name, rest).map_err(told)?),
        "LABEL" => Instruction::Label(pairs(&name, rest).map_err(told)?),
        "EXPOSE" => Instruction::Expose(rest.split_whitespace().map(str::to_owned).collect()),
        "USER" => Instruction::User(rest.to_owned()),
        "WORKDIR" => Instruction::Workdir(rest.to_owned()),
        "ENTRYPOINT" => Instruction::Entrypoint(command(rest)),
        _ => Instruction::Cmd(command(rest)),
    };
    Ok(Step { line: number, shown: format!("{name} {rest}"), instruction })
}

/// The program of `ENTRYPOINT` and `CMD`: a list in JSON is taken as it is, anything else is for a shell.
fn command(rest: &str) -> Vec<String> {
    list(rest).unwrap_or_else(|| vec!["/bin/sh".to_owned(), "-c".to_owned(), rest.to_owned()])
}

fn list(rest: &str) -> Option<Vec<String>> {
    if rest.starts_with('[') { serde_json::from_str(rest).ok() } else { None }
}

fn copy(line: usize, rest: &str) -> Result<Instruction, Error> {
    let (mut rest, mut executable) = (rest, None);
    while rest.starts_with("--") {
        let (flag, after) = cut(rest);
        executable = match flag.split_once('=').unwrap_or((flag, "")) {
            ("--link", "" | "true" | "false") | ("--chown", "0" | "0:0" | "root" | "root:root") => executable,
            ("--chmod", "755" | "0755") => Some(true),
            ("--chmod", "644" | "0644") => Some(false),
            ("--chmod", mode) => {
                return Err(wrong(
                    line,
                    format!("`COPY --chmod={mode}` is not supported: modes are 644 and 755"),
                ));
            }
            ("--chown", owner) => {
                return Err(wrong(
                    line,
                    format!("`COPY --chown={owner}` is not supported: files belong to root"),
                ));
            }
            _ => {
                return Err(wrong(
                    line,
                    format!("`COPY {flag}` is not supported: files come from the folder"),
                ));
            }
        };
        rest = after;
    }
    if rest.starts_with("<<") {
        return Err(wrong(line, "`COPY <<` is not supported: put the file into the folder"));
    }
    let mut words: Vec<String> = match list(rest) {
        // What a list has is not quoted again.
        Some(words) => words.iter().map(|word| escape(word, "\\'\"")).collect(),
        None => split(rest).map_err(|reason| wrong(line, reason))?,
    };
    match (words.pop(), words.is_empty()) {
        (Some(target), false) => Ok(Instruction::Copy { sources: words, target, executable }),
        _ => Err(wrong(line, "`COPY` names what is copied, and where to")),
    }
}

/// `name=value` pairs; or, as of old, one name and its value after a space.
fn pairs(instruction: &str, rest: &str) -> Result<Vec<(String, String)>, String> {
    let words = split(rest)?;
    let bare = |name: &str| expand(name, &Variables::new());
    if !words.first().is_some_and(|word| word.contains('=')) {
        let (name, value) = cut(rest);
        if value.is_empty() {
            return Err(format!("`{instruction}` is written `{instruction} name=value`"));
        }
        return Ok(vec![(bare(name)?, value.to_owned())]);
    }
    let pair = |word: &String| match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((bare(name)?, value.to_owned())),
        _ => Err(format!("`{word}` is not `name=value`; quote a value with spaces")),
    };
    words.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Instruction> {
        Dockerfile::parse(text.as_bytes()).unwrap().steps.into_iter().map(|step| step.instruction).collect()
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn every_instruction_is_read() {
        let text = "# syntax=docker/dockerfile:1\n# a comment\nFROM forge/x:1 AS base\n\nCOPY --chmod=755 a \"b c\" /srv/\ncopy [\"d\", \"/e\"]\n\
            ENV A=1 B=\"two words\"\nENV C three\nEXPOSE 80 53/udp\nUSER 65534:65534\nWORKDIR /srv\n\
            ENTRYPOINT [\"/bin/x\", \\\n  # in between\n  \"--y\"]\nCMD echo hi\nLABEL a=b\n";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            read(text),
            [
                Instruction::Copy {
                    sources: words(&["a", "\"b c\""]),
                    target: "/srv/".to_owned(),
                    executable: Some(true)
                },
                Instruction::Copy { sources: words(&["d"]), target: "/e".to_owned(), executable: None },
                Instruction::Env(vec![pair("A", "1"), pair("B", "\"two words\"")]),
                Instruction::Env(vec![pair("C", "three")]),
                Instruction::Expose(words(&["80", "53/udp"])),
                Instruction::User("65534:65534".to_owned()),
                Instruction::Workdir("/srv".to_owned()),
                Instruction::Entrypoint(words(&["/bin/x", "--y"])),
                Instruction::Cmd(words(&["/bin/sh", "-c", "echo hi"])),
                Instruction::Label(vec![pair("a", "b")]),
            ]
        );
    }

    #[test]
    fn what_is_not_supported_is_refused_with_its_line() {
        for (text, expected) in [
            ("", "line 1: there is no instruction; the first one is `FROM`"),
            ("COPY a b", "line 1: `COPY` comes before `FROM`"),
            ("ARG a", "line 1: `ARG` is not supported: `ENV` sets a variable"),
            (
                "FROM a\n\nRUN \\\n make",
                "line 3: `RUN` is not supported: nothing runs while an image is built here; put what it makes into the folder",
            ),
            (
                "FROM a\nFROM b",
                "line 2: a second `FROM` is not supported: an image is built in one stage here",
            ),
            (
                "FROM --platform=x a",
                "line 1: `FROM --platform=x` is not supported: `--platform` is an option of the command",
            ),
            ("FROM $A", "line 1: `FROM $A` is not supported: there are no variables before it"),
            (
                "FROM a\nCOPY --from=b c d",
                "line 2: `COPY --from=b` is not supported: files come from the folder",
            ),
            ("FROM a\nCOPY c", "line 2: `COPY` names what is copied, and where to"),
            ("FROM a\nCOPY <<E /x", "line 2: `COPY <<` is not supported: put the file into the folder"),
            ("FROM a\nENV A=1 B", "line 2: `B` is not `name=value`; quote a value with spaces"),
            ("FROM a\nUSER", "line 2: `USER` says nothing"),
            (
                "FROM a\nCOYP a b",
                "line 2: `COYP` is no instruction; those that are supported are FROM, COPY, ENV, EXPOSE, USER, WORKDIR, ENTRYPOINT, CMD, LABEL",
            ),
            ("# escape=`\nFROM a", "line 1: `escape=`` is not supported: only `\\` goes on with a line"),
        ] {
            let error = Dockerfile::parse(text.as_bytes()).unwrap_err().to_string();
            assert_eq!(error, format!("`Dockerfile`, {expected}"), "{text}");
        }
        assert_eq!(
            Dockerfile::parse(b"FROM a\nUSER \xff").unwrap_err().to_string(),
            "`Dockerfile`, line 2: it is not text in UTF-8"
        );
    }
}
