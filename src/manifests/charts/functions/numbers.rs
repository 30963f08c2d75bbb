//! sprig's arithmetic, and how it makes numbers of everything (spf13/cast).

use rand::Rng as _;

use super::super::template::{
    Call, Element, Failure, Function, List, Object, Text, Type, Value, integer, print,
};
use Type::{Any, Float, Int, Text as Str};

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("atoi", &[Str], |call| Ok(Value::int(call.text(0).parse().unwrap_or(0)))),
    Function::new("int64", &[Any], |call| Ok(Value::int64(to_int(call.value(0))))),
    Function::new("int", &[Any], |call| Ok(Value::int(to_int(call.value(0))))),
    Function::new("float64", &[Any], |call| Ok(Value::Float(to_float(call.value(0))))),
    Function::variadic("seq", &[Int], sequence),
    Function::new("toDecimal", &[Any], |call| {
        let text = String::from_utf8_lossy(&print(call.value(0))).into_owned();
        Ok(Value::int64(i64::from_str_radix(&text, 8).unwrap_or(0)))
    }),
    Function::new("until", &[Int], |call| {
        let end = call.int(0);
        steps(call, 0, end, if end < 0 { -1 } else { 1 }).map(ints)
    }),
    Function::new("untilStep", &[Int, Int, Int], |call| {
        steps(call, call.int(0), call.int(1), call.int(2)).map(ints)
    }),
    Function::new("add1", &[Any], |call| Ok(Value::int64(to_int(call.value(0)).wrapping_add(1)))),
    Function::variadic("add", &[Any], |call| {
        Ok(Value::int64(call.arguments.iter().map(to_int).fold(0, i64::wrapping_add)))
    }),
    Function::new("sub", &[Any, Any], |call| {
        Ok(Value::int64(to_int(call.value(0)).wrapping_sub(to_int(call.value(1)))))
    }),
    Function::new("div", &[Any, Any], |call| divide(call, i64::wrapping_div)),
    Function::new("mod", &[Any, Any], |call| divide(call, i64::wrapping_rem)),
    Function::variadic("mul", &[Any, Any], |call| {
        Ok(Value::int64(call.arguments.iter().map(to_int).fold(1, i64::wrapping_mul)))
    }),
    Function::new("randInt", &[Int, Int], |call| {
        let (least, most) = (call.int(0), call.int(1));
        if most <= least {
            return Err(Failure::new("invalid argument to Intn"));
        }
        Ok(Value::int(rand::rng().random_range(least..most)))
    }),
    Function::new("add1f", &[Any], |call| {
        decimals(to_float(call.value(0)), &[Value::Float(1.0)], decimal_add)
    }),
    Function::variadic("addf", &[Any], |call| decimals(0.0, &call.arguments, decimal_add)),
    Function::variadic("subf", &[Any, Any], |call| {
        decimals(to_float(call.value(0)), call.rest(1), |a, b| decimal_add(a, -b))
    }),
    Function::variadic("divf", &[Any, Any], |call| {
        if call.rest(1).iter().any(|value| to_float(value) == 0.0) {
            return Err(Failure::new("decimal division by 0"));
        }
        decimals(to_float(call.value(0)), call.rest(1), |a, b| a / b)
    }),
    Function::variadic("mulf", &[Any, Any], |call| {
        decimals(to_float(call.value(0)), call.rest(1), decimal_multiply)
    }),
    Function::variadic("biggest", &[Any, Any], |call| Ok(fold_int(call, i64::max))),
    Function::variadic("max", &[Any, Any], |call| Ok(fold_int(call, i64::max))),
    Function::variadic("min", &[Any, Any], |call| Ok(fold_int(call, i64::min))),
    Function::variadic("maxf", &[Any, Any], |call| Ok(fold_float(call, f64::max))),
    Function::variadic("minf", &[Any, Any], |call| Ok(fold_float(call, f64::min))),
    Function::new("ceil", &[Any], |call| Ok(Value::Float(to_float(call.value(0)).ceil()))),
    Function::new("floor", &[Any], |call| Ok(Value::Float(to_float(call.value(0)).floor()))),
    Function::variadic("round", &[Any, Int, Float], round),
];

fn fold_int(call: &Call, fold: fn(i64, i64) -> i64) -> Value {
    let first = to_int(call.value(0));
    Value::int64(call.rest(1).iter().map(to_int).fold(first, fold))
}

fn fold_float(call: &Call, fold: fn(f64, f64) -> f64) -> Value {
    let first = to_float(call.value(0));
    Value::Float(call.rest(1).iter().map(to_float).fold(first, fold))
}

fn divide(call: &Call, operation: fn(i64, i64) -> i64) -> Answer {
    let (left, right) = (to_int(call.value(0)), to_int(call.value(1)));
    if right == 0 {
        return Err(Failure::new("runtime error: integer divide by zero"));
    }
    Ok(Value::int64(operation(left, right)))
}

