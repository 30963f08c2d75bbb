//! What can be said of an expression before it is evaluated: names and functions that there are not, and types that do
//! not go together. The words are those of Kubernetes.

use super::functions;
use super::node::{Each, Kind, Node, deep};
use super::parse::Wrong;
use super::signatures::{Type, fields, signatures};
use super::value::{Value, type_name};

/// The names that an expression may speak of, besides `object`, `oldObject`, `request` and `namespaceObject`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// Whether there are `params`.
    pub(crate) params: bool,
    /// Whether there is an `authorizer`.
    pub(crate) authorizer: bool,
    /// The policy's own variables so far; none, where it declares none.
    pub(crate) variables: Option<Vec<(String, Type)>>,
    /// The type of `object` and `oldObject`.
    pub(crate) object: Type,
    /// For the rule of a schema, which speaks of nothing else: the type of `self`, and that of `oldSelf`.
    pub(crate) rule: Option<(Type, Type)>,
}

impl Environment {
    /// What the rules of a schema speak of; `optional` where there need not be an old value.
    pub(crate) fn of_rule(own: Type, optional: bool) -> Self {
        let old = if optional { Type::Optional(Box::new(own.clone())) } else { own.clone() };
        Self { rule: Some((own, old)), ..Self::default() }
    }
}

const COMPARED: [&str; 4] = ["_<_", "_<=_", "_>_", "_>=_"];
const ORDERED: [&str; 8] = ["bool", "int", "uint", "double", "string", "bytes", "duration", "timestamp"];
const NUMBERS: [&str; 3] = ["int", "uint", "double"];
const TYPES: [&str; 9] = ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type"];

/// The type of an expression, and everything that is wrong in it.
pub(super) fn check(node: &Node, environment: &Environment) -> (Type, Vec<Wrong>) {
    let mut checker = Checker { environment, locals: Vec::new(), wrong: Vec::new(), mixing: 0 };
    let result = checker.of(node);
    checker.wrong.sort_by_key(|wrong| wrong.at);
    (result, checker.wrong)
}

struct Checker<'a> {
    environment: &'a Environment,
    locals: Vec<(String, Type)>,
    wrong: Vec<Wrong>,
    /// How many calls take lists of several types.
    mixing: usize,
}

