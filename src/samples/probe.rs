//! `sample probe URL`: asks an address once and ends, well or badly. It is what the hooks and tests of charts run.

use std::io;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Uri, header};
use hyper_util::rt::TokioIo;

use super::surroundings::{Connection, Surroundings};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// How long it is before somebody who was not there is asked again.
const AGAIN: Duration = Duration::from_millis(250);
/// How much of an answer is read.
const BODY_LIMIT: usize = 1 << 20;

/// What to ask, and what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// With host, and port where it is not 80: `http://jukebox/api`.
    pub url: String,
    /// The status that is expected.
    pub status: u16,
    /// What must be in the answer.
    pub contains: Option<String>,
    /// For how long somebody who does not answer at all is asked again.
    pub within: Duration,
    /// Whether any answer will do, and is printed: `{"status": 200, "body": "…"}` in a line.
    pub prints: bool,
}

impl Probe {
    /// Reads the words that follow `sample probe`. The error says what is wrong with them.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let mut probe = Self {
            url: String::new(),
            status: 200,
            contains: None,
            within: Duration::from_secs(10),
            prints: false,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, inside) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            let mut value = || inside.clone().or_else(|| words.next().cloned()).unwrap_or_default();
            let number = |name: &str, value: String| {
                value.parse::<u16>().map_err(|_| format!("`{name}` is `{value}`, it must be a number"))
            };
            match name {
                "--status" => probe.status = number(name, value())?,
                "--contains" => probe.contains = Some(value()).filter(|text| !text.is_empty()),
                "--print" => probe.prints = true,
                "--within" => probe.within = Duration::from_secs(number(name, value())?.into()),
                name if name.starts_with("--") => {
                    return Err(format!(
                        "`{name}` is none of `--status`, `--contains`, `--within` and `--print`"
                    ));
                }
                _ if probe.url.is_empty() => probe.url.clone_from(word),
                _ => return Err(format!("`{word}` is one address too many")),
            }
        }
        probe.target().map(|_| probe)
    }

    /// Asks, tells in the log what came of it, and returns the exit code.
    pub async fn run(&self, around: &Surroundings) -> u8 {
        let began = tokio::time::Instant::now();
        let answer = loop {
            match self.ask(around).await {
                Err(error) if began.elapsed() < self.within => {
                    around.tell("warn", &format!("GET {}: {error}", self.url), &[]);
                    tokio::time::sleep(AGAIN).await;
                }
                answer => break answer,
            }
        };
        if self.prints
            && let Ok((status, body)) = &answer
        {
            (around.log)(serde_json::json!({"status": status, "body": body}).to_string());
            return 0;
        }
        match answer.map_err(|error| error.to_string()).and_then(|(status, body)| self.judge(status, &body)) {
            Ok(()) => {
                around.tell("info", &format!("GET {}: {}, as expected", self.url, self.status), &[]);
                0
            }
            Err(reason) => {
                around.tell("error", &format!("GET {}: {reason}", self.url), &[]);
                1
            }
        }
    }

    fn judge(&self, status: u16, body: &str) -> Result<(), String> {
        if status != self.status {
            return Err(format!("{status}, expected {}", self.status));
        }
        match &self.contains {
            Some(text) if !body.contains(text) => {
                let body = body.trim().chars().take(200).collect::<String>();
                Err(format!("expected `{text}` in `{body}`"))
            }
            _ => Ok(()),
        }
    }

    async fn ask(&self, around: &Surroundings) -> io::Result<(u16, String)> {
        let (address, host, path) = self.target().map_err(io::Error::other)?;
        let asked = async {
            let connection = (around.dial)(address).await?;
            exchange(connection, &host, &path).await
        };
        tokio::time::timeout(ANSWER, asked).await.unwrap_or_else(|_| {
            Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", ANSWER.as_secs())))
        })
    }

    /// The address, the host and the path.
    fn target(&self) -> Result<(String, String, String), String> {
        let right = || format!("`{}` is no address such as `http://jukebox/api`", self.url);
        let uri = self.url.parse::<Uri>().map_err(|_| right())?;
        let host = uri.host().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(right)?;
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok((format!("{host}:{}", uri.port_u16().unwrap_or(80)), authority, path.to_owned()))
    }
}

