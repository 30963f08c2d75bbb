//! What policies have to say about subresources that change no object: tunnels, and what is posted to an object.

use serde_json::{Value, json};

use super::served;
use crate::apiserver::admission;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::verbs::Options;

/// Reviews a tunnel: the object is made of its query parameters.
pub(super) fn connect(call: &Call) -> Result<(), Status> {
    let name = call.target.subresource.as_deref().unwrap_or_default();
    let Some((_, _, version, kind, _)) = served(&call.target.kind).iter().find(|row| row.0 == name) else {
        return Ok(());
    };
    let mut object = json!({"kind": kind, "apiVersion": version});
    if name == "proxy" {
        object["path"] = call.target.rest.as_str().into();
    } else {
        for flag in ["stdin", "stdout", "stderr", "tty"] {
            object[flag] = call.query.flag(flag).into();
        }
        if let Some(container) = call.query.text("container") {
            object["container"] = container.into();
        }
        let pairs = percent_encoding::percent_decode_str(call.request.uri().query().unwrap_or_default());
        let pairs = pairs.decode_utf8_lossy().into_owned();
        let command: Vec<_> = pairs.split('&').filter_map(|pair| pair.strip_prefix("command=")).collect();
        if !command.is_empty() {
            object["command"] = json!(command);
        }
    }
    review(call, "CONNECT", &object)
}

/// Reviews what is posted to an object.
pub(super) fn posted(call: &Call, object: &Value) -> Result<(), Status> {
    review(call, "CREATE", object)
}

fn review(call: &Call, operation: &'static str, object: &Value) -> Result<(), Status> {
    let options = Options::read(call)?;
    let asked = if operation == "CREATE" { options.asked("CreateOptions") } else { Value::Null };
    let request = admission::Request {
        target: &call.target,
        operation,
        name: call.target.name.as_deref().unwrap_or_default(),
        object: Some(object),
        old: None,
        options: asked,
        dry_run: options.dry_run,
        identity: &call.identity,
    };
    call.server.review(&request, &call.notes).map(|_| ())
}
