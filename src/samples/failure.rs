//! Failures on purpose, for lessons: `POSTCARD_FAILURE`, `JUKEBOX_FAILURE`.

use std::time::Duration;

use super::settings::{Error, Settings, WORD_LIMIT};

/// What a sample gets wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing.
    #[default]
    None,
    /// It never says that it is ready.
    NeverReady,
    /// It ends with an error after so long.
    CrashAfter(Duration),
    /// Every answer takes so long.
    Slow(Duration),
    /// It names a version that it is not.
    WrongVersion,
}

const RIGHT: &str =
    "`never_ready`, `crash_after=SECONDS`, `slow=SECONDS` or `wrong_version`, with at most 3600 seconds";

/// The longest time that can be asked for.
const MOST_SECONDS: u64 = 3600;

impl Failure {
    pub(super) fn read(settings: &Settings<'_>) -> Result<Self, Error> {
        let Some(value) = settings.get("FAILURE", WORD_LIMIT)? else { return Ok(Self::None) };
        let wrong = || Error::Value { name: settings.name("FAILURE"), value: value.clone(), right: RIGHT };
        let (word, seconds) = value.split_once('=').map_or((value.as_str(), None), |(a, b)| (a, Some(b)));
        let time = || {
            let seconds = seconds?.parse::<u64>().ok().filter(|seconds| *seconds <= MOST_SECONDS)?;
            Some(Duration::from_secs(seconds))
        };
        match (word, seconds) {
            ("never_ready", None) => Ok(Self::NeverReady),
            ("wrong_version", None) => Ok(Self::WrongVersion),
            ("crash_after", Some(_)) => time().map(Self::CrashAfter).ok_or_else(wrong),
            ("slow", Some(_)) => time().map(Self::Slow).ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::super::surroundings::Surroundings;
    use super::*;

    #[test]
    fn words_are_read() {
        let read = |value: &str| {
            let variables = BTreeMap::from([("JUKEBOX_FAILURE".to_owned(), value.to_owned())]);
            let around = Surroundings::of_process(variables, Arc::new(|_| {}));
            let settings = Settings { prefix: "JUKEBOX", around: &around };
            Failure::read(&settings).map_err(|error| error.to_string())
        };
        assert_eq!(read(""), Ok(Failure::None));
        assert_eq!(read("never_ready"), Ok(Failure::NeverReady));
        assert_eq!(read("crash_after=5"), Ok(Failure::CrashAfter(Duration::from_secs(5))));
        assert_eq!(read("slow=2"), Ok(Failure::Slow(Duration::from_secs(2))));
        assert_eq!(read("wrong_version"), Ok(Failure::WrongVersion));
        for value in ["slow", "slow=x", "never_ready=1", "crash_after=3601", "other"] {
            assert_eq!(read(value), Err(format!("`JUKEBOX_FAILURE` is `{value}`, it must be {RIGHT}")));
        }
    }
}
