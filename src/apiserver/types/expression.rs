//! A rule of a custom kind in the common expression language, as its definition writes it.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::apiserver::expressions::{Environment, Program, Type, Wanted};

/// One entry of `x-kubernetes-validations`.
#[derive(Debug, Default)]
pub(crate) struct Expression {
    /// What must hold.
    pub rule: String,
    /// What is said where it does not, if anything.
    pub message: String,
    /// An expression for that.
    #[expect(clippy::struct_field_names, reason = "`messageExpression` is the word of the protocol")]
    pub message_expression: String,
    /// The reason of the refusal, if it names one.
    pub reason: String,
    /// The field that is refused, below the one that has the rule.
    pub field_path: String,
    /// Whether it is checked where there is no old value, too.
    pub optional_old: bool,
    program: OnceLock<Option<Program>>,
    words: OnceLock<Option<Program>>,
}

impl Expression {
    /// Reads the rules of a schema.
    pub(super) fn read(facts: &Map<String, Value>) -> Vec<Self> {
        let written = facts.get("x-kubernetes-validations").and_then(Value::as_array);
        let read = |rule: &Value| {
            let text = |name: &str| rule[name].as_str().unwrap_or_default().to_owned();
            Self {
                rule: text("rule"),
                message: text("message"),
                message_expression: text("messageExpression"),
                reason: text("reason"),
                field_path: text("fieldPath"),
                optional_old: rule["optionalOldSelf"] == true,
                ..Self::default()
            }
        };
        written.into_iter().flatten().map(read).collect()
    }

    /// The rule, compiled at its first use; nothing where it cannot be, which was told when it was written.
    pub(super) fn program(&self) -> Option<&Program> {
        self.program.get_or_init(|| self.compile(&self.rule, Wanted::Bool)).as_ref()
    }

    /// The expression for the message.
    pub(super) fn words(&self) -> Option<&Program> {
        self.words.get_or_init(|| self.compile(&self.message_expression, Wanted::String)).as_ref()
    }

    fn compile(&self, source: &str, wanted: Wanted) -> Option<Program> {
        let environment = Environment::of_rule(Type::Dyn, self.optional_old);
        (!source.trim().is_empty()).then(|| Program::compile(source, &environment, wanted).ok()).flatten()
    }

    /// Whether it compares with an old value.
    pub(super) fn is_transition(&self) -> bool {
        self.rule.contains("oldSelf")
    }

    /// How errors of its evaluation name it.
    pub(super) fn shown(&self) -> &str {
        if self.message.is_empty() { self.rule.trim() } else { self.message.trim() }
    }
}
