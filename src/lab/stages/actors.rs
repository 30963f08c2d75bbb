//! `actors`: users of the forge, client certificates, kubeconfigs and git identities.

use async_trait::async_trait;

use crate::events::Outcome;
use crate::lab::{ActorFolder, Context, Error, Stage, State};
use crate::platform::open;

pub(in crate::lab) struct Actors {
    /// The stages that the platform's plan has before it.
    pub(in crate::lab) after: &'static [&'static str],
}

#[async_trait]
impl Stage for Actors {
    fn name(&self) -> &'static str {
        "actors"
    }

    fn after(&self) -> &'static [&'static str] {
        self.after
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        let actors = &context.material.spec.actors;
        let made = |actor| {
            let folder = ActorFolder::new(&context.folder, actor);
            folder.token().is_some() && folder.kubeconfig().exists()
        };
        let count = actors.iter().filter(|actor| made(actor)).count();
        Ok(match count {
            _ if count == actors.len() => State::Ready,
            0 => State::Absent,
            _ => State::Incomplete,
        })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        let spec = &context.material.spec;
        let platform = open(spec.platform, &context.folder.platform())?;
        let mut whole = Outcome::Unchanged;
        for actor in &spec.actors {
            let folder = ActorFolder::new(&context.folder, actor);
            let (user, token) = platform.forge.ensure_user(actor, folder.token().as_deref()).await?;
            // A kubeconfig holds a fresh certificate each time it is made; the one there is kept while it fits.
            let cluster = platform.cluster();
            let known = std::fs::read_to_string(folder.kubeconfig()).ok();
            let fits = known.filter(|text| cluster.knows(text));
            let kubeconfig = match fits {
                Some(text) => text,
                None => cluster.kubeconfig(actor).await?,
            };
            whole = whole.and(user).and(folder.write(&kubeconfig, &platform.forge.url(), &token)?);
        }
        let names = spec.actors.iter().map(|actor| actor.name.as_str()).collect::<Vec<_>>().join(", ");
        Ok((whole, names))
    }

    async fn remove(&self, _context: &Context) -> Result<Outcome, Error> {
        // Users live in the forge and files in the lab's folder: they go with them.
        Ok(Outcome::Unchanged)
    }
}