async fn exchange(connection: Connection, host: &str, path: &str) -> io::Result<(u16, String)> {
    let (mut sender, connected) =
        hyper::client::conn::http1::handshake(TokioIo::new(connection)).await.map_err(io::Error::other)?;
    let request = Request::get(path).header(header::HOST, host).header(header::USER_AGENT, "atelier-probe");
    let request = request.body(Body::empty()).map_err(io::Error::other)?;
    let asked = async {
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        let status = response.status().as_u16();
        let body = to_bytes(Body::new(response.into_body()), BODY_LIMIT).await.map_err(io::Error::other)?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    };
    tokio::pin!(asked);
    tokio::select! {
        answer = &mut asked => answer,
        // The answer may be there although the connection has ended.
        _ = connected => asked.await,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::routing::get;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    fn parse(words: &[&str]) -> Result<Probe, String> {
        Probe::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    /// A network with one host that answers, `jukebox:80`.
    fn around() -> (Surroundings, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let log = Arc::new(move |line| kept.lock().unwrap().push(line));
        let mut around = Surroundings::of_process(BTreeMap::new(), log);
        around.dial = Arc::new(|address| {
            Box::pin(async move {
                if address != "jukebox:80" {
                    return Err(io::ErrorKind::ConnectionRefused.into());
                }
                let router =
                    TowerToHyperService::new(Router::new().route("/api", get(|| async { "a song" })));
                let (ours, theirs) = tokio::io::duplex(1024);
                tokio::spawn(async move {
                    let server = hyper::server::conn::http1::Builder::new();
                    server.serve_connection(TokioIo::new(theirs), router).await
                });
                Ok(Box::new(ours) as Connection)
            })
        });
        (around, lines)
    }

    #[tokio::test]
    async fn ends_well_or_badly_and_says_why() {
        let cases: [(&[&str], u8, &str); 5] = [
            (&["http://jukebox/api"], 0, r#"level=info message="GET http://jukebox/api: 200, as expected""#),
            (
                &["http://jukebox/api", "--contains=song"],
                0,
                r#"level=info message="GET http://jukebox/api: 200, as expected""#,
            ),
            (&["http://jukebox/no"], 1, r#"level=error message="GET http://jukebox/no: 404, expected 200""#),
            (
                &["http://jukebox/api", "--contains", "silence"],
                1,
                r#"level=error message="GET http://jukebox/api: expected `silence` in `a song`""#,
            ),
            (
                &["http://other/api", "--within=0"],
                1,
                r#"level=error message="GET http://other/api: connection refused""#,
            ),
        ];
        for (words, code, line) in cases {
            let (around, lines) = around();
            assert_eq!(parse(words).unwrap().run(&around).await, code, "{words:?}");
            assert_eq!(*lines.lock().unwrap(), [line]);
        }
    }

    #[test]
    fn wrong_words_are_refused() {
        let cases: [(&[&str], &str); 5] = [
            (&[], "`` is no address such as `http://jukebox/api`"),
            (&["https://jukebox/"], "`https://jukebox/` is no address such as `http://jukebox/api`"),
            (&["http://a/", "http://b/"], "`http://b/` is one address too many"),
            (&["http://a/", "--status", "x"], "`--status` is `x`, it must be a number"),
            (
                &["http://a/", "--other"],
                "`--other` is none of `--status`, `--contains`, `--within` and `--print`",
            ),
        ];
        for (words, expected) in cases {
            assert_eq!(parse(words), Err(expected.to_owned()));
        }
    }
}
