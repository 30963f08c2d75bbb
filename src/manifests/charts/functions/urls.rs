//! sprig's functions on URLs, by the rules of Go's net/url.

use std::fmt::Write as _;

use super::super::template::{Call, Failure, Function, Map, Text, Type, Value};
use Type::{Map as Dict, Text as Str};

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] =
    &[Function::new("urlParse", &[Str], parse), Function::new("urlJoin", &[Dict], join)];

/// Decodes `%41`; nothing where it is malformed.
fn decode(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = text.get(at + 1..at + 3)?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    Some(out)
}

/// Encodes what may not stand in a part of a URL.
fn encode(bytes: &[u8], allowed: &str) -> String {
    let mut out = String::new();
    for &byte in bytes {
        let char = char::from(byte);
        if byte.is_ascii_alphanumeric()
            || "-_.~$&+,/:;=@".contains(char) && !"/;,?".contains(char)
            || allowed.contains(char)
        {
            out.push(char);
        } else {
            _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn scheme_of(text: &str) -> Result<(&str, &str), &'static str> {
    for (at, char) in text.char_indices() {
        match char {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme"),
            ':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn parse(call: &mut Call) -> Answer {
    let whole = call.text(0);
    let fail = |reason: String| {
        let shown = super::super::template::quote(whole.as_bytes());
        Failure::new(format!("unable to parse url: parse {shown}: {reason}"))
    };
    if whole.chars().any(char::is_control) {
        return Err(fail("net/url: invalid control character in URL".to_owned()));
    }
    let (text, fragment) = whole.split_once('#').unwrap_or((&whole, ""));
    let (scheme, rest) = scheme_of(text).map_err(|reason| fail(reason.to_owned()))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut parts = Parts { scheme: scheme.to_lowercase(), query: query.to_owned(), ..Parts::default() };
    let escape = |text: &str| {
        let at = text.find('%').unwrap_or_default();
        let bad = &text[at..text.len().min(at + 3)];
        fail(format!("invalid URL escape {}", super::super::template::quote(bad.as_bytes())))
    };
    parts.fragment = decode(fragment).ok_or_else(|| escape(fragment))?;
    let mut path = rest;
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            rest.clone_into(&mut parts.opaque);
            path = "";
        } else if rest.split('/').next().is_some_and(|first| first.contains(':')) {
            return Err(fail("first path segment in URL cannot contain colon".to_owned()));
        }
    } else if let Some(authority) = rest.strip_prefix("//")
        && (!scheme.is_empty() || !rest.starts_with("///"))
    {
        let end = authority.find('/').unwrap_or(authority.len());
        path = &authority[end..];
        let (user, host) = authority[..end].rsplit_once('@').unwrap_or(("", &authority[..end]));
        user.clone_into(&mut parts.userinfo);
        host.clone_into(&mut parts.host);
        if host.starts_with('[') && !host.contains(']') {
            return Err(fail("missing ']' in host".to_owned()));
        }
        let port = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or("", |(_, port)| port);
        if !port.chars().all(|char| char.is_ascii_digit()) {
            let shown = super::super::template::quote(format!(":{port}").as_bytes());
            return Err(fail(format!("invalid port {shown} after host")));
        }
        if host.contains(' ') {
            return Err(fail("invalid character \" \" in host name".to_owned()));
        }
    }
    parts.path = decode(path).ok_or_else(|| escape(path))?;
    Ok(parts.value())
}

#[derive(Default)]
struct Parts {
    scheme: String,
    opaque: String,
    userinfo: String,
    host: String,
    path: Vec<u8>,
    query: String,
    fragment: Vec<u8>,
}

impl Parts {
    fn value(self) -> Value {
        let hostname = match self.host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => name,
            _ => &self.host,
        };
        let hostname = hostname.trim_start_matches('[').trim_end_matches(']').to_owned();
        let entry = |key: &str, value: Value| (Text::from(key), value);
        Value::map([
            entry("scheme", Value::text(self.scheme)),
            entry("host", Value::text(self.host)),
            entry("hostname", Value::text(hostname)),
            entry("path", Value::text(self.path)),
            entry("query", Value::text(self.query)),
            entry("opaque", Value::text(self.opaque)),
            entry("fragment", Value::text(self.fragment)),
            entry("userinfo", Value::text(self.userinfo)),
        ])
    }
}

fn field(map: &Map, key: &str) -> Result<Text, Failure> {
    match map.get(key.as_bytes()) {
        None => Ok(Text::from("")),
        Some(Value::Text(text)) => Ok(text),
        Some(value) => Err(Failure::new(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            value.kind_name()
        ))),
    }
}

/// Go's `URL.String`.
fn join(call: &mut Call) -> Answer {
    let map = call.map(0);
    let [scheme, host, path, query, opaque, fragment, userinfo] =
        ["scheme", "host", "path", "query", "opaque", "fragment", "userinfo"].map(|key| field(&map, key));
    let (scheme, host, path, query) = (scheme?, host?, path?, query?);
    let (opaque, fragment, userinfo) = (opaque?, fragment?, userinfo?);
    let mut out = String::new();
    if !scheme.is_empty() {
        _ = write!(out, "{}:", scheme.to_str());
    }
    if opaque.is_empty() {
        if !scheme.is_empty() || !host.is_empty() || !userinfo.is_empty() {
            if !host.is_empty() || !path.is_empty() || !userinfo.is_empty() {
                out.push_str("//");
            }
            if !userinfo.is_empty() {
                _ = write!(out, "{}@", userinfo.to_str());
            }
            out.push_str(&host.to_str());
        }
        let escaped = encode(path.as_bytes(), "/;,!'()*");
        if !escaped.is_empty() && !escaped.starts_with('/') && !host.is_empty() {
            out.push('/');
        }
        out.push_str(&escaped);
    } else {
        out.push_str(&opaque.to_str());
    }
    if !query.is_empty() {
        _ = write!(out, "?{}", query.to_str());
    }
    if !fragment.is_empty() {
        _ = write!(out, "#{}", encode(fragment.as_bytes(), "/?;,!'()*"));
    }
    Ok(Value::text(out))
}
