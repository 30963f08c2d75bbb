//! A container's life: pull, configure, start, probe, end, back off, and again.

use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::api::core::v1::{self, Pod};
use kube::{Resource as _, ResourceExt as _};

use super::super::clock::{BACK_OFF_FORGOTTEN, LOOK_AGAIN, PULL, RETRY, START, back_off, now};
use super::super::images::{Found, Reference};
use super::super::pod::{Board, Context};
use super::environment::{Trouble, environment};
use super::mounts::files;
use super::needs::Needs;
use super::probes::{Prober, Verdict};
use super::program::{Program, Start};
use super::record::State;
use crate::objects::Happening;

/// The exit code of a program that was ended by force.
const KILLED: i32 = 137;

/// When a container is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Policy {
    Always,
    OnFailure,
    Never,
}

impl Policy {
    fn restarts(self, code: i32) -> bool {
        match self {
            Self::Always => true,
            Self::OnFailure => code != 0,
            Self::Never => false,
        }
    }
}

/// Which list of the Pod a container is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Role {
    Init,
    Main,
}

/// One container of a Pod.
pub(in super::super) struct Container {
    pub(in super::super) context: Arc<Context>,
    pub(in super::super) board: Arc<Board>,
    pub(in super::super) pod: Arc<Pod>,
    pub(in super::super) spec: v1::Container,
    pub(in super::super) role: Role,
    pub(in super::super) policy: Policy,
    pub(in super::super) address: String,
}

impl Container {
    /// Lives until the container has ended for good; dropping the future ends it at once. A container that runs
    /// according to its record is taken over.
    pub(in super::super) async fn live(self) {
        let record = self.board.record(&self.spec.name);
        let mut taken_over = matches!(record.state, State::Running { .. });
        let mut failures = u32::try_from(record.restarts).unwrap_or_default();
        if let Some(ended) = record.ended().or(record.last.as_ref())
            && !taken_over
        {
            if record.ended().is_some() && !self.policy.restarts(ended.code) {
                return;
            }
            self.back_off(failures).await;
            failures += 1;
        }
        loop {
            let (image, found) = self.pull(&mut taken_over).await;
            let since = Instant::now();
            let code = match self.start(&image, &found, taken_over).await {
                Ok(program) => self.run(&program, taken_over).await,
                Err(code) => code,
            };
            taken_over = false;
            self.end(code);
            if !self.policy.restarts(code) {
                return;
            }
            if since.elapsed() >= self.context.clock.real(BACK_OFF_FORGOTTEN) {
                failures = 0;
            }
            self.back_off(failures).await;
            failures += 1;
        }
    }

