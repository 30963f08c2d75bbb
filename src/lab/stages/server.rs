//! `server`: the background process of the embedded platform. Only that platform's plan has it.

use async_trait::async_trait;

use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};
use crate::platform::embedded;

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
            embedded::State::Running { .. } => State::Ready,
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
        let detail = folder.ports().map(|ports| {
            format!("Kubernetes on port {}, forge and registry on port {}", ports.kubernetes, ports.forge)
        });
        Ok((outcome, detail.unwrap_or_default()))
    }

    async fn remove(&self, context: &Context) -> Result<Outcome, Error> {
        Ok(embedded::Folder::new(context.folder.platform()).stop().await?)
    }
}
