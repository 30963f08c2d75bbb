//! Go's text/template: lexer, parser and executor with Go's values, printing and error texts. Knows nothing of Helm;
//! the functions of a chart come in as a table.

mod builtins;
mod call;
mod compare;
mod eval;
mod exec;
mod failure;
mod function;
mod lexer;
mod node;
mod number;
mod object;
mod parser;
mod print;
mod printf;
mod quote;
mod text;
mod value;

pub(crate) use builtins::{BUILTINS, truth};
pub(crate) use call::Call;
pub(crate) use exec::{Host, Limits, Machine};
pub(crate) use failure::Failure;
pub(crate) use function::{Function, Type};
pub(crate) use number::integer;
pub(crate) use object::{Certificate, KubeVersion, Object};
pub(crate) use print::{float_text, plain_text, print, shortest_digits};
pub(crate) use quote::quote;
pub(crate) use text::Text;
pub(crate) use value::{Element, List, Map, MapKind, Signed, Value};