/// Everything as a whole number; zero for what is none.
#[expect(clippy::cast_possible_truncation, reason = "as Go truncates")]
pub(super) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Bool(flag) => i64::from(*flag),
        Value::Int(number, _) => *number,
        Value::Uint(number, _) => i64::try_from(*number).unwrap_or_default(),
        Value::Float(number) => *number as i64,
        Value::Text(text) => text_to_int(text),
        Value::Object(object) => match &**object {
            Object::Month(number) | Object::Weekday(number) => i64::from(*number),
            Object::Duration(number) => i64::try_from(*number).unwrap_or_default(),
            _ => 0,
        },
        _ => 0,
    }
}

/// cast cuts `.00` off; the rest is a number of Go, whose prefix says the base.
fn text_to_int(text: &Text) -> i64 {
    let text = text.to_str();
    let bare = match text.split_once('.') {
        Some((whole, part)) if part.chars().all(|char| char == '0') => whole,
        _ => &text,
    };
    match bare.strip_prefix('-') {
        Some(digits) => integer(digits).and_then(|value| 0_i64.checked_sub_unsigned(value)),
        None => integer(bare.strip_prefix('+').unwrap_or(bare)).and_then(|value| i64::try_from(value).ok()),
    }
    .unwrap_or(0)
}

/// Everything as a float; zero for what is none.
#[expect(clippy::cast_precision_loss, reason = "as Go converts")]
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::Int(number, _) => *number as f64,
        Value::Uint(number, _) => *number as f64,
        Value::Float(number) => *number,
        Value::Text(text) => text.to_str().parse().unwrap_or(0.0),
        value => to_int(value) as f64,
    }
}

/// Adds as decimals do: 0.1 and 0.2 are 0.3.
fn decimal_add(a: f64, b: f64) -> f64 {
    exact_sum(a, b).unwrap_or(a + b)
}

fn exact_sum(a: f64, b: f64) -> Option<f64> {
    let (left, left_scale) = decimal(a);
    let (right, right_scale) = decimal(b);
    let scale = left_scale.max(right_scale);
    let raise = |digits: Option<i128>, from: u32| digits?.checked_mul(10_i128.checked_pow(scale - from)?);
    let sum = raise(left, left_scale)?.checked_add(raise(right, right_scale)?)?;
    format!("{sum}e-{scale}").parse().ok()
}

fn decimal_multiply(a: f64, b: f64) -> f64 {
    let (left, left_scale) = decimal(a);
    let (right, right_scale) = decimal(b);
    match left.zip(right).and_then(|(left, right)| left.checked_mul(right)) {
        Some(product) => format!("{product}e-{}", left_scale + right_scale).parse().unwrap_or(a * b),
        None => a * b,
    }
}

/// The digits of a float as a whole number, and how many of them follow the point.
fn decimal(number: f64) -> (Option<i128>, u32) {
    let text = number.to_string();
    let scale = text.split_once('.').map_or(0, |(_, part)| part.len());
    (text.replace('.', "").parse().ok(), u32::try_from(scale).unwrap_or_default())
}

fn decimals(first: f64, rest: &[Value], operation: fn(f64, f64) -> f64) -> Answer {
    Ok(Value::Float(rest.iter().map(to_float).fold(first, operation)))
}

fn round(call: &mut Call) -> Answer {
    let places = i32::try_from(call.int(1)).unwrap_or(0);
    let threshold = if call.arguments.len() > 2 { call.float(2) } else { 0.5 };
    let power = 10_f64.powi(places);
    let digits = power * to_float(call.value(0));
    let rounded = if digits.fract() >= threshold { digits.ceil() } else { digits.floor() };
    Ok(Value::Float(rounded / power))
}

fn ints(numbers: Vec<i64>) -> Value {
    Value::List(List::new(Element::Int, numbers.into_iter().map(Value::int).collect()))
}

fn steps(call: &Call, start: i64, stop: i64, stride: i64) -> Result<Vec<i64>, Failure> {
    if (stop < start && stride >= 0) || (stop >= start && stride <= 0) {
        return Ok(Vec::new());
    }
    let count = start.abs_diff(stop) / stride.unsigned_abs() + 1;
    // A number takes some bytes, wherever it is kept.
    call.bound(usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(32))?;
    let mut numbers = Vec::new();
    let mut at = start;
    while (stride > 0 && at < stop) || (stride < 0 && at > stop) {
        numbers.push(at);
        at = at.saturating_add(stride);
    }
    Ok(numbers)
}

fn sequence(call: &mut Call) -> Answer {
    let given = (0..call.arguments.len()).map(|index| call.int(index)).collect::<Vec<_>>();
    let numbers = match given.as_slice() {
        [end] => {
            let step = if *end < 1 { -1 } else { 1 };
            steps(call, 1, end.saturating_add(step), step)?
        }
        [start, end] => {
            let step = if end < start { -1 } else { 1 };
            steps(call, *start, end.saturating_add(step), step)?
        }
        [start, step, end] => {
            if end < start && *step > 0 {
                return Ok(Value::text(""));
            }
            let increment = if end < start { -1 } else { 1 };
            steps(call, *start, end.saturating_add(increment), *step)?
        }
        _ => return Ok(Value::text("")),
    };
    let texts = numbers.iter().map(i64::to_string).collect::<Vec<_>>();
    Ok(Value::text(texts.join(" ")))
}
