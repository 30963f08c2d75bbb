//! Holds the shape of the source tree: the import table in `src/lib.rs`, the size of files, `mod.rs` without logic,
//! a first line that tells what a file is for, and no file that could hold anything.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::support::source::{Source, blank};

/// The most lines that a file may have, unit tests not counted.
const MOST_LINES: usize = 600;

/// Names that say nothing about what is inside.
const DRAWERS: [&str; 5] = ["utils", "helpers", "common", "manager", "imp"];

/// Which folders a folder may import.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Allowed {
    /// Every one.
    All,
    /// These.
    Named(BTreeSet<String>),
}

impl Allowed {
    fn has(&self, folder: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(folder),
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Named(names), Self::Named(more)) => Self::Named(names.into_iter().chain(more).collect()),
            _ => Self::All,
        }
    }
}

/// The table, by folder.
type Rules = BTreeMap<String, Allowed>;

#[test]
fn imports_follow_the_table() {
    let sources = Source::all();
    let rules = rules(&sources.iter().find(|source| source.path == "src/lib.rs").unwrap().text);
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|source| !["lib", "main"].contains(&source.folder())) {
        let Some(allowed) = rule(&rules, &source.path) else {
            wrong.push(format!("{}: not in the table of src/lib.rs", source.path));
            continue;
        };
        for (offset, target) in imports(&source.code) {
            if target != source.folder() && !allowed.has(&target) {
                let (path, line) = (&source.path, source.line(offset));
                wrong.push(format!("{path}:{line}: `{}` must not import `{target}`", source.folder()));
            }
        }
        wrong.extend(climbs(source));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_the_table_exists() {
    let sources = Source::all();
    let folders = sources.iter().map(Source::folder).collect::<BTreeSet<_>>();
    let table = &sources.iter().find(|source| source.path == "src/lib.rs").unwrap().text;
    // Rooms of later issues stand in the table before they stand in the tree.
    let later = ["registry"];
    let unknown = |name: &&String| {
        !folders.contains(name.split('/').next().unwrap()) && !later.contains(&name.as_str())
    };
    let rules = rules(table);
    let targets = rules.values().filter_map(|allowed| match allowed {
        Allowed::All => None,
        Allowed::Named(names) => Some(names),
    });
    let named = rules.keys().chain(targets.flatten());
    assert_eq!(named.filter(unknown).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn files_are_small_explained_and_named_after_something() {
    let mut wrong = Vec::new();
    for source in Source::all() {
        let path = &source.path;
        let lines = source.production().lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{path}: {lines} lines, at most {MOST_LINES} without unit tests"));
        }
        if !source.text.starts_with("//! ") {
            wrong.push(format!("{path}:1: does not begin with `//!` and what the file is for"));
        }
        if path.split('/').any(|part| DRAWERS.contains(&part.trim_end_matches(".rs"))) {
            wrong.push(format!("{path}: the name says nothing about what is inside"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn mod_files_hold_no_logic() {
    let mut wrong = Vec::new();
    for source in Source::all().iter().filter(|source| source.path.ends_with("/mod.rs")) {
        for (offset, name) in functions_with_statements(source.production()) {
            let (path, line) = (&source.path, source.line(offset));
            wrong.push(format!("{path}:{line}: `{name}` has statements; move it to a file of its own"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Reads the table of `src/lib.rs`. A row for a folder inside a folder adds to the row of the outer one.
fn rules(lib: &str) -> Rules {
    let word = Regex::new("`([a-z_/0-9]+)`").unwrap();
    let words =
        |cell: &str| word.captures_iter(cell).map(|found| found[1].to_owned()).collect::<BTreeSet<_>>();
    let mut rules = Rules::new();
    for row in lib.lines().filter_map(|line| line.strip_prefix("//! | `")) {
        let (folders, targets) = row.split_once(" | ").unwrap();
        let targets = match targets.trim_end_matches(" |") {
            "all" | "every folder's error type" => Allowed::All,
            named => Allowed::Named(words(named)),
        };
        for folder in words(&format!("`{folders}")) {
            rules.insert(folder, targets.clone());
        }
    }
    rules
}

/// The rule for a file: all rows whose folder it lies in, together.
fn rule(rules: &Rules, path: &str) -> Option<Allowed> {
    let inside =
        |folder: &str| path.starts_with(&format!("src/{folder}/")) || path == format!("src/{folder}.rs");
    let rows = rules.iter().filter(|(folder, _)| inside(folder)).map(|(_, allowed)| allowed.clone());
    rows.reduce(Allowed::and)
}

/// The folders that code names by `crate::`, one or several in braces, each with its offset.
fn imports(code: &str) -> Vec<(usize, String)> {
    let start = Regex::new(r"\bcrate\s*::\s*").unwrap();
    let mut found = Vec::new();
    for place in start.find_iter(code) {
        let rest = &code[place.end()..];
        if !rest.starts_with('{') {
            found.push((place.start(), first_word(rest)));
            continue;
        }
        let (mut depth, mut begin) = (0, 1);
        for (index, byte) in rest.bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b',' | b'}' if depth == 1 => {
                    found.push((place.end() + begin, first_word(&rest[begin..index])));
                    begin = index + 1;
                }
                _ => (),
            }
            if byte == b'}' {
                depth -= 1;
            }
            if depth == 0 {
                break;
            }
        }
    }
    found.retain(|(_, word)| !word.is_empty());
    found
}

fn first_word(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Places where `super::super` leaves the file's top folder, which `crate::` would have to say.
fn climbs(source: &Source) -> Vec<String> {
    let inner = source.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = inner.split('/').count();
    let chain = Regex::new(r"\b(?:super\s*::\s*)+").unwrap();
    let leaves = |place: &regex::Match| place.as_str().matches("super").count() >= depth;
    let tell = |place: regex::Match| {
        format!(
            "{}:{}: `super` leaves `{}`; say `crate::`",
            source.path,
            source.line(place.start()),
            source.folder()
        )
    };
    chain.find_iter(source.production()).filter(leaves).map(tell).collect()
}

/// Functions whose body is more than one expression, which may be a match over all cases.
fn functions_with_statements(code: &str) -> Vec<(usize, String)> {
    let function = Regex::new(r"\bfn\s+([a-z_0-9]+)").unwrap();
    let mut found = Vec::new();
    for place in function.captures_iter(code) {
        let (start, name) = (place.get(0).unwrap().start(), place[1].to_owned());
        let rest = &code[start..];
        let Some(open) = rest.find(['{', ';']).filter(|&at| rest.as_bytes()[at] == b'{') else { continue };
        let mut depth = 0;
        let ends = |&(_, byte): &(usize, u8)| {
            depth += i32::from(byte == b'{') - i32::from(byte == b'}');
            depth == 0
        };
        let close = rest.bytes().enumerate().skip(open).find(ends).map_or(rest.len(), |(at, _)| at);
        if rest[open..close].contains(';') {
            found.push((start, name));
        }
    }
    found
}

#[test]
fn imports_are_found_in_every_form() {
    let code =
        "use crate::a::B;\nuse crate::{c::{D, E}, f, g::H as I};\nfn x() { crate::j::k(); $crate::l!(); }";
    let words = imports(code).into_iter().map(|(_, word)| word).collect::<Vec<_>>();
    assert_eq!(words, ["a", "c", "f", "g", "j", "l"]);
    assert_eq!(imports(&blank("// crate::a\n\"crate::b\"")), []);
}

#[test]
fn rows_of_inner_folders_add_to_the_outer_one() {
    let table = "//! | `a`, `b` | nothing of ours |\n//! | `c` | `a` |\n//! | `c/d` | also `b` |\n//! | `e` | all |\n";
    let rules = rules(table);
    let named = |names: &[&str]| Allowed::Named(names.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(rule(&rules, "src/a.rs"), Some(named(&[])));
    assert_eq!(rule(&rules, "src/c/x.rs"), Some(named(&["a"])));
    assert_eq!(rule(&rules, "src/c/d/x.rs"), Some(named(&["a", "b"])));
    assert_eq!(rule(&rules, "src/e/x.rs"), Some(Allowed::All));
    assert_eq!(rule(&rules, "src/z/x.rs"), None);
}

#[test]
fn statements_are_found_and_expressions_are_not() {
    let code =
        "fn a(&self);\nfn b() -> u8 { match x { _ => 1 } }\nfn c() { let x = 1; x }\nasync fn d() { e(); }";
    let names = functions_with_statements(code).into_iter().map(|(_, name)| name).collect::<Vec<_>>();
    assert_eq!(names, ["c", "d"]);
}
