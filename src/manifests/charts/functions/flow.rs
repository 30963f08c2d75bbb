//! Helm's functions that render or stop: `include`, `tpl`, `required`, `fail`, `lookup`.

use std::rc::Rc;

use super::super::encoding::from_json;
use super::super::template::{Call, Failure, Function, Text, Type, Value, quote};
use Type::{Any, Text as Str};

type Answer = Result<Value, Failure>;

/// How often a template may include itself.
const RECURSION_LIMIT: usize = 1000;

/// What `required` and `fail` put around their words, so that they can be found in a longer text.
pub(in super::super) const STOP: (&str, &str) = ("HELM_ERR_START", "HELM_ERR_END");

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("include", &[Str, Any], include),
    Function::new("tpl", &[Str, Any], tpl),
    Function::new("required", &[Str, Any], required),
    Function::new("fail", &[Str], fail),
    Function::new("lookup", &[Str, Str, Str, Str], lookup),
];

fn stop(words: &str) -> Failure {
    Failure::new(format!("{}{words}{}", STOP.0, STOP.1))
}

fn include(call: &mut Call) -> Answer {
    let name = call.text(0).into_owned();
    let data = call.value(1).clone();
    let depth = call.machine.included.entry(name.clone()).or_default();
    if *depth > RECURSION_LIMIT {
        let message = "unable to execute template";
        let head = format!("rendering template has a nested reference name: {name}: ");
        return Err(Failure::new(message).within(head));
    }
    *depth += 1;
    let set = Rc::clone(&call.machine.set);
    let result = if let Some(template) = set.find(&name) {
        call.machine.execute(template, data).map(Value::text)
    } else {
        let name = quote(name.as_bytes());
        Err(Failure::new(format!("template: no template {name} associated with template \"gotpl\"")))
    };
    if let Some(depth) = call.machine.included.get_mut(&name) {
        *depth -= 1;
    }
    result
}

fn tpl(call: &mut Call) -> Answer {
    let text = call.text(0).into_owned();
    let data = call.value(1).clone();
    let outer = Rc::clone(&call.machine.set);
    let mut inner = (*outer).clone();
    let functions = call.machine.functions;
    let quoted = || quote(text.as_bytes());
    let template = inner.parse("gotpl", &text, &|name| functions.contains_key(name));
    let template = template
        .map_err(|error| Failure::new(error).within(format!("cannot parse template {}: ", quoted())))?;
    call.machine.set = Rc::new(inner);
    let result = call.machine.execute(&template, data);
    call.machine.set = outer;
    let bytes = result.map_err(|failure| {
        failure.within(format!("error during tpl function execution for {}: ", quoted()))
    })?;
    Ok(Value::text(without_no_value(&bytes)))
}

/// What is missing prints as `<no value>`, which Helm takes out of what is done.
pub(in super::super) fn without_no_value(bytes: &[u8]) -> Vec<u8> {
    const NO_VALUE: &[u8] = b"<no value>";
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'<' && bytes[at..].starts_with(NO_VALUE) {
            at += NO_VALUE.len();
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

fn required(call: &mut Call) -> Answer {
    let value = call.value(1);
    let missing = value.is_nil() || matches!(value, Value::Text(text) if text.is_empty());
    if !missing {
        return Ok(value.clone());
    }
    if call.machine.host.lint {
        return Ok(Value::text(""));
    }
    Err(stop(&call.text(0)))
}

fn fail(call: &mut Call) -> Answer {
    if call.machine.host.lint {
        return Ok(Value::text(""));
    }
    Err(stop(&call.text(0)))
}

fn lookup(call: &mut Call) -> Answer {
    let [version, kind, namespace, name] = [0, 1, 2, 3].map(|index| call.text(index));
    let found = (call.machine.host.lookup)(&version, &kind, &namespace, &name).map_err(Failure::new)?;
    match found {
        serde_json::Value::Null => Ok(Value::map(Vec::<(Text, Value)>::new())),
        found => Ok(from_json(&found)),
    }
}
