//! Jukebox, an API that plays what people ask for, with a Redis beside it that remembers the songs: `JUKEBOX_VERSION`,
//! `JUKEBOX_ENVIRONMENT`, `JUKEBOX_MESSAGE` and `JUKEBOX_REDIS` (`host:port`), each also as a file that `…_FILE` names.
//! Without a Redis it remembers the songs itself, until it ends. With one that does not answer it is not ready, and
//! says so.

mod api;
mod redis;
mod songs;

pub use api::service;
