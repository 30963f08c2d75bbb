//! Gives each Receiver its path, which nobody can guess who does not know its token.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use kube::ResourceExt as _;
use sha2::{Digest as _, Sha256};

use super::signature::token;
use crate::controllers::{
    Action, Context, Reconciler,
    events::Recorder,
    status::{Conditions, Patcher},
};
use crate::objects::{
    flux::{RECONCILE_ANNOTATION, Receiver},
    format_duration, parse_duration,
};

const MANAGER: &str = "notification-controller";

/// The reconciler of Receiver.
pub(super) struct Receivers {
    context: Context,
    events: Recorder,
}

impl Receivers {
    pub(super) fn new(context: Context) -> Self {
        let events = Recorder::new(context.client.clone(), MANAGER);
        Self { context, events }
    }
}

#[async_trait]
impl Reconciler for Receivers {
    type Object = Receiver;

    async fn reconcile(&self, object: Receiver) -> (Action, Option<String>) {
        let mut status = object.status.clone().unwrap_or_default();
        let mut patcher = Patcher::new(&self.context.client, &object, &status, MANAGER);
        if object.metadata.deletion_timestamp.is_some() {
            let gone = patcher.remove_finalizer(&object).await.is_ok();
            return (if gone { Action::OnChange } else { Action::Retry }, None);
        }
        if patcher.add_finalizer(&object).await.is_err() {
            return (Action::Retry, None);
        }
        if object.spec.suspend == Some(true) {
            return (Action::OnChange, None);
        }
        let mut conditions =
            Conditions { list: &mut status.conditions, generation: object.metadata.generation };
        conditions.set("Reconciling", "True", "Progressing", "Reconciliation in progress");
        let interval = parse_duration(&object.spec.interval).unwrap_or(Duration::from_secs(600));
        let action = match token(&self.context.client, &object).await {
            Ok(token) => {
                let path = path(&token, &object);
                let message = format!("Receiver initialized for path: {path}");
                conditions.set("Ready", "True", "Succeeded", &message);
                conditions.finish();
                status.webhook_path = Some(path);
                status.observed_generation = object.metadata.generation.unwrap_or_default();
                let message = format!("Reconciliation finished, next run in {}", format_duration(interval));
                self.events.normal(&object, "Succeeded", &message, BTreeMap::new()).await;
                Action::After(interval)
            }
            Err(reason) => {
                conditions.set("Ready", "False", "TokenNotFound", &reason);
                conditions.finish();
                status.webhook_path = None;
                self.events.warning(&object, "Failed", &reason, BTreeMap::new()).await;
                Action::Retry
            }
        };
        if let Some(request) = object.annotations().get(RECONCILE_ANNOTATION) {
            status.last_handled_reconcile_at = Some(request.clone());
        }
        match patcher.status(&status).await {
            Ok(()) => (action, None),
            Err(_) => (Action::Retry, None),
        }
    }
}

fn path(token: &str, object: &Receiver) -> String {
    let text = format!("{token}{}{}", object.name_any(), object.namespace().unwrap_or_default());
    format!("/hook/{:x}", Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::flux::ReceiverSpec;

    #[test]
    fn path_depends_on_token_name_and_namespace() {
        let mut object = Receiver::new("apps", ReceiverSpec::default());
        object.metadata.namespace = Some("dev1".to_owned());
        let expected = format!("/hook/{:x}", Sha256::digest(b"tokenappsdev1"));
        assert_eq!(path("token", &object), expected);
    }
}
