//! What an action or a check is given: the session, the step, the actor, and the values for its templates.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use super::error::{ActionError, Error};
use super::model::{Scenario, Text};
use super::render::{RenderError, Scope, render};
use super::session::{ActorContext, Session};
use crate::platform;
use crate::process::quote;

/// The last answer that a person has given; shared with whoever asks.
pub(crate) type Answers = Arc<Mutex<Option<String>>>;

/// One step in a session.
#[derive(Clone)]
pub(crate) struct Context<'a> {
    /// The session.
    pub(crate) session: &'a Session,
    /// The track's actor.
    pub(crate) actor: &'a ActorContext,
    /// `<track>.<step>`.
    pub(crate) step: String,
    /// Values for templates.
    pub(crate) scope: Scope,
    /// Where a person's answers come from; without it the author's own are taken.
    pub(crate) answers: Option<Answers>,
    /// When the step began; a fact of another time does not count.
    pub(crate) since: Option<jiff::Timestamp>,
}

impl<'a> Context<'a> {
    /// Renders a string.
    pub(crate) fn text(&self, text: &Text) -> Result<String, RenderError> {
        render(text, &self.scope)
    }

    /// Renders a string that may be absent.
    pub(crate) fn optional(&self, text: Option<&Text>) -> Result<Option<String>, RenderError> {
        text.map(|text| self.text(text)).transpose()
    }

    /// The named actor, or the track's.
    pub(crate) fn actor(&self, name: Option<&Text>) -> Result<&'a ActorContext, ActionError> {
        let Some(name) = name else { return Ok(self.actor) };
        let found = self.session.actors.get(&name.value);
        found.ok_or_else(|| ActionError::UnknownActor(name.value.clone()))
    }

    /// Owner and name of a repository, `<owner>/<name>` or `<name>` of the actor's own.
    pub(crate) fn repository(&self, text: &Text) -> Result<(String, String), RenderError> {
        let full = self.text(text)?;
        Ok(match full.split_once('/') {
            Some((owner, name)) => (owner.to_owned(), name.to_owned()),
            None => (self.actor.actor.name.clone(), full),
        })
    }

    /// Namespace and name, `<namespace>/<name>` or `<name>` in the actor's own namespace.
    pub(crate) fn object(&self, text: &Text) -> Result<(String, String), RenderError> {
        let full = self.text(text)?;
        Ok(match full.split_once('/') {
            Some((namespace, name)) => (namespace.to_owned(), name.to_owned()),
            None => (self.actor.actor.namespace.clone(), full),
        })
    }

    /// ` -n <namespace>` for a command, where that is not where the actor is anyway.
    pub(crate) fn namespace_flag(&self, namespace: Option<&Text>) -> Result<String, RenderError> {
        let namespace = self.optional(namespace)?;
        let other = namespace.filter(|namespace| *namespace != self.actor.actor.namespace);
        Ok(other.map(|namespace| format!(" -n {}", quote(&namespace))).unwrap_or_default())
    }

    /// A client that sees everything.
    pub(crate) async fn observer(&self) -> Result<kube::Client, platform::Error> {
        self.session.platform.cluster().observer().await
    }

    /// What expressions may use besides what a check has observed.
    pub(crate) fn values(&self) -> Map<String, Value> {
        let names = ["facts", "vars", "actor"];
        let pair = |name: &str| Some((name.to_owned(), self.scope.0.get(name)?.clone()));
        names.into_iter().filter_map(pair).collect()
    }

    /// Takes secrets out of a text.
    pub(crate) fn masked(&self, text: &str) -> String {
        let tokens = self.session.actors.values().map(|actor| actor.token.as_str());
        tokens
            .filter(|token| !token.is_empty())
            .fold(text.to_owned(), |text, token| text.replace(token, "***"))
    }
}

impl ActorContext {
    /// A client with the actor's own rights.
    pub(crate) async fn client(&self) -> Result<kube::Client, ActionError> {
        let actor = || self.actor.name.clone();
        let failed = |source| ActionError::Kubeconfig { actor: actor(), source: Box::new(source) };
        let path = self.environment.get("KUBECONFIG").map(String::as_str).unwrap_or_default();
        let file = kube::config::Kubeconfig::read_from(path).map_err(failed)?;
        let options = kube::config::KubeConfigOptions::default();
        let mut config = kube::Config::from_custom_kubeconfig(file, &options).await.map_err(failed)?;
        // A lab is on this machine; a proxy of the person's environment is not for it.
        config.proxy_url = None;
        kube::Client::try_from(config).map_err(|error| ActionError::Kubernetes {
            object: actor(),
            verb: "served",
            source: Box::new(error),
        })
    }
}

impl Session {
    /// The scenario of a track.
    pub(crate) fn scenario(&self, track: &str) -> Result<&Scenario, Error> {
        self.workshop.scenarios.get(track).ok_or_else(|| Error::UnknownTrack {
            workshop: self.workshop.id.clone(),
            track: track.to_owned(),
            known: self.workshop.scenarios.keys().cloned().collect(),
        })
    }

    /// The actor of a track, in this lab.
    pub(crate) fn actor_of(&self, track: &str, step: &str) -> Result<&ActorContext, Error> {
        let written = self.workshop.tracks.get(track).and_then(|track| track.actor.as_ref());
        let name = written.map_or(track, |actor| actor.value.as_str());
        let unknown = || Error::UnknownActor { step: step.to_owned(), actor: name.to_owned() };
        self.actors.get(name).ok_or_else(unknown)
    }

    /// The values for the templates of a track.
    pub(crate) fn scope(&self, track: &str, facts: Map<String, Value>) -> Scope {
        let mut scope = self.values.clone();
        scope.insert("vars".to_owned(), Value::Object(self.workshop.vars_of(track)));
        if let Ok(context) = self.actor_of(track, track) {
            let actor = &context.actor;
            let value = json!({"name": actor.name, "full_name": actor.full_name, "email": actor.email,
                "namespace": actor.namespace});
            scope.insert("actor".to_owned(), value);
            scope.insert("work".to_owned(), json!({"dir": context.work.display().to_string()}));
        }
        scope.insert("facts".to_owned(), Value::Object(facts));
        Scope(scope)
    }
}
