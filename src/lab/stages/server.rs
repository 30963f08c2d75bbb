//! `server`: the background process of the embedded platform. Only that platform's plan has it.

use std::time::Duration;

use async_trait::async_trait;

use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};
use crate::platform::{self, embedded, open};

/// How long an answer is waited for.
const LIMIT: Duration = Duration::from_secs(10);
/// Between two attempts to get one.
const PAUSE: Duration = Duration::from_millis(50);

pub(in crate::lab) struct Server;

#[async_trait]
impl Stage for Server {
    fn name(&self) -> &'static str {
        "server"
    }

    fn after(&self) -> &'static [&'static str] {
        &["folder"]
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        let folder = embedded::Folder::new(context.folder.platform());
        Ok(match folder.state() {
            embedded::State::Running { .. } => {
                answer(context).await?;
                State::Ready
            }
            embedded::State::Stopped if folder.ports().is_some() => State::Incomplete,
            embedded::State::Stopped => State::Absent,
        })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        let folder = embedded::Folder::new(context.folder.platform());
        let arguments = ["serve".into(), "--lab".into(), context.folder.name().into()];
        let home = context.folder.path();
        let home = home.ancestors().nth(2).unwrap_or(&home);
        let command = crate::platform::embedded::Start {
            program: context.program.clone(),
            arguments: Vec::from(arguments),
            home: home.to_owned(),
        };
        let outcome = folder.start(&command).await?;
        // One that has just been started has answered.
        if outcome == Outcome::Unchanged
            && let embedded::State::Running { process } = folder.state()
        {
            wait_for_answer(context, process).await?;
        }
        let detail = folder.ports().map(|ports| {
            format!("Kubernetes on port {}, forge and registry on port {}", ports.kubernetes, ports.forge)
        });
        Ok((outcome, detail.unwrap_or_default()))
    }

    async fn remove(&self, context: &Context) -> Result<Outcome, Error> {
        Ok(embedded::Folder::new(context.folder.platform()).stop().await?)
    }
}

/// A process that has been there may be suspended or stuck. Or the command that started it was killed, and it is on
/// its way: it holds its lock, and its ports are not known yet. Nobody tells when they are.
async fn wait_for_answer(context: &Context, process: u32) -> Result<(), Error> {
    let mut last = None;
    let mut again = tokio::time::interval(PAUSE);
    let work = async {
        loop {
            again.tick().await;
            match answer(context).await {
                Err(Error::Platform(
                    error @ (platform::Error::File { .. } | platform::Error::ForgeUnreachable { .. }),
                )) => {
                    last = Some(Error::Platform(error));
                }
                result => return result,
            }
        }
    };
    let Ok(result) = tokio::time::timeout(LIMIT, work).await else {
        let lab = context.folder.name().to_owned();
        return Err(last.unwrap_or(Error::Hung { lab, process, seconds: LIMIT.as_secs() }));
    };
    result
}

/// Returns when the process answers a question, with whatever words.
async fn answer(context: &Context) -> Result<(), Error> {
    let platform = open(context.material.spec.platform, &context.folder.platform())?;
    Ok(platform.forge.api().version().await.map(|_| ())?)
}
