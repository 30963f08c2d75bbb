//! A request as policies see it.

use serde_json::{Value, json};

use crate::accounts::Identity;
use crate::apiserver::access::{Attributes, Object};
use crate::apiserver::subresources;
use crate::apiserver::target::Target;

/// Something that somebody wants to do to an object.
pub(crate) struct Request<'a> {
    pub(crate) target: &'a Target,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub(crate) operation: &'static str,
    /// The object's name.
    pub(crate) name: &'a str,
    /// The object as it will be.
    pub(crate) object: Option<&'a Value>,
    /// The object as it is.
    pub(crate) old: Option<&'a Value>,
    /// What was asked for besides: `CreateOptions` and its like.
    pub(crate) options: Value,
    pub(crate) dry_run: bool,
    pub(crate) identity: &'a Identity,
}

impl Request<'_> {
    pub(super) fn subresource(&self) -> &str {
        self.target.subresource.as_deref().unwrap_or_default()
    }

    pub(super) fn is_namespace(&self) -> bool {
        self.target.kind.group.is_empty() && self.target.kind.plural == "namespaces"
    }

    /// The namespace; of a namespace it is its own name.
    pub(super) fn namespace(&self) -> &str {
        if self.is_namespace() { self.name } else { self.target.namespace.as_deref().unwrap_or_default() }
    }

    /// Group, version and kind of what is sent.
    fn kind(&self) -> (&str, &str, &str) {
        let kind = &self.target.kind;
        let row = subresources::served(kind).iter().find(|row| row.0 == self.subresource());
        match (self.subresource(), row) {
            ("scale", _) => ("autoscaling", "v1", "Scale"),
            (_, Some((_, group, version, kind, _))) => (group, version, kind),
            _ => (&kind.group, &kind.version, &kind.kind),
        }
    }

    /// The variable `request`. `version` is that of the kind in which the policy wants to see the object.
    pub(super) fn variable(&self, version: &str) -> Value {
        let kind = &self.target.kind;
        let (group, own, name) = self.kind();
        let shown = if self.subresource().is_empty() { version } else { own };
        let resource =
            |version: &str| json!({"group": kind.group, "version": version, "resource": kind.plural});
        let identity = self.identity;
        let mut user = json!({"username": identity.username, "groups": identity.groups});
        if !identity.uid.is_empty() {
            user["uid"] = identity.uid.as_str().into();
        }
        if !identity.extra.is_empty() {
            user["extra"] = json!(identity.extra);
        }
        let mut request = json!({
            "kind": {"group": group, "version": shown, "kind": name}, "resource": resource(version),
            "requestKind": {"group": group, "version": own, "kind": name},
            "requestResource": resource(&kind.version), "operation": self.operation, "userInfo": user,
            "dryRun": self.dry_run, "options": self.options
        });
        let texts = [
            ("subResource", self.subresource()),
            ("requestSubResource", self.subresource()),
            ("name", self.name),
            ("namespace", self.namespace()),
        ];
        for (field, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            request[field] = text.into();
        }
        request
    }

    /// The same as a question to `authorizer`.
    pub(super) fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::resource("", self.target.named_as(self.name), self.namespace());
        if let Object::Resource { subresource, .. } = &mut attributes.object {
            self.subresource().clone_into(subresource);
        }
        attributes
    }
}
