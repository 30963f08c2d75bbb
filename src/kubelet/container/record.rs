//! What is known of a container: the part of its state that its status shows.

use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

/// What a container is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum State {
    /// It does not run, and will.
    Waiting { reason: String, message: Option<String> },
    /// It runs.
    Running { since: Timestamp },
    /// It ran.
    Ended(Ended),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Ended {
    pub(in super::super) id: String,
    pub(in super::super) code: i32,
    pub(in super::super) since: Timestamp,
    pub(in super::super) until: Timestamp,
}

/// All that the status of a container shows beyond its specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Record {
    pub(in super::super) state: State,
    pub(in super::super) last: Option<Ended>,
    pub(in super::super) restarts: i32,
    pub(in super::super) ready: bool,
    pub(in super::super) started: bool,
    pub(in super::super) id: String,
    pub(in super::super) image: String,
    pub(in super::super) image_id: String,
}

impl Record {
    /// One of a container that was never started.
    pub(in super::super) fn waiting(reason: &str, image: &str) -> Self {
        Self {
            state: State::Waiting { reason: reason.to_owned(), message: None },
            last: None,
            restarts: 0,
            ready: false,
            started: false,
            id: String::new(),
            image: image.to_owned(),
            image_id: String::new(),
        }
    }

    /// Reads what the status of a Pod tells, to take over a container after a restart of this process.
    pub(in super::super) fn from_status(status: &ContainerStatus) -> Self {
        let time = |time: &Option<Time>| time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
        let ended = |ended: &ContainerStateTerminated| Ended {
            id: ended.container_id.clone().unwrap_or_default(),
            code: ended.exit_code,
            since: time(&ended.started_at),
            until: time(&ended.finished_at),
        };
        let state = status.state.clone().unwrap_or_default();
        let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref()).map(ended);
        let waiting = state.waiting.unwrap_or_default();
        let state = match (&state.running, &state.terminated) {
            (Some(running), _) => State::Running { since: time(&running.started_at) },
            (_, Some(terminated)) => State::Ended(ended(terminated)),
            _ => State::Waiting {
                reason: waiting.reason.unwrap_or_else(|| "ContainerCreating".to_owned()),
                message: waiting.message,
            },
        };
        Self {
            state,
            last,
            restarts: status.restart_count,
            ready: status.ready,
            started: status.started.unwrap_or_default(),
            id: status.container_id.clone().unwrap_or_default(),
            image: status.image.clone(),
            image_id: status.image_id.clone(),
        }
    }

    /// Notes that the container ended now.
    pub(in super::super) fn end(&mut self, code: i32, until: Timestamp) {
        let since = match self.state {
            State::Running { since } => since,
            _ => until,
        };
        self.state = State::Ended(Ended { id: self.id.clone(), code, since, until });
        self.ready = false;
        self.started = false;
    }

    /// What the container waits for before it has a log, in the words of the real one.
    pub(in super::super) fn awaited(&self) -> &str {
        match &self.state {
            State::Waiting { reason, .. } if reason.contains("Image") => "trying and failing to pull image",
            State::Waiting { reason, .. } => reason,
            _ => "ContainerCreating",
        }
    }

    /// How the container ended, while it is at its end.
    pub(in super::super) fn ended(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            _ => None,
        }
    }
}

impl From<&State> for ContainerState {
    fn from(state: &State) -> Self {
        match state {
            State::Waiting { reason, message } => Self {
                waiting: Some(ContainerStateWaiting {
                    reason: Some(reason.clone()),
                    message: message.clone(),
                }),
                ..Self::default()
            },
            State::Running { since } => Self {
                running: Some(ContainerStateRunning { started_at: Some(Time(*since)) }),
                ..Self::default()
            },
            State::Ended(ended) => Self { terminated: Some(ended.into()), ..Self::default() },
        }
    }
}

impl From<&Ended> for ContainerStateTerminated {
    fn from(ended: &Ended) -> Self {
        Self {
            container_id: Some(ended.id.clone()),
            exit_code: ended.code,
            reason: Some(if ended.code == 0 { "Completed" } else { "Error" }.to_owned()),
            started_at: Some(Time(ended.since)),
            finished_at: Some(Time(ended.until)),
            ..Self::default()
        }
    }
}
