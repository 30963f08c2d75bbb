//! Tokens of service accounts: each is of one account, which must still be there, and may end with a pod, a secret
//! or a node.

use serde::Deserialize;

use super::meta::Meta;
use super::server::Server;
use super::store::Key;
use crate::accounts::{Bound, Claims, Identity, Reference, TOKEN_ISSUER};

const PREFIX: &str = "authentication.kubernetes.io";

impl Server {
    /// Who shows a token, and for which of the `audiences` it is good. Without audiences it must be for this server.
    pub(crate) fn bearer(&self, token: &str, audiences: &[String]) -> Option<(Identity, Vec<String>)> {
        let claims = self.service_account_key.verify(token, jiff::Timestamp::now().as_second())?;
        let own = [TOKEN_ISSUER.to_owned()];
        let wanted = if audiences.is_empty() { &own[..] } else { audiences };
        let good: Vec<_> = wanted.iter().filter(|audience| claims.aud.contains(audience)).cloned().collect();
        let alive = !good.is_empty() && self.is_bound(&claims.bound);
        alive.then(|| (identity(&claims).with_system_group(), good))
    }

    /// Whether everything that a token is bound to is still there.
    fn is_bound(&self, bound: &Bound) -> bool {
        let here = bound.namespace.as_str();
        let there = |resource: &str, namespace: &str, wanted: &Reference| {
            let stored = self.store.get(&Key::new(resource, namespace, &wanted.name));
            stored.is_some_and(|object| Meta::of(&object.json).uid == wanted.uid)
        };
        let optional = |resource: &str, namespace: &str, wanted: &Option<Reference>| {
            wanted.as_ref().is_none_or(|wanted| there(resource, namespace, wanted))
        };
        // A pod's token does not end with the pod's node.
        let node = bound.pod.is_some() || optional("nodes", "", &bound.node);
        there("serviceaccounts", here, &bound.serviceaccount)
            && optional("pods", here, &bound.pod)
            && optional("secrets", here, &bound.secret)
            && node
    }

    /// One particular object as it is now.
    pub(crate) fn reference(&self, resource: &str, namespace: &str, name: &str) -> Option<Reference> {
        let stored = self.store.get(&Key::new(resource, namespace, name))?;
        Some(Reference { name: name.to_owned(), uid: Meta::of(&stored.json).uid })
    }

    /// The account and the node of a pod.
    pub(crate) fn pod_place(&self, namespace: &str, name: &str) -> Option<PodPlace> {
        let stored = self.store.get(&Key::new("pods", namespace, name))?;
        serde_json::from_slice::<Pod>(&stored.json).ok().map(|pod| pod.spec)
    }
}

#[derive(Deserialize)]
struct Pod {
    spec: PodPlace,
}

/// The account and the node of a pod; empty where there is none.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodPlace {
    pub(crate) service_account_name: String,
    pub(crate) node_name: String,
}

fn identity(claims: &Claims) -> Identity {
    let Bound { namespace, node, pod, serviceaccount, .. } = &claims.bound;
    let mut identity = Identity::service_account(namespace, &serviceaccount.name);
    identity.uid.clone_from(&serviceaccount.uid);
    let mut add = |name: &str, value: &str| {
        identity.extra.insert(format!("{PREFIX}/{name}"), vec![value.to_owned()]);
    };
    add("credential-id", &format!("JTI={}", claims.jti));
    for (word, reference) in [("node", node), ("pod", pod)] {
        if let Some(Reference { name, uid }) = reference {
            add(&format!("{word}-name"), name);
            add(&format!("{word}-uid"), uid);
        }
    }
    identity
}
