//! Evaluates pipelines, commands, fields and calls, with the checks and messages of Go's reflection.

use super::call::{Call, check_count, parameter, zero};
use super::exec::{Place, State};
use super::failure::Failure;
use super::function::{Function, Type};
use super::node::{Command, Expression, Kind, Pipeline};
use super::number::Number;
use super::object::Member;
use super::text::Text;
use super::value::{MapKind, Value};

/// A value and whether it sits in an interface. A nil in an interface cannot be looked into; one outside of any is
/// simply absent, and so is everything in it.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) value: Value,
    pub(super) boxed: bool,
}

impl Slot {
    pub(super) fn plain(value: Value) -> Self {
        Self { value, boxed: false }
    }

    fn boxed(value: Value) -> Self {
        Self { value, boxed: true }
    }

    fn type_name(&self) -> &'static str {
        if self.boxed { "interface {}" } else { self.value.type_name() }
    }
}

/// What a function or method is called with: its words without the first, and what comes down the pipeline.
struct Arguments<'t> {
    words: &'t [Expression],
    last: Option<Slot>,
}

const NONE: Arguments<'static> = Arguments { words: &[], last: None };

impl<'t> State<'_, 't, '_> {
    pub(super) fn pipeline(&mut self, dot: &Slot, pipeline: &'t Pipeline) -> Result<Slot, Failure> {
        self.at = Some(Place::Pipeline(pipeline));
        let mut last = None;
        for command in &pipeline.commands {
            let slot = self.command(dot, command, last)?;
            last = Some(Slot::plain(slot.value));
        }
        let slot = last.unwrap_or(Slot::plain(Value::Nil));
        for variable in &pipeline.declares {
            if pipeline.assigns {
                self.assign(variable, slot.clone())?;
            } else {
                self.variables.push((variable.clone(), slot.clone()));
            }
        }
        Ok(slot)
    }

    fn command(&mut self, dot: &Slot, command: &'t Command, last: Option<Slot>) -> Result<Slot, Failure> {
        let Some((first, words)) = command.words.split_first() else {
            return Ok(Slot::plain(Value::Nil));
        };
        let arguments = Arguments { words, last };
        match &first.kind {
            Kind::Field(_) | Kind::Chain(..) | Kind::Variable(_) => self.member(dot, first, arguments),
            Kind::Identifier(name) => {
                self.at = Some(Place::Expression(first));
                self.function(dot, name, Place::Command(command), arguments)
            }
            Kind::Pipeline(pipeline) => {
                self.no_arguments(first, &arguments)?;
                self.pipeline(dot, pipeline)
            }
            kind => {
                self.at = Some(Place::Expression(first));
                self.no_arguments(first, &arguments)?;
                match kind {
                    Kind::Bool(flag) => Ok(Slot::plain(Value::Bool(*flag))),
                    Kind::Dot => Ok(dot.clone()),
                    Kind::Number(number) => self.ideal(number).map(Slot::plain),
                    Kind::Text(_, bytes) => Ok(Slot::plain(Value::text(bytes.as_slice()))),
                    _ => Err(self.error("nil is not a command")),
                }
            }
        }
    }

    fn no_arguments(&self, first: &Expression, arguments: &Arguments) -> Result<(), Failure> {
        if arguments.words.is_empty() && arguments.last.is_none() {
            return Ok(());
        }
        Err(self.error(format!("can't give argument to non-function {first}")))
    }

    /// A number where nothing says of what type.
    fn ideal(&self, number: &Number) -> Result<Value, Failure> {
        match (number.float, number.int) {
            (Some(float), _) if number.is_ideal_float() => Ok(Value::Float(float)),
            (_, Some(int)) => Ok(Value::int(int)),
            _ => Err(self.error(format!("{} overflows int", number.text))),
        }
    }

    /// `.a.b`, `$x.a.b` and `(…).a.b`; the last of them may be a method.
    fn member(
        &mut self,
        dot: &Slot,
        expression: &'t Expression,
        arguments: Arguments<'t>,
    ) -> Result<Slot, Failure> {
        self.at = Some(Place::Expression(expression));
        let (receiver, fields) = match &expression.kind {
            Kind::Field(fields) => (dot.clone(), fields.as_slice()),
            Kind::Chain(inner, fields) => {
                if matches!(inner.kind, Kind::Nil) {
                    return Err(self.error(format!("indirection through explicit nil in {expression}")));
                }
                (self.slot(dot, inner)?, fields.as_slice())
            }
            Kind::Variable(words) => {
                let name = &words[0];
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                let Some((_, slot)) = known else {
                    return Err(self.error(format!("undefined variable: {name}")));
                };
                let slot = slot.clone();
                if words.len() == 1 {
                    self.no_arguments(expression, &arguments)?;
                    return Ok(slot);
                }
                (slot, &words[1..])
            }
            _ => return Ok(Slot::plain(Value::Nil)),
        };
        let Some((last, path)) = fields.split_last() else { return Ok(receiver) };
        let mut receiver = receiver;
        for name in path {
            receiver = self.field(dot, name, expression, NONE, receiver)?;
        }
        self.field(dot, last, expression, arguments, receiver)
    }