    async fn pull(&self, taken_over: &mut bool) -> (Reference, Found) {
        let Context { images, clock, .. } = self.context.as_ref();
        let node = self.context.node.as_str();
        let text = self.spec.image.as_deref().unwrap_or_default();
        let Some(reference) = Reference::parse(text) else { return self.refuse_name(text).await };
        if *taken_over && let Ok(found) = images.find(&reference).await {
            images.add(node, &reference, found.clone());
            return (reference, found);
        }
        *taken_over = false;
        let policy = self.spec.image_pull_policy.as_deref().filter(|policy| !policy.is_empty());
        let policy = policy.unwrap_or(if reference.tag() == "latest" { "Always" } else { "IfNotPresent" });
        if let Some(found) = images.present(node, &reference).filter(|_| policy != "Always") {
            self.tell(false, "Pulled", format!(r#"Container image "{text}" already present on machine"#));
            return (reference, found);
        }
        if policy == "Never" {
            return self.refuse_pull(text).await;
        }
        let mut failures = 0;
        loop {
            self.tell(false, "Pulling", format!(r#"Pulling image "{text}""#));
            let began = Instant::now();
            clock.wait(PULL).await;
            match images.find(&reference).await {
                Ok(found) => {
                    images.add(node, &reference, found.clone());
                    let took = began.elapsed().as_millis();
                    let mut message = format!(
                        r#"Successfully pulled image "{text}" in {took}ms ({took}ms including waiting)."#
                    );
                    if let Some(size) = found.size {
                        message = format!("{message} Image size: {size} bytes.");
                    }
                    self.tell(false, "Pulled", message);
                    return (reference, found);
                }
                Err(words) => {
                    failures += 1;
                    self.pull_failed(text, &words, failures).await;
                }
            }
        }
    }

    async fn pull_failed(&self, text: &str, words: &str, failures: u32) {
        self.wait_with("ErrImagePull", Some(words.to_owned()));
        self.tell(true, "Failed", format!(r#"Failed to pull image "{text}": {words}"#));
        self.tell(true, "Failed", "Error: ErrImagePull".to_owned());
        self.context.clock.wait(LOOK_AGAIN).await;
        let message = format!(r#"Back-off pulling image "{text}""#);
        self.wait_with("ImagePullBackOff", Some(format!("{message}: ErrImagePull: {words}")));
        self.tell(false, "BackOff", message);
        self.tell(true, "Failed", "Error: ImagePullBackOff".to_owned());
        self.context.clock.wait(back_off(failures)).await;
    }

    async fn refuse_name<T>(&self, text: &str) -> T {
        let message = format!(
            r#"Failed to apply default image tag "{text}": couldn't parse image name "{text}": invalid reference format"#
        );
        self.wait_with("InvalidImageName", Some(message.clone()));
        self.tell(true, "InspectFailed", message);
        self.tell(true, "Failed", "Error: InvalidImageName".to_owned());
        std::future::pending().await
    }

    async fn refuse_pull<T>(&self, text: &str) -> T {
        let message = format!(r#"Container image "{text}" is not present with pull policy of Never"#);
        self.wait_with("ErrImageNeverPull", Some(message.clone()));
        self.tell(true, "ErrImageNeverPull", message);
        self.tell(true, "Failed", "Error: ErrImageNeverPull".to_owned());
        std::future::pending().await
    }

    async fn start(&self, image: &Reference, found: &Found, taken_over: bool) -> Result<Program, i32> {
        let name = self.spec.name.as_str();
        let namespace = self.pod.namespace().unwrap_or_default();
        let needs = Needs::new(self.context.client.clone(), &namespace);
        let environment = loop {
            match environment(&needs, &self.pod, &self.address, &self.spec).await {
                Ok(environment) => break environment,
                Err(Trouble::Missing { message, need, seen }) => {
                    self.wait_with("CreateContainerConfigError", Some(message.clone()));
                    self.tell(true, "Failed", format!("Error: {message}"));
                    needs.changed(&need, seen.as_ref()).await;
                }
                Err(Trouble::Unread(error)) => {
                    tracing::debug!(%error, container = name, "the configuration was not read");
                    self.context.clock.wait(RETRY).await;
                }
            }
        };
        if !taken_over {
            self.tell(false, "Created", format!("Created container: {name}"));
            self.context.clock.wait(START).await;
            self.tell(false, "Started", format!("Started container {name}"));
        }
        let logs = self.board.begin_logs(name);
        let files = files(&needs, &self.pod, &self.spec).await;
        let network = self.context.network.clone();
        let start = Start { environment, files, namespace, network, logs };
        let program = Program::start(found, image.tag(), &self.spec, start);
        self.board.change(name, |record| {
            if !taken_over {
                if let State::Ended(ended) = &record.state {
                    record.last = Some(ended.clone());
                }
                record.id =
                    format!("simulated://{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
                record.state = State::Running { since: now() };
            }
            record.image = image.full();
            record.image_id.clone_from(&found.id);
        });
        program
    }

    /// Runs the program until it ends or a probe ends it; returns the exit code.
    async fn run(&self, program: &Program, taken_over: bool) -> i32 {
        let name = self.spec.name.as_str();
        let v1::Container { readiness_probe, liveness_probe, startup_probe, .. } = &self.spec;
        self.board.set_program(name, program.clone());
        let prober = |probe| Prober {
            probe,
            container: &self.spec,
            program,
            address: &self.address,
            clock: self.context.clock.clone(),
        };
        if let (Some(probe), false) = (startup_probe, taken_over) {
            let mut good = false;
            let verdict = |verdict| {
                good = matches!(verdict, Verdict::Good);
                true
            };
            prober(probe).run(|words| self.unhealthy("Startup", &words), verdict).await;
            if !good {
                self.tell(
                    false,
                    "Killing",
                    format!("Container {name} failed startup probe, will be restarted"),
                );
                return KILLED;
            }
        }
        self.board.change(name, |record| {
            record.started = true;
            record.ready = readiness_probe.is_none() || (taken_over && record.ready);
        });
        let readiness = async {
            if let Some(probe) = readiness_probe {
                let verdict = |verdict| {
                    self.board.change(name, |record| record.ready = matches!(verdict, Verdict::Good));
                    false
                };
                prober(probe).run(|words| self.unhealthy("Readiness", &words), verdict).await;
            }
            std::future::pending().await
        };
        let liveness = async {
            if let Some(probe) = liveness_probe {
                let verdict = |verdict| matches!(verdict, Verdict::Bad);
                prober(probe).run(|words| self.unhealthy("Liveness", &words), verdict).await;
                self.tell(
                    false,
                    "Killing",
                    format!("Container {name} failed liveness probe, will be restarted"),
                );
                return KILLED;
            }
            std::future::pending().await
        };
        tokio::select! {
            code = readiness => code,
            code = liveness => code,
            code = program.finish(&self.context.clock) => code,
        }
    }

    fn end(&self, code: i32) {
        let name = self.spec.name.as_str();
        self.board.end_program(name);
        self.board.change(name, |record| {
            record.end(code, now());
            // What an init container was there for is done.
            record.ready = self.role == Role::Init && code == 0;
        });
    }

    async fn back_off(&self, failures: u32) {
        let name = self.spec.name.as_str();
        let delay = back_off(failures);
        self.context.clock.wait(LOOK_AGAIN).await;
        if !delay.is_zero() {
            let (pod, namespace) = (self.pod.name_any(), self.pod.namespace().unwrap_or_default());
            let uid = self.pod.uid().unwrap_or_default();
            let message = format!(
                "back-off {} restarting failed container={name} pod={pod}_{namespace}({uid})",
                spoken(delay)
            );
            self.wait_with("CrashLoopBackOff", Some(message));
            let message =
                format!("Back-off restarting failed container {name} in pod {pod}_{namespace}({uid})");
            self.tell(true, "BackOff", message);
            self.context.clock.wait(delay).await;
        }
        self.board.change(name, |record| record.restarts += 1);
    }

    fn wait_with(&self, reason: &str, message: Option<String>) {
        self.board.change(&self.spec.name, |record| {
            if let State::Ended(ended) = &record.state {
                record.last = Some(ended.clone());
            }
            record.state = State::Waiting { reason: reason.to_owned(), message };
        });
    }

    fn unhealthy(&self, kind: &str, words: &str) {
        self.tell(true, "Unhealthy", format!("{kind} probe failed: {words}"));
    }

    fn tell(&self, warning: bool, reason: &str, message: String) {
        let list = match self.role {
            Role::Init => "initContainers",
            Role::Main => "containers",
        };
        let mut object = self.pod.object_ref(&());
        object.field_path = Some(format!("spec.{list}{{{}}}", self.spec.name));
        self.context.recorder.record(Happening {
            object,
            warning,
            reason: reason.to_owned(),
            message,
            component: "kubelet".to_owned(),
            host: Some(self.context.node.clone()),
        });
    }
}

/// A duration as Go writes it: `10s`, `1m20s`, `5m0s`.
fn spoken(duration: std::time::Duration) -> String {
    match (duration.as_secs() / 60, duration.as_secs() % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}
