//! The songs that were asked for, the newest last: in Redis, or in this process.

use std::sync::{Mutex, PoisonError};

use super::super::resp::Value;
use super::redis::{Redis, Trouble};

/// Where Redis has them.
const KEY: &str = "jukebox:songs";

/// How many are remembered.
const MOST: usize = 100;

/// What remembers the songs.
pub(super) enum Songs {
    /// This process, until it ends.
    Here(Mutex<Vec<String>>),
    /// A Redis.
    There(Redis),
}

impl Songs {
    /// Whether they can be read and written now.
    pub(super) async fn check(&self) -> Result<(), Trouble> {
        match self {
            Self::Here(_) => Ok(()),
            Self::There(redis) => redis.ask(&["PING"]).await.map(|_| ()),
        }
    }

    /// Adds one, and forgets the oldest when there are too many.
    pub(super) async fn add(&self, title: &str) -> Result<(), Trouble> {
        match self {
            Self::Here(songs) => {
                let mut songs = songs.lock().unwrap_or_else(PoisonError::into_inner);
                if songs.len() == MOST {
                    songs.remove(0);
                }
                songs.push(title.to_owned());
            }
            Self::There(redis) => {
                redis.ask(&["RPUSH", KEY, title]).await?;
                redis.ask(&["LTRIM", KEY, &format!("-{MOST}"), "-1"]).await?;
            }
        }
        Ok(())
    }

    /// All of them.
    pub(super) async fn list(&self) -> Result<Vec<String>, Trouble> {
        match self {
            Self::Here(songs) => Ok(songs.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            Self::There(redis) => {
                let Value::List(values) = redis.ask(&["LRANGE", KEY, "0", "-1"]).await? else {
                    return Ok(Vec::new());
                };
                let text = |value| match value {
                    Value::Bulk(Some(bytes)) => Some(String::from_utf8_lossy(&bytes).into_owned()),
                    _ => None,
                };
                Ok(values.into_iter().filter_map(text).collect())
            }
        }
    }
}
