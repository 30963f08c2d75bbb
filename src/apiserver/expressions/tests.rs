//! Expressions beside what Kubernetes 1.34 says of them: `recorded-1.34.json` holds its refusals of policies, and the
//! values and errors with which it answered the creation of one config map.

use std::cell::RefCell;
use std::collections::HashMap;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::accounts::Identity;
use crate::apiserver::access::Attributes;
use crate::apiserver::status::Named;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    expression: String,
    /// What was said of a policy with this expression.
    #[serde(default)]
    refused: Option<String>,
    /// What it came to.
    #[serde(default)]
    value: Option<bool>,
    /// Why it could not be evaluated.
    #[serde(default)]
    failed: Option<String>,
}

/// Administrators may everything, others nothing.
struct Masters;

impl Asks for Masters {
    fn ask(&self, identity: &Identity, _: &Attributes) -> (bool, String) {
        (identity.groups.iter().any(|group| group == "system:masters"), String::new())
    }
}

fn inputs(variables: &[(String, Program)]) -> Inputs<'_> {
    let admin = Identity::new("admin", &["system:masters", "system:authenticated"]);
    let labels = json!({"probe": "7", "a.b/c": "d"});
    let metadata = json!({
        "name": "cm", "namespace": "default", "labels": labels, "uid": "8d8f", "creationTimestamp": "2026-11-21T11:00:00Z"
    });
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"n": "5", "s": "hello", "re": "a1b22"}
    });
    let kind = json!({"group": "", "version": "v1", "kind": "ConfigMap"});
    let resource = json!({"group": "", "version": "v1", "resource": "configmaps"});
    let request = json!({
        "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource, "name": "cm",
        "namespace": "default", "operation": "CREATE", "dryRun": true,
        "userInfo": {"username": "admin", "groups": admin.groups},
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "dryRun": ["All"]}
    });
    let namespace = json!({
        "metadata": {"name": "default", "labels": {"kubernetes.io/metadata.name": "default"}}, "spec": {},
        "status": {"phase": "Active"}
    });
    let map = Named { group: "", plural: "configmaps", name: "cm" };
    let names = vec![
        ("object", from_json(&object)),
        ("oldObject", Value::Null),
        ("request", from_json(&request)),
        ("namespaceObject", from_json(&namespace)),
        ("authorizer", authorizer(&admin)),
        ("authorizer.requestResource", request_resource(&admin, Attributes::resource("", map, "default"))),
    ];
    Inputs { names, variables, known: RefCell::new(HashMap::new()), asks: &Masters }
}

fn environment() -> Environment {
    Environment { authorizer: true, ..Environment::default() }
}

/// What is said of an expression, in the form of the recording.
fn said(expression: &str) -> String {
    let program = match Program::compile(expression, &environment(), Wanted::Bool) {
        Ok(program) => program,
        Err(error) if error.is_internal() => return format!("refused: Internal error: {error}"),
        Err(error) => return format!("refused: {error}"),
    };
    match program.evaluate(&inputs(&[]), &mut Budget::validations()) {
        Ok(value) => format!("value: {}", truth(&value) == Some(true)),
        Err(error) => format!("failed: {error}"),
    }
}

/// Expressions of which we say something else, and why.
const ELSE: [(&str, &str); 7] = [
    ("google.protobuf.Timestamp{} == null", "there are no messages to build, and no policy builds one"),
    ("cidr('10.0.0.0/33').ip() == ip('1.1.1.1')", "the words are those of Go's parser"),
    ("url('x y').getHost() == ''", "the words are those of Go's parser"),
    ("object.data.n.orValue(1) == 1", "what is no optional value has no such function here"),
    ("object.data.re.find('[') == 'x'", "patterns of `find` are read when they are used"),
    ("object.data.re.find('(') == 'x'", "patterns of `find` are read when they are used"),
    ("int == 1", "a type is shown without what it is the type of"),
];

