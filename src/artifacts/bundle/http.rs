//! A bundle at an address: parts of it by `Range`, and on from where a connection was lost.
//! <https://www.rfc-editor.org/rfc/rfc9110#name-range-requests>

use std::io::{self, Read};
use std::str::FromStr;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, RANGE};
use reqwest::Response;
use tokio::runtime::Handle;

use super::Error;

/// How long an address may take to say hello, and how long it may be silent in the middle.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a lost connection is made again before bytes come.
const ATTEMPTS: u32 = 5;
/// Before the second attempt; each later one waits longer by this.
const PAUSE: Duration = Duration::from_millis(500);

/// An address, `http://HOST:PORT/TOKEN`.
#[derive(Clone)]
pub struct Place {
    host: String,
    url: String,
    client: reqwest::Client,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.shown())
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // What cannot be read is not told: the token may be anywhere in it.
        let wrong = |address: &str, reason: &str| Error::Address {
            address: address.to_owned(),
            reason: format!("{reason}; `atelier bundle serve` prints one"),
        };
        let uri: http::Uri =
            text.parse().map_err(|_| wrong("…", "it is not of the form `http://HOST:PORT/TOKEN`"))?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let shown = format!("{}://{host}", uri.scheme_str().unwrap_or_default());
        if uri.scheme_str() != Some("http") || host.contains('@') {
            return Err(wrong(
                &shown.replace(&host, host.rsplit('@').next().unwrap_or_default()),
                "it must begin with `http://HOST:PORT/`",
            ));
        }
        if uri.path().len() < 2 {
            return Err(wrong(&shown, "the token is missing"));
        }
        let client = reqwest::Client::builder().no_proxy().connect_timeout(PATIENCE).read_timeout(PATIENCE);
        let client = client.build().map_err(|error| wrong(&shown, &error.to_string()))?;
        Ok(Self { host, url: text.to_owned(), client })
    }
}

impl Place {
    /// The address without its token.
    pub(super) fn shown(&self) -> String {
        format!("http://{}", self.host)
    }

    pub(super) fn length(&self) -> Result<u64, Error> {
        let answer = Handle::current().block_on(self.client.head(&self.url).send());
        let answer = answer.map_err(|error| self.unreachable(error))?;
        let status = answer.status();
        if status != StatusCode::OK {
            return Err(Error::Refused { address: self.shown(), status: status.as_u16() });
        }
        let length =
            answer.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        length.ok_or_else(|| Error::Unreachable {
            address: self.shown(),
            reason: "it does not tell its length".to_owned(),
        })
    }

    pub(super) fn bytes(&self, begin: u64, end: u64) -> Reading {
        Reading { place: self.clone(), position: begin, end, answer: None, ready: Bytes::new(), failures: 0 }
    }

    fn unreachable(&self, error: reqwest::Error) -> Error {
        Error::Unreachable { address: self.shown(), reason: innermost(&error) }
    }
}

/// Bytes on their way.
pub(super) struct Reading {
    place: Place,
    position: u64,
    end: u64,
    answer: Option<Response>,
    ready: Bytes,
    failures: u32,
}

impl Reading {
    /// The next bytes; nothing where the connection ended, or cannot be made.
    async fn next(&mut self) -> Result<Option<Bytes>, io::Error> {
        if self.answer.is_none() {
            let range = format!("bytes={}-{}", self.position, self.end - 1);
            let request = self.place.client.get(&self.place.url).header(RANGE, range);
            let answer = request.send().await.map_err(lost)?;
            if answer.status() != StatusCode::PARTIAL_CONTENT {
                let text = format!("it answers {} to who asks for a part of it", answer.status().as_u16());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
            }
            self.answer = Some(answer);
        }
        match &mut self.answer {
            Some(answer) => answer.chunk().await.map_err(lost),
            None => Ok(None),
        }
    }
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            if self.position >= self.end {
                return Ok(0);
            }
            let next = Handle::current().block_on(self.next());
            let reason = match next {
                Ok(Some(bytes)) => {
                    self.failures = 0;
                    self.ready = bytes;
                    continue;
                }
                Ok(None) => "the connection ended too early".to_owned(),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(error),
                Err(error) => error.to_string(),
            };
            self.answer = None;
            self.failures += 1;
            if self.failures >= ATTEMPTS {
                let text = format!("{reason}, {ATTEMPTS} times, at byte {}", self.position);
                return Err(io::Error::new(io::ErrorKind::ConnectionAborted, text));
            }
            std::thread::sleep(PAUSE * self.failures);
        }
        let room = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let count = buffer.len().min(self.ready.len()).min(room);
        buffer[..count].copy_from_slice(&self.ready[..count]);
        self.ready.advance(count);
        self.position += count as u64;
        Ok(count)
    }
}

fn lost(error: reqwest::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, innermost(&error))
}

/// The operating system's reason; what is above it may name the address with its token.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