    /// The value of an expression that is looked into.
    fn slot(&mut self, dot: &Slot, expression: &'t Expression) -> Result<Slot, Failure> {
        self.at = Some(Place::Expression(expression));
        match &expression.kind {
            Kind::Pipeline(pipeline) => self.pipeline(dot, pipeline),
            Kind::Identifier(name) => self.function(dot, name, Place::Expression(expression), NONE),
            Kind::Field(_) | Kind::Variable(_) | Kind::Chain(..) => self.member(dot, expression, NONE),
            Kind::Number(number) => self.ideal(number).map(Slot::plain),
            Kind::Bool(flag) => Ok(Slot::plain(Value::Bool(*flag))),
            Kind::Text(_, bytes) => Ok(Slot::plain(Value::text(bytes.as_slice()))),
            Kind::Dot => Ok(dot.clone()),
            Kind::Nil => Ok(Slot::plain(Value::Nil)),
        }
    }

    fn field(
        &mut self,
        dot: &Slot,
        name: &str,
        expression: &'t Expression,
        arguments: Arguments<'t>,
        receiver: Slot,
    ) -> Result<Slot, Failure> {
        let type_name = receiver.type_name();
        if receiver.value.is_nil() {
            if receiver.boxed {
                return Err(self.error(format!("nil pointer evaluating {type_name}.{name}")));
            }
            return Ok(Slot::plain(Value::Nil));
        }
        let has_arguments = !arguments.words.is_empty() || arguments.last.is_some();
        match &receiver.value {
            Value::Object(object) => match object.member(name) {
                Some(Member::Field(value)) => {
                    if has_arguments {
                        let message = format!("{name} has arguments but cannot be invoked as function");
                        return Err(self.error(message));
                    }
                    return Ok(Slot::plain(value));
                }
                Some(Member::Method(parameters)) => {
                    let values = self.arguments(dot, name, parameters, false, arguments)?;
                    return Ok(Slot::plain(object.call(name, &values)));
                }
                None => {}
            },
            Value::Map(map) => {
                let file =
                    if map.kind() == MapKind::Files { super::super::files::method(name) } else { None };
                if let Some(function) = file {
                    let values = self.arguments(dot, name, function.parameters, false, arguments)?;
                    let values = std::iter::once(receiver.value.clone()).chain(values).collect();
                    let mut call = Call { arguments: values, machine: self.machine };
                    let result = (function.run)(&mut call);
                    return self.called(name, Place::Expression(expression), result).map(Slot::plain);
                }
                if has_arguments {
                    return Err(self.error(format!("{name} is not a method but has arguments")));
                }
                return Ok(match (map.kind(), map.get(name.as_bytes())) {
                    (MapKind::Text, Some(value)) => Slot::plain(value),
                    (MapKind::Text, None) => Slot::plain(Value::text("")),
                    (MapKind::Files, Some(Value::Text(text))) => Slot::plain(Value::Bytes(text)),
                    (MapKind::Files, _) => Slot::plain(Value::Bytes(Text::from(""))),
                    (_, value) => Slot::boxed(value.unwrap_or(Value::Nil)),
                });
            }
            _ => {}
        }
        Err(self.error(format!("can't evaluate field {name} in type {type_name}")))
    }

    fn called(
        &mut self,
        name: &str,
        place: Place<'t>,
        result: Result<Value, Failure>,
    ) -> Result<Value, Failure> {
        result.map_err(|failure| {
            self.at = Some(place);
            failure.within(format!("{}error calling {name}: ", self.head()))
        })
    }

    fn function(
        &mut self,
        dot: &Slot,
        name: &str,
        place: Place<'t>,
        arguments: Arguments<'t>,
    ) -> Result<Slot, Failure> {
        let Some(function) = self.machine.functions.get(name) else {
            let name = super::quote::quote(name.as_bytes());
            return Err(self.error(format!("{name} is not a defined function")));
        };
        if function.builtin && matches!(function.name, "and" | "or") {
            return self.logic(dot, function, arguments);
        }
        let values = self.arguments(dot, name, function.parameters, function.variadic, arguments)?;
        let result = (function.run)(&mut Call { arguments: values, machine: self.machine });
        self.called(name, place, result).map(Slot::boxed)
    }