#[test]
fn as_recorded() {
    let recorded: Vec<Recorded> = serde_json::from_str(include_str!("recorded-1.34.json")).unwrap();
    let mut different = Vec::new();
    for Recorded { expression, refused, value, failed } in recorded {
        let expected = match (refused, value, failed) {
            (Some(refused), _, _) => {
                let quoted = format!("Invalid value: {expression:?}: ");
                let go = expression.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                let words = refused
                    .strip_prefix(&quoted)
                    .or(refused.strip_prefix(&format!("Invalid value: \"{go}\": ")));
                format!("refused: {}", words.unwrap_or(&refused))
            }
            (_, Some(value), _) => format!("value: {value}"),
            (_, _, Some(failed)) => format!("failed: {failed}"),
            _ => panic!("nothing is recorded of {expression}"),
        };
        let ours = said(&expression);
        let listed = ELSE.iter().any(|(known, _)| *known == expression);
        if (ours == expected) == listed {
            different.push(format!("{expression}\n  recorded {expected}\n  ours     {ours}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

#[test]
fn variables_are_evaluated_once_and_only_where_they_are_used() {
    let mut environment = environment();
    environment.variables = Some(Vec::new());
    let mut variables = Vec::new();
    for (name, source) in
        [("bad", "object.nothing"), ("n", "int(object.data.n)"), ("twice", "variables.n * 2")]
    {
        let program = Program::compile(source, &environment, Wanted::Anything).unwrap();
        environment.variables.as_mut().unwrap().push((name.to_owned(), program.result().clone()));
        variables.push((name.to_owned(), program));
    }
    for (source, expected) in [
        ("variables.twice == 10 && variables.n == 5", Ok(Some(true))),
        ("variables.n == 5 || variables.bad", Ok(Some(true))),
        (
            "variables.bad == 1",
            Err("composited variable \"bad\" fails to evaluate: no such key: nothing".to_owned()),
        ),
    ] {
        let program = Program::compile(source, &environment, Wanted::Bool).unwrap();
        let value = program.evaluate(&inputs(&variables), &mut Budget::validations());
        assert_eq!(value.map(|value| truth(&value)), expected, "{source}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(source in "\\PC{0,60}") {
        let _ = said(&source);
    }

    #[test]
    fn any_words_are_evaluated_or_refused(words in prop::collection::vec(prop::sample::select(vec![
        "object", "data", ".", ".?", "[", "[?", "]", "(", ")", "{", "}", ":", "?", ",", "&&", "||", "!", "-", "+", "*",
        "/", "%", "==", "<", "in", "1", "0", "2u", "1.5", "'a'", "b'a'", "null", "true", "all", "exists", "map", "x",
        "has", "size", "optional", "of", "quantity", "ip", "matches", "format", "int", "-9223372036854775808", "request",
    ]), 0..25)) {
        let _ = said(&words.join(" "));
        let _ = said(&words.concat());
    }
}

#[test]
fn depth_and_length_are_bounded() {
    for source in [
        "(".repeat(5000),
        "!".repeat(5000),
        "a.".repeat(5000),
        "[".repeat(5000),
        "1+".repeat(5000),
        "-".repeat(5000),
    ] {
        assert!(said(&source).starts_with("refused: compilation failed: "), "{}", &source[..2]);
    }
    assert!(said(&" ".repeat(70_000)).contains("exceeds limit"));
}

#[test]
fn what_grows_beyond_its_text_costs_what_it_grows_to() {
    let doubled = (0..40).fold("[0]".to_owned(), |list, _| format!("{list}.map(x, [x, x])"));
    let letters = "a".repeat(4000);
    for source in [
        format!("{doubled} == {doubled}"),
        format!("'{letters}'.replace('a', '{letters}').size() > 0"),
        format!(
            "[1, 2, 3].map(x, '{letters}').map(x, ['', '', '', ''].join(x + x + x + x)).size() > 9000000000"
        ),
    ] {
        let Ok(program) = Program::compile(&source, &Environment::default(), Wanted::Bool) else { continue };
        let mut budget = Budget::conditions();
        let answer = program.evaluate(&inputs(&[]), &mut budget);
        assert!(
            answer.is_ok() || answer == Err("operation cancelled: actual cost limit exceeded".to_owned())
        );
    }
    let source = format!("'{letters}'.replace('a', '{letters}').size() > 0");
    let program = Program::compile(&source, &Environment::default(), Wanted::Bool).unwrap();
    let answer = program.evaluate(&inputs(&[]), &mut Budget::validations());
    assert_eq!(answer, Err("operation cancelled: actual cost limit exceeded".to_owned()));
}
