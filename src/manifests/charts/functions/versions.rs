//! sprig's functions on versions.

use super::super::template::{Failure, Function, Object, Type, Value};
use crate::manifests::semver::{Constraint, Version};
use Type::Text as Str;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("semver", &[Str], |call| {
        let version = Version::parse(&call.text(0)).map_err(|error| Failure::new(error.to_string()))?;
        Ok(Value::object(Object::Version(version)))
    }),
    Function::new("semverCompare", &[Str, Str], |call| {
        let failure = |error: crate::manifests::semver::Error| Failure::new(error.to_string());
        let constraint = Constraint::parse(&call.text(0)).map_err(failure)?;
        let version = Version::parse(&call.text(1)).map_err(failure)?;
        Ok(Value::Bool(constraint.allows(&version)))
    }),
];
