//! sprig's functions on dates and durations, with Go's layouts.

use super::super::dates::{
    add, duration_text, format, from_value, in_zone, parse, parse_duration, parse_or_zero,
};
use super::super::template::{Call, Failure, Function, Object, Signed, Type, Value};
use Type::{Any, Text as Str, Time};

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("now", &[], |call| {
        Ok(Value::object(Object::Time(from_value(&Value::Nil, call.machine.host.now))))
    }),
    Function::new("date", &[Str, Any], |call| in_layout(call, &call.text(0), 1, "Local")),
    Function::new("dateInZone", &[Str, Any, Str], |call| in_layout(call, &call.text(0), 1, &call.text(2))),
    Function::new("date_in_zone", &[Str, Any, Str], |call| in_layout(call, &call.text(0), 1, &call.text(2))),
    Function::new("htmlDate", &[Any], |call| in_layout(call, "2006-01-02", 0, "Local")),
    Function::new("htmlDateInZone", &[Any, Str], |call| in_layout(call, "2006-01-02", 0, &call.text(1))),
    Function::new("dateModify", &[Str, Time], |call| modify(call, false)),
    Function::new("date_modify", &[Str, Time], |call| modify(call, false)),
    Function::new("mustDateModify", &[Str, Time], |call| modify(call, true)),
    Function::new("must_date_modify", &[Str, Time], |call| modify(call, true)),
    Function::new("toDate", &[Str, Str], |call| {
        Ok(Value::object(Object::Time(parse_or_zero(&call.text(0), &call.text(1)))))
    }),
    Function::new("mustToDate", &[Str, Str], |call| {
        let time = parse(&call.text(0), &call.text(1)).map_err(Failure::new)?;
        Ok(Value::object(Object::Time(time)))
    }),
    Function::new("unixEpoch", &[Time], |call| {
        Ok(Value::text(from_value(call.value(0), call.machine.host.now).timestamp().as_second().to_string()))
    }),
    Function::new("ago", &[Any], |call| {
        let now = call.machine.host.now;
        let past = from_value(call.value(0), now).timestamp();
        let second = 1_000_000_000;
        let between = now.as_nanosecond() - past.as_nanosecond();
        let rounded = (between + second / 2).div_euclid(second) * second;
        Ok(Value::text(duration_text(rounded)))
    }),
    Function::new("duration", &[Any], |call| {
        let seconds = match call.value(0) {
            Value::Int(seconds, Signed::Int64) => *seconds,
            Value::Text(text) => text.to_str().parse().unwrap_or(0),
            _ => 0,
        };
        Ok(Value::text(duration_text(i128::from(seconds) * 1_000_000_000)))
    }),
    Function::new("durationRound", &[Any], round),
];

fn in_layout(call: &Call, layout: &str, at: usize, zone: &str) -> Answer {
    let time = from_value(call.value(at), call.machine.host.now);
    Ok(Value::text(format(&in_zone(&time, zone), layout)))
}

fn modify(call: &mut Call, must: bool) -> Answer {
    let time = from_value(call.value(1), call.machine.host.now);
    match parse_duration(&call.text(0)) {
        Ok(duration) => Ok(Value::object(Object::Time(add(&time, duration)?))),
        Err(error) if must => Err(Failure::new(error)),
        Err(_) => Ok(call.value(1).clone()),
    }
}

/// The largest unit of a duration, such as `2h` or `3mo`.
fn round(call: &mut Call) -> Answer {
    let now = call.machine.host.now;
    let nanoseconds = match call.value(0) {
        Value::Text(text) => parse_duration(&text.to_str()).unwrap_or(0),
        Value::Int(nanoseconds, Signed::Int64) => i128::from(*nanoseconds),
        Value::Object(object) => match &**object {
            Object::Time(time) => now.as_nanosecond() - time.timestamp().as_nanosecond(),
            _ => 0,
        },
        _ => 0,
    };
    let hour = 3_600_000_000_000;
    let units = [
        (hour * 24 * 365, "y"),
        (hour * 24 * 30, "mo"),
        (hour * 24, "d"),
        (hour, "h"),
        (hour / 60, "m"),
        (hour / 3600, "s"),
    ];
    let total = nanoseconds.abs();
    let unit = units.iter().find(|(scale, _)| total > *scale);
    let text = unit.map_or("0s".to_owned(), |(scale, name)| format!("{}{name}", total / scale));
    Ok(Value::text(text))
}
