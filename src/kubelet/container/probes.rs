//! Probes: readiness, liveness and startup, against the program in the container.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::clock::Clock;
use super::program::Program;

/// One probe, ready to be asked again and again.
pub(super) struct Prober<'a> {
    pub(super) probe: &'a Probe,
    pub(super) container: &'a Container,
    pub(super) program: &'a Program,
    pub(super) address: &'a str,
    pub(super) clock: Clock,
}

/// What has become of the thing that is probed, after enough answers of one sort.
pub(super) enum Verdict {
    Good,
    Bad,
}

impl Prober<'_> {
    /// Asks for as long as it is polled: at once after the initial delay, then once per period. Calls `failed` with the
    /// words of each failure, and `verdict` after each answer when there were enough in a row; ends when that says so.
    pub(super) async fn run(&self, mut failed: impl FnMut(String), mut verdict: impl FnMut(Verdict) -> bool) {
        let seconds = |value: Option<i32>, otherwise: u64| {
            Duration::from_secs(value.and_then(|value| u64::try_from(value).ok()).unwrap_or(otherwise))
        };
        let at_least_one = |value: Option<i32>, otherwise: i32| value.unwrap_or(otherwise).max(1);
        let period = seconds(self.probe.period_seconds, 10).max(Duration::from_secs(1));
        let timeout = seconds(self.probe.timeout_seconds, 1).max(Duration::from_secs(1));
        let (mut good, mut bad) = (0, 0);
        self.clock.wait(seconds(self.probe.initial_delay_seconds, 0)).await;
        loop {
            let answer = tokio::time::timeout(timeout, self.ask()).await;
            match answer.unwrap_or_else(|_| Err("context deadline exceeded".to_owned())) {
                Ok(()) => (good, bad) = (good + 1, 0),
                Err(words) => {
                    (good, bad) = (0, bad + 1);
                    failed(words);
                }
            }
            let ends = (good >= at_least_one(self.probe.success_threshold, 1) && verdict(Verdict::Good))
                || (bad >= at_least_one(self.probe.failure_threshold, 3) && verdict(Verdict::Bad));
            if ends {
                return;
            }
            self.clock.wait(period).await;
        }
    }

    /// Asks once; the error has the kubelet's words.
    async fn ask(&self) -> Result<(), String> {
        if let Some(action) = &self.probe.http_get {
            return self.ask_http(action).await;
        }
        let port = match (&self.probe.tcp_socket, &self.probe.grpc) {
            (Some(action), _) => self.port(&action.port)?,
            (_, Some(action)) => action.port,
            // A command in the container is not simulated, and counts as having ended well.
            _ => return Ok(()),
        };
        if self.program.listens_on(port) { Ok(()) } else { Err(self.refused(port)) }
    }

    async fn ask_http(&self, action: &HTTPGetAction) -> Result<(), String> {
        let port = self.port(&action.port)?;
        let path = format!("/{}", action.path.as_deref().unwrap_or("/").trim_start_matches('/'));
        let host = action.host.as_deref().filter(|host| !host.is_empty()).unwrap_or(self.address);
        let scheme = action.scheme.as_deref().unwrap_or("HTTP").to_lowercase();
        if !self.program.listens_on(port) {
            return Err(format!(r#"Get "{scheme}://{host}:{port}{path}": {}"#, self.refused(port)));
        }
        let mut request = Request::get(&path).header("user-agent", "kube-probe/1.34").header("host", host);
        for header in action.http_headers.iter().flatten() {
            request = request.header(&header.name, &header.value);
        }
        let request = request.body(Body::empty()).map_err(|error| error.to_string())?;
        // Where the inside is not simulated, an open port is all that can be asked for.
        let Some(response) = self.program.answer(request).await else { return Ok(()) };
        match response.status().as_u16() {
            200..400 => Ok(()),
            status => Err(format!("HTTP probe failed with statuscode: {status}")),
        }
    }

    fn refused(&self, port: i32) -> String {
        format!("dial tcp {}:{port}: connect: connection refused", self.address)
    }

    fn port(&self, port: &IntOrString) -> Result<i32, String> {
        match port {
            IntOrString::Int(port) => Ok(*port),
            IntOrString::String(name) => {
                let mut ports = self.container.ports.iter().flatten();
                ports
                    .find(|port| port.name.as_ref() == Some(name))
                    .map(|port| port.container_port)
                    .ok_or_else(|| format!(r#"strconv.Atoi: parsing "{name}": invalid syntax"#))
            }
        }
    }
}