impl Checker<'_> {
    fn refuse(&mut self, at: usize, words: String) -> Type {
        self.wrong.push(Wrong { at, words });
        Type::Dyn
    }

    fn expect(&mut self, node: &Node, wanted: &Type, found: &Type) {
        if found != wanted && *found != Type::Dyn {
            self.refuse(node.at, format!("expected type '{wanted}' but found '{found}'"));
        }
    }

    fn of(&mut self, node: &Node) -> Type {
        deep(|| self.part(node))
    }

    fn part(&mut self, node: &Node) -> Type {
        match &node.kind {
            Kind::Literal(Value::Null) => Type::named("null"),
            Kind::Literal(value) => Type::named(type_name(value)),
            Kind::Name(name) => self.name(node.at, name),
            Kind::Select { of, field, optional, test } => {
                let found = self.of(of);
                let field = self.field(node.at, &found, field);
                match (test, optional, found) {
                    (true, _, _) => Type::named("bool"),
                    (_, true, Type::Optional(_)) => field,
                    (_, true, _) => Type::Optional(Box::new(field)),
                    _ => field,
                }
            }
            Kind::Index { of, key, optional } => {
                let (found, key) = (self.of(of), self.of(key));
                let item = self.item(node.at, &found, &key);
                if *optional || matches!(found, Type::Optional(_)) {
                    Type::Optional(Box::new(item))
                } else {
                    item
                }
            }
            Kind::Call { target, name, arguments } => self.call(node.at, target.as_deref(), name, arguments),
            Kind::List(items) => {
                let mut first: Option<Type> = None;
                for (item, optional) in items {
                    let found = self.of(item);
                    let found = match found {
                        Type::Optional(inner) if *optional => *inner,
                        other => other,
                    };
                    self.same(item, &mut first, found);
                }
                Type::List(Box::new(first.unwrap_or(Type::Any('_'))))
            }
            Kind::Map(entries) => {
                let (mut first_key, mut first) = (None, None);
                for (key, value, optional) in entries {
                    let found = self.of(key);
                    self.same(key, &mut first_key, found);
                    let found = match self.of(value) {
                        Type::Optional(inner) if *optional => *inner,
                        other => other,
                    };
                    self.same(value, &mut first, found);
                }
                let any = || Type::Any('_');
                Type::Map(Box::new(first_key.unwrap_or_else(any)), Box::new(first.unwrap_or_else(any)))
            }
            Kind::Loop { each, of, names, filter, body } => {
                self.looped(*each, of, names, filter.as_deref(), body)
            }
        }
    }

    /// The elements of a literal are all of one type.
    fn same(&mut self, node: &Node, first: &mut Option<Type>, found: Type) {
        match first {
            None => *first = Some(found),
            Some(first) if *first != found && self.mixing > 0 => *first = Type::Dyn,
            Some(first) if *first != found => {
                let words = format!("expected type '{first}' but found '{found}'");
                self.refuse(node.at, words);
            }
            Some(_) => {}
        }
    }

    fn name(&mut self, at: usize, name: &str) -> Type {
        if let Some((_, local)) = self.locals.iter().rev().find(|(own, _)| own == name) {
            return local.clone();
        }
        if let Some((own, old)) = &self.environment.rule {
            return match name {
                "self" => own.clone(),
                "oldSelf" => old.clone(),
                name if TYPES.contains(&name) => Type::named("type"),
                _ => self.refuse(at, format!("undeclared reference to '{name}' (in container '')")),
            };
        }
        match name {
            "object" | "oldObject" => self.environment.object.clone(),
            "request" => Type::named("kubernetes.AdmissionRequest"),
            "namespaceObject" => Type::named("kubernetes.Namespace"),
            "params" if self.environment.params => Type::Dyn,
            "authorizer" if self.environment.authorizer => Type::read("Authorizer"),
            "variables" if self.environment.variables.is_some() => Type::named("kubernetes.variables"),
            name if TYPES.contains(&name) => Type::named("type"),
            _ => self.refuse(at, format!("undeclared reference to '{name}' (in container '')")),
        }
    }

    fn field(&mut self, at: usize, of: &Type, field: &str) -> Type {
        match of {
            Type::Dyn | Type::Any(_) => Type::Dyn,
            Type::Map(_, value) => (**value).clone(),
            Type::Object(fields) => match fields.field(field) {
                Some(known) => known,
                None => self.refuse(at, format!("undefined field '{field}'")),
            },
            Type::Optional(inner) => {
                let inner = self.field(at, inner, field);
                Type::Optional(Box::new(inner))
            }
            Type::Named(name) if name == "kubernetes.variables" => {
                let known = self.environment.variables.iter().flatten().find(|(own, _)| own == field);
                match known {
                    Some((_, known)) => known.clone(),
                    None => self.refuse(at, format!("undefined field '{field}'")),
                }
            }
            Type::Named(name) if fields(name).is_some() => {
                let known = fields(name).and_then(|fields| fields.iter().find(|(own, _)| *own == field));
                match known {
                    Some((_, known)) => Type::read(known),
                    None => self.refuse(at, format!("undefined field '{field}'")),
                }
            }
            other => self.refuse(at, format!("type '{other}' does not support field selection")),
        }
    }

    fn item(&mut self, at: usize, of: &Type, key: &Type) -> Type {
        match of {
            Type::Dyn | Type::Any(_) | Type::Object(_) => Type::Dyn,
            Type::List(item) if *key == Type::Dyn || key.is("int") => (**item).clone(),
            Type::Map(wanted, value) if wanted.takes(key, &mut Vec::new()) => (**value).clone(),
            Type::Optional(inner) => self.item(at, &inner.clone(), key),
            other => self
                .refuse(at, format!("found no matching overload for '_[_]' applied to '({other}, {key})'")),
        }
    }

    fn call(&mut self, at: usize, target: Option<&Node>, name: &str, arguments: &[Node]) -> Type {
        let receiver = target.map(|target| self.of(target));
        let mixes = usize::from(name == "format");
        self.mixing += mixes;
        let given: Vec<Type> = arguments.iter().map(|argument| self.of(argument)).collect();
        self.mixing -= mixes;
        if matches!(name, "_&&_" | "_||_") {
            for (argument, found) in arguments.iter().zip(&given) {
                self.expect(argument, &Type::named("bool"), found);
            }
            return Type::named("bool");
        }
        let found = if COMPARED.contains(&name) {
            compares(&given).then(|| Type::named("bool"))
        } else {
            let Some(signatures) = signatures(name) else {
                return self.refuse(at, format!("undeclared reference to '{name}' (in container '')"));
            };
            let mut results = signatures.iter().filter_map(|signature| {
                if signature.receiver.is_some() != receiver.is_some()
                    || signature.arguments.len() != given.len()
                {
                    return None;
                }
                let mut letters = Vec::new();
                let wanted = signature.receiver.iter().chain(&signature.arguments);
                let fit = wanted
                    .zip(receiver.iter().chain(&given))
                    .all(|(wanted, given)| wanted.takes(given, &mut letters));
                fit.then(|| signature.result.with(&letters))
            });
            let first = results.next();
            match first {
                Some(first) if results.all(|other| other == first) => Some(first),
                Some(_) => Some(Type::Dyn),
                None => None,
            }
        };
        if let Some(found) = found {
            self.literal(name, arguments.last());
            return found;
        }
        let given: Vec<String> = given.iter().map(ToString::to_string).collect();
        let dotted = receiver.map(|receiver| format!("{receiver}.")).unwrap_or_default();
        let words =
            format!("found no matching overload for '{name}' applied to '{dotted}({})'", given.join(", "));
        self.refuse(at, words)
    }

    /// A pattern or a time that is written down can be read now.
    fn literal(&mut self, name: &str, argument: Option<&Node>) {
        let Some(Node { at, kind: Kind::Literal(value @ Value::String(text)), .. }) = argument else {
            return;
        };
        let good = match name {
            "matches" => functions::pattern(text).is_ok(),
            "duration" | "timestamp" => functions::call(name, None, vec![value.clone()]).is_ok(),
            _ => return,
        };
        if !good {
            self.refuse(*at, format!("invalid {name} argument"));
        }
    }

    fn looped(
        &mut self,
        each: Each,
        of: &Node,
        names: &[String],
        filter: Option<&Node>,
        body: &Node,
    ) -> Type {
        let range = self.of(of);
        let optional = matches!(each, Each::OptMap | Each::OptFlatMap);
        let (key, value) = match &range {
            Type::List(item) => (Type::named("int"), (**item).clone()),
            Type::Map(key, value) => ((**key).clone(), (**value).clone()),
            Type::Optional(inner) if optional => (Type::Dyn, (**inner).clone()),
            Type::Dyn | Type::Any(_) | Type::Object(_) => (Type::Dyn, Type::Dyn),
            other => {
                let words = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                (self.refuse(of.at, words), Type::Dyn)
            }
        };
        let before = self.locals.len();
        match names {
            [one] if matches!(range, Type::Map(..)) => self.locals.push((one.clone(), key.clone())),
            [one] => self.locals.push((one.clone(), value.clone())),
            [first, second] => {
                self.locals.push((first.clone(), key.clone()));
                self.locals.push((second.clone(), value.clone()));
            }
            _ => {}
        }
        if let Some(filter) = filter {
            let found = self.of(filter);
            self.expect(filter, &Type::named("bool"), &found);
        }
        let found = self.of(body);
        let single = match &range {
            Type::Map(..) => key.clone(),
            _ => value,
        };
        let result = match each {
            Each::All | Each::Exists | Each::ExistsOne => {
                self.expect(body, &Type::named("bool"), &found);
                Type::named("bool")
            }
            Each::Filter => {
                self.expect(body, &Type::named("bool"), &found);
                Type::List(Box::new(single))
            }
            Each::Map | Each::TransformList => Type::List(Box::new(found)),
            Each::TransformMap => Type::Map(Box::new(key), Box::new(found)),
            Each::TransformMapEntry | Each::OptFlatMap => found,
            Each::OptMap => Type::Optional(Box::new(found)),
        };
        self.locals.truncate(before);
        result
    }
}

/// Whether two types have an order in common.
fn compares(given: &[Type]) -> bool {
    let [one, two] = given else { return false };
    let known =
        |one: &Type| matches!(one, Type::Dyn | Type::Any(_)) || ORDERED.iter().any(|name| one.is(name));
    let number = |one: &Type| NUMBERS.iter().any(|name| one.is(name));
    let either = |one: &Type| matches!(one, Type::Dyn | Type::Any(_));
    known(one) && known(two) && (either(one) || either(two) || one == two || (number(one) && number(two)))
}
