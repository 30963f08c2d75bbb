//! `http`: an answer of an application, through its Service or at an address.

use http_body_util::{BodyExt as _, Limited};
use kube::client::Body;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::clauses::check_body;
use super::inside;
use super::{Look, Verdict};
use crate::scenario::actions::WantedText;
use crate::scenario::context::Context;
use crate::scenario::kubernetes::{chain, reason};
use crate::scenario::model::{Part, Placed, Text};
use crate::scenario::partial::Pattern;
use crate::scenario::render::RenderError;

/// The largest answer that is read.
const BODY_LIMIT: usize = 1 << 20;

/// What the answer's body must be like.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpBody {
    /// A part of it.
    pub contains: Option<Text>,
    /// A regular expression that finds something in it.
    pub matches: Option<Text>,
    /// A part of the JSON that it is.
    pub json: Option<Placed<Value>>,
}

check_body! {
    /// The body: one of `service` and `url`.
    pub struct Http {
        /// `<namespace>/<service>:<port>`.
        pub service: Option<Text>,
        /// An address.
        pub url: Option<Text>,
        /// The namespace that is asked from; the lab itself when nothing is said.
        pub from: Option<Text>,
        /// The path below the service; `/` when nothing is said.
        pub path: Option<Text>,
        /// The status; 200 when nothing is said.
        pub status: Option<u16>,
        /// What the answer's body must be like.
        #[serde(default)]
        pub body: HttpBody,
        /// Expressions that must hold.
        #[serde(default)]
        pub cel: Vec<Text>,
    }
}

impl Http {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let texts = [&self.service, &self.url, &self.from, &self.path, &self.body.contains];
        let mut parts: Vec<_> = texts.into_iter().flatten().map(Part::Template).collect();
        parts.extend(self.body.matches.as_ref().map(Part::Pattern));
        parts.extend(self.body.json.as_ref().map(Part::Tree));
        parts.extend(self.cel.iter().map(|text| Part::Expression(text, &["response"])));
        parts
    }

    /// The address as shown.
    fn address(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let path = context.optional(self.path.as_ref())?.unwrap_or_else(|| "/".to_owned());
        let base = context.optional(self.service.as_ref().or(self.url.as_ref()))?.unwrap_or_default();
        Ok(format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/')))
    }

    /// What must become true, in words.
    pub(crate) fn expects(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let mut wanted = Vec::new();
        let texts = [(&self.body.contains, "the text"), (&self.body.matches, "a match of")];
        for (text, word) in texts {
            wanted.extend(context.optional(text.as_ref())?.map(|text| format!("{word} `{text}`")));
        }
        if let Some(tree) = &self.body.json {
            wanted.extend(Pattern::render(tree, &context.scope)?.words());
        }
        wanted.extend(self.cel.iter().map(|condition| format!("`{}`", condition.value)));
        let with = if wanted.is_empty() { String::new() } else { format!(", with {}", wanted.join(" and ")) };
        let from = context.optional(self.from.as_ref())?.map(|from| format!(" from inside `{from}`"));
        let from = from.unwrap_or_default();
        Ok(format!("`{}` answers {}{from}{with}", self.address(context)?, self.status.unwrap_or(200)))
    }

    /// Asks once.
    pub(crate) async fn look(&self, context: &Context<'_>) -> Result<Look, RenderError> {
        let address = self.address(context)?;
        let text = WantedText {
            contains: context.optional(self.body.contains.as_ref())?,
            matches: context.optional(self.body.matches.as_ref())?,
        };
        let json = self.body.json.as_ref().map(|tree| Pattern::render(tree, &context.scope)).transpose()?;
        let answer = match (context.optional(self.from.as_ref())?, &self.service) {
            (Some(from), service) => {
                let Some(image) = inside::image(&context.session.workshop.images) else {
                    let reason = "to ask from inside a namespace, the workshop needs an image of a sample";
                    return Ok(Look { verdict: Verdict::Never(reason.to_owned()), values: Map::new() });
                };
                let url = if service.is_some() { in_cluster(&address) } else { address };
                Box::pin(inside::ask(context, &from, &image, &url)).await
            }
            (None, Some(_)) => ask_service(context, &address).await,
            (None, None) => ask_url(&address).await,
        };
        let (status, body) = match answer {
            Ok(answer) => answer,
            Err(reason) => return Ok(Look::not_yet(reason)),
        };
        let body = String::from_utf8_lossy(&body).into_owned();
        let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
        let response = json!({"status": status, "body": body, "json": parsed});
        let values = [("response".to_owned(), response)].into_iter().collect();
        let wanted = self.status.unwrap_or(200);
        // Where nobody answers, the API server does, with a Status.
        let said = parsed["message"].as_str().filter(|_| parsed["kind"] == "Status").unwrap_or(&body);
        let first: String = said.lines().next().unwrap_or_default().chars().take(120).collect();
        let observed = if status != wanted {
            Some(format!("the answer is {status}: {first}"))
        } else if let Some(missing) = text.difference(&body) {
            Some(format!("there is not {missing} the answer: {first}"))
        } else {
            json.and_then(|json| json.difference(&parsed))
                .map(|difference| format!("in the answer, {difference}"))
        };
        Ok(observed.map_or_else(|| Look::holds(Map::new()), Look::not_yet).with(values))
    }
}

/// The address by which a program in the cluster knows `<namespace>/<service>:<port>/<path>`.
fn in_cluster(address: &str) -> String {
    let (namespace, rest) = address.split_once('/').unwrap_or_default();
    let (service, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, port) = service.split_once(':').unwrap_or((service, "80"));
    format!("http://{name}.{namespace}:{port}/{path}")
}

/// Asks a Service through the API server, which works from everywhere. `address` is
/// `<namespace>/<service>:<port>/<path>`.
async fn ask_service(context: &Context<'_>, address: &str) -> Result<(u16, Vec<u8>), String> {
    let mut parts = address.splitn(3, '/');
    let (namespace, service, path) = (parts.next(), parts.next(), parts.next());
    let (Some(namespace), Some(service)) = (namespace, service) else {
        return Err(format!("`{address}` is not `<namespace>/<service>:<port>`"));
    };
    let path = path.unwrap_or_default();
    let uri = format!("/api/v1/namespaces/{namespace}/services/{service}/proxy/{path}");
    let request = http::Request::get(uri).body(Body::empty()).map_err(|error| error.to_string())?;
    let client = context.observer().await.map_err(|error| chain(&error))?;
    let answer = client.send(request).await.map_err(|error| reason(&error))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), BODY_LIMIT).collect().await;
    Ok((status, body.map_err(|error| error.to_string())?.to_bytes().to_vec()))
}

async fn ask_url(address: &str) -> Result<(u16, Vec<u8>), String> {
    let client = reqwest::Client::builder().no_proxy().build().map_err(|error| chain(&error))?;
    let mut answer = client.get(address).send().await.map_err(|error| chain(&error))?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| chain(&error))? {
        if body.len() + part.len() > BODY_LIMIT {
            return Err(format!("the answer has over {BODY_LIMIT} bytes"));
        }
        body.extend_from_slice(&part);
    }
    Ok((answer.status().as_u16(), body))
}
