//! Versions and ranges as Masterminds/semver v3 has them, the library behind Helm and Flux: parts may be missing, `x`
//! stands for any, a comma or a space is "and", `||` is "or", and pre-releases match only ranges that name one.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

/// A version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second, zero where it is missing.
    pub minor: u64,
    /// The third, zero where it is missing.
    pub patch: u64,
    /// What follows `-`.
    pub prerelease: String,
    /// What follows `+`.
    pub metadata: String,
    /// As it was written.
    pub original: String,
}

/// Why a text is no version or range, in the library's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A version is none.
    #[error("invalid semantic version")]
    Version,
    /// A version is longer than 256 characters.
    #[error("version string is too long (max 256 bytes)")]
    Long,
    /// A part of a pre-release is a number with a zero in front.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// A number is too big.
    #[error("error parsing version segment: strconv.ParseUint: parsing {text:?}: value out of range")]
    Number {
        /// The number.
        text: String,
    },
    /// A range is none.
    #[error("improper constraint: {text:?}")]
    Constraint {
        /// The range.
        text: String,
    },
    /// A version within a range is none.
    #[error("constraint parser error")]
    ConstraintVersion,
}

const LONGEST: usize = 256;

static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    let identifiers = r"([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*)";
    let number = "([0-9]+)";
    let pattern =
        format!(r"^v?{number}(?:\.{number})?(?:\.{number})?(?:-{identifiers})?(?:\+{identifiers})?$");
    Regex::new(&pattern).expect("the pattern is constant")
});

impl Version {
    /// Reads a version, which may have a `v` in front and fewer than three numbers.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > LONGEST {
            return Err(Error::Long);
        }
        let found = VERSION.captures(text).ok_or(Error::Version)?;
        let part = |index| found.get(index).map_or("", |part| part.as_str());
        let number = |index| match part(index) {
            "" => Ok(0),
            text => text.parse().map_err(|_| Error::Number { text: text.to_owned() }),
        };
        let zero = |part: &str| {
            part.len() > 1 && part.starts_with('0') && part.chars().all(|char| char.is_ascii_digit())
        };
        if part(4).split('.').any(zero) {
            return Err(Error::LeadingZero);
        }
        Ok(Self {
            major: number(1)?,
            minor: number(2)?,
            patch: number(3)?,
            prerelease: part(4).to_owned(),
            metadata: part(5).to_owned(),
            original: text.to_owned(),
        })
    }

    fn numbers(&self) -> (u64, u64, u64) {
        (self.major, self.minor, self.patch)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        for (sign, part) in [('-', &self.prerelease), ('+', &self.metadata)] {
            if !part.is_empty() {
                write!(f, "{sign}{part}")?;
            }
        }
        Ok(())
    }
}

/// By precedence; metadata does not count.
#[must_use]
pub fn compare(a: &Version, b: &Version) -> Ordering {
    a.numbers().cmp(&b.numbers()).then_with(|| match (a.prerelease.as_str(), b.prerelease.as_str()) {
        (left, right) if left == right => Ordering::Equal,
        ("", _) => Ordering::Greater,
        (_, "") => Ordering::Less,
        (left, right) => compare_prereleases(left, right),
    })
}

fn compare_prereleases(left: &str, right: &str) -> Ordering {
    let mut right = right.split('.');
    for part in left.split('.') {
        let Some(other) = right.next() else { return Ordering::Greater };
        let ordering = match (part.parse::<u64>(), other.parse::<u64>()) {
            (Ok(part), Ok(other)) => part.cmp(&other),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => part.cmp(other),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    if right.next().is_some() { Ordering::Less } else { Ordering::Equal }
}

/// A range of versions.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// One of these must hold; all comparisons of one must hold.
    alternatives: Vec<Vec<Comparison>>,
}

#[derive(Clone, Debug)]
struct Comparison {
    operator: Operator,
    version: Version,
    /// Whether some number is missing or `x`, and from which on.
    wild: Wild,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wild {
    None,
    Major,
    Minor,
    Patch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

const NUMBERS: &str = r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?";
const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";

fn pattern(text: String) -> Regex {
    Regex::new(&text).expect("the pattern is constant")
}

static ONE: LazyLock<Regex> = LazyLock::new(|| pattern(format!(r"^\s*({OPERATORS})\s*({NUMBERS})\s*$")));
static RANGE: LazyLock<Regex> = LazyLock::new(|| pattern(format!(r"\s*({NUMBERS})\s+-\s+({NUMBERS})\s*")));
static EACH: LazyLock<Regex> = LazyLock::new(|| pattern(format!(r"({OPERATORS})\s*({NUMBERS})")));
static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(format!(r"^(\s*({OPERATORS})\s*({NUMBERS})\s*)((?:\s+|,\s*)({OPERATORS})\s*({NUMBERS})\s*)*$"))
});

impl Constraint {
    /// Reads a range.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let improper = |text: &str| Error::Constraint { text: text.to_owned() };
        if text.len() > LONGEST * 4 {
            return Err(improper(text));
        }
        let rewritten = RANGE
            .replace_all(text, |found: &regex::Captures| format!(">= {}, <= {} ", &found[1], &found[11]));
        let alternatives = rewritten.split("||").map(|part| {
            if !WHOLE.is_match(part) {
                return Err(improper(part));
            }
            EACH.find_iter(part).map(|found| Comparison::parse(found.as_str())).collect::<Result<Vec<_>, _>>()
        });
        Ok(Self { alternatives: alternatives.collect::<Result<_, _>>()? })
    }

    /// Whether a version is in the range.
    #[must_use]
    pub fn allows(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|all| {
            let prereleases = all.iter().any(|one| !one.version.prerelease.is_empty());
            all.iter().all(|one| one.allows(version, prereleases))
        })
    }
}

