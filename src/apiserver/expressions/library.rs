//! Functions of the `kube-cel` crate, called by their name.

use kube_cel::KubeCelExt as _;
use kube_cel::cel::common::ast::{CallExpr, Expr};
use kube_cel::cel::parser::Expression;
use kube_cel::cel::{Context, ExecutionError};

use super::value::Value;

thread_local! {
    static ALL: Context<'static> = Context::default().with_all();
}

/// Calls a function on a receiver, or without one.
pub(super) fn call(name: &str, receiver: Option<Value>, arguments: Vec<Value>) -> Result<Value, String> {
    ALL.with(|all| {
        let mut scope = all.new_inner_scope();
        // A value goes in and comes out as a variable, because the crate's functions take expressions.
        let mut variable = |name: String, value: Value| {
            scope.add_variable_from_value(name.clone(), value);
            Expression { id: 0, expr: Expr::Ident(name) }
        };
        let target = receiver.map(|receiver| Box::new(variable("receiver".to_owned(), receiver)));
        let arguments = arguments.into_iter().enumerate();
        let args = arguments.map(|(place, value)| variable(format!("argument{place}"), value)).collect();
        let called = match name.split_once('.') {
            // The crate looks for a name with a prefix where it is written as one.
            Some((prefix, name)) => CallExpr {
                func_name: name.to_owned(),
                target: Some(Box::new(Expression { id: 0, expr: Expr::Ident(prefix.to_owned()) })),
                args,
            },
            None => CallExpr { func_name: name.to_owned(), target, args },
        };
        let expression = Expression { id: 0, expr: Expr::Call(called) };
        Value::resolve(&expression, &scope).map_err(words)
    })
}

/// An error of the crate in the words of Kubernetes, as far as it has its own.
fn words(error: ExecutionError) -> String {
    match error {
        ExecutionError::FunctionError { message, .. } => message,
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::IndexOutOfBounds(index) => format!("index out of bounds: {index:?}"),
        _ => "no such overload".to_owned(),
    }
}