    /// `and` and `or` evaluate no more than they need.
    fn logic(&mut self, dot: &Slot, function: &Function, arguments: Arguments<'t>) -> Result<Slot, Failure> {
        let Arguments { words, last } = arguments;
        check_count(function.name, 2, true, words.len(), last.is_some())
            .map_err(|message| self.error(message))?;
        let mut value = Value::Nil;
        for word in words {
            value = self.argument(dot, Type::Reflect, word)?;
            if super::builtins::truth(&value) == (function.name == "or") {
                return Ok(Slot::plain(value));
            }
        }
        Ok(Slot::plain(last.map_or(value, |last| last.value)))
    }

    fn arguments(
        &mut self,
        dot: &Slot,
        name: &str,
        parameters: &[Type],
        variadic: bool,
        arguments: Arguments<'t>,
    ) -> Result<Vec<Value>, Failure> {
        let Arguments { words, last } = arguments;
        check_count(name, parameters.len(), variadic, words.len(), last.is_some())
            .map_err(|message| self.error(message))?;
        let mut values = Vec::with_capacity(words.len() + 1);
        for (index, word) in words.iter().enumerate() {
            values.push(self.argument(dot, parameter(parameters, index), word)?);
        }
        if let Some(last) = last {
            values.push(self.fit(last, parameter(parameters, words.len()))?);
        }
        Ok(values)
    }

    /// Makes sure that a value can be given to a parameter.
    fn fit(&self, slot: Slot, wanted: Type) -> Result<Value, Failure> {
        if slot.value.is_nil() {
            if slot.boxed {
                if matches!(wanted, Type::Any | Type::Reflect) {
                    return Ok(Value::Nil);
                }
                let wanted = wanted.name();
                return Err(
                    self.error(format!("wrong type for value; expected {wanted}; got interface {{}}"))
                );
            }
            if wanted.can_be_nil() {
                return Ok(zero(wanted));
            }
            return Err(self.error(format!("invalid value; expected {}", wanted.name())));
        }
        if wanted.takes(&slot.value) {
            return Ok(slot.value);
        }
        let (wanted, got) = (wanted.name(), slot.value.type_name());
        Err(self.error(format!("wrong type for value; expected {wanted}; got {got}")))
    }

    fn argument(&mut self, dot: &Slot, wanted: Type, word: &'t Expression) -> Result<Value, Failure> {
        self.at = Some(Place::Expression(word));
        match &word.kind {
            Kind::Dot => return self.fit(dot.clone(), wanted),
            Kind::Nil if wanted.can_be_nil() => return Ok(zero(wanted)),
            Kind::Nil => return Err(self.error(format!("cannot assign nil to {}", wanted.name()))),
            Kind::Field(_)
            | Kind::Variable(_)
            | Kind::Chain(..)
            | Kind::Pipeline(_)
            | Kind::Identifier(_) => {
                let slot = self.slot(dot, word)?;
                return self.fit(slot, wanted);
            }
            _ => {}
        }
        let found = |what: &str| self.error(format!("expected {what}; found {word}"));
        match (wanted, &word.kind) {
            (Type::Any | Type::Reflect | Type::Bool, Kind::Bool(flag)) => Ok(Value::Bool(*flag)),
            (Type::Any | Type::Reflect, Kind::Number(number)) => self.ideal(number),
            (Type::Any | Type::Reflect | Type::Text, Kind::Text(_, bytes)) => {
                Ok(Value::text(bytes.as_slice()))
            }
            (Type::Bool, _) => Err(found("bool")),
            (Type::Text, _) => Err(found("string")),
            (Type::Int, Kind::Number(Number { int: Some(int), .. })) => Ok(Value::int(*int)),
            (Type::Duration, Kind::Number(Number { int: Some(int), .. })) => {
                Ok(Value::object(super::object::Object::Duration(i128::from(*int))))
            }
            (Type::Int | Type::Duration, _) => Err(found("integer")),
            (Type::Uint32, Kind::Number(Number { uint: Some(uint), .. })) => {
                Ok(Value::int(i64::try_from(*uint & 0xffff_ffff).unwrap_or_default()))
            }
            (Type::Uint32, _) => Err(found("unsigned integer")),
            (Type::Float, Kind::Number(Number { float: Some(float), .. })) => Ok(Value::Float(*float)),
            (Type::Float, _) => Err(found("float")),
            (wanted, _) => Err(self.error(format!("can't handle {word} for arg of type {}", wanted.name()))),
        }
    }
}