impl Comparison {
    fn parse(text: &str) -> Result<Self, Error> {
        let found = ONE.captures(text).ok_or_else(|| Error::Constraint { text: text.to_owned() })?;
        let part = |index| found.get(index).map_or("", |part| part.as_str());
        let is_wild = |part: &str| matches!(part.trim_start_matches('.'), "" | "x" | "X" | "*");
        let (major, minor, patch, prerelease) = (part(3), part(4), part(5), part(6));
        let (wild, version) = if is_wild(major) {
            (Wild::Major, format!("0.0.0{prerelease}"))
        } else if is_wild(minor) {
            (Wild::Minor, format!("{major}.0.0{prerelease}"))
        } else if is_wild(patch) {
            (Wild::Patch, format!("{major}{minor}.0{prerelease}"))
        } else {
            (Wild::None, part(2).to_owned())
        };
        let version = Version::parse(&version).map_err(|_| Error::ConstraintVersion)?;
        let operator = match part(1) {
            "!=" => Operator::NotEqual,
            ">" => Operator::Greater,
            "<" => Operator::Less,
            ">=" | "=>" => Operator::GreaterEqual,
            "<=" | "=<" => Operator::LessEqual,
            "~" | "~>" => Operator::Tilde,
            "^" => Operator::Caret,
            _ => Operator::Equal,
        };
        Ok(Self { operator, version, wild })
    }

    fn allows(&self, version: &Version, prereleases: bool) -> bool {
        if !version.prerelease.is_empty() && !prereleases {
            return false;
        }
        let ordering = compare(version, &self.version);
        match self.operator {
            Operator::Equal if self.wild == Wild::None => ordering == Ordering::Equal,
            Operator::Equal | Operator::Tilde => self.tilde(version),
            Operator::NotEqual => self.differs(version),
            Operator::Greater => self.greater(version),
            Operator::Less => ordering == Ordering::Less,
            Operator::GreaterEqual => ordering != Ordering::Less,
            Operator::LessEqual => self.at_most(version),
            Operator::Caret => self.caret(version),
        }
    }

    fn differs(&self, version: &Version) -> bool {
        let bound = &self.version;
        if self.wild == Wild::None {
            return compare(version, bound) != Ordering::Equal;
        }
        if bound.major != version.major {
            return true;
        }
        if bound.minor != version.minor && self.wild != Wild::Minor {
            return true;
        }
        match self.wild {
            Wild::Minor => false,
            Wild::Patch => bound.prerelease != version.prerelease,
            _ => bound.patch != version.patch || compare(version, bound) != Ordering::Equal,
        }
    }

    fn greater(&self, version: &Version) -> bool {
        let bound = &self.version;
        match (self.wild, version.major.cmp(&bound.major)) {
            (Wild::None, _) => compare(version, bound) == Ordering::Greater,
            (_, Ordering::Greater) => true,
            (_, Ordering::Less) | (Wild::Minor, _) => false,
            (Wild::Patch, _) => version.minor > bound.minor,
            (Wild::Major, _) => compare(version, bound) == Ordering::Greater,
        }
    }

    fn at_most(&self, version: &Version) -> bool {
        let bound = &self.version;
        if self.wild == Wild::None {
            return compare(version, bound) != Ordering::Greater;
        }
        version.major < bound.major
            || (version.major == bound.major && (version.minor <= bound.minor || self.wild == Wild::Minor))
    }

    fn tilde(&self, version: &Version) -> bool {
        let bound = &self.version;
        if compare(version, bound) == Ordering::Less {
            return false;
        }
        if bound.numbers() == (0, 0, 0) && !matches!(self.wild, Wild::Minor | Wild::Patch) {
            return true;
        }
        version.major == bound.major && (version.minor == bound.minor || self.wild == Wild::Minor)
    }

    fn caret(&self, version: &Version) -> bool {
        let bound = &self.version;
        if compare(version, bound) == Ordering::Less {
            return false;
        }
        if bound.major > 0 || self.wild == Wild::Minor {
            return version.major == bound.major;
        }
        if version.major > 0 {
            return false;
        }
        if bound.minor > 0 || self.wild == Wild::Patch {
            return version.minor == bound.minor;
        }
        version.minor == 0 && version.patch == bound.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_masterminds_says() {
        for (range, version, expected) in [
            ("*", "0.1.0", true),
            ("*", "1.0.0-rc.1", false),
            (">=1.0.0-0", "1.0.0-rc.1", true),
            ("^1.2.3", "1.9.0", true),
            ("^1.2.3", "2.0.0", false),
            ("^0.2.3", "0.3.0", false),
            ("^0.0.3", "0.0.4", false),
            ("~1.2", "1.2.9", true),
            ("~1", "1.9.9", true),
            ("~1.2.3", "1.3.0", false),
            ("1.2.x", "1.2.7", true),
            ("1.x", "2.0.0", false),
            (">1.2", "1.2.9", false),
            (">1.2", "1.3.0", true),
            ("<=1.2", "1.2.9", true),
            ("1.0 - 2.0", "1.5.0", true),
            (">=1.0 <2.0 || >=3.0", "3.1.0", true),
            (">=1.0, <2.0", "2.1.0", false),
            ("!=1.2", "1.2.5", false),
            ("!=1.2.3", "1.2.4", true),
            ("v1.2.3", "1.2.3", true),
        ] {
            let allowed = Constraint::parse(range).unwrap().allows(&Version::parse(version).unwrap());
            assert_eq!(allowed, expected, "{range} {version}");
        }
        assert_eq!(Constraint::parse("a b").unwrap_err().to_string(), "improper constraint: \"a b\"");
        assert_eq!(Version::parse("1.2.3.4").unwrap_err(), Error::Version);
    }
}
