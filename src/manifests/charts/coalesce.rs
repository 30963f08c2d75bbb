//! Puts the values of users, charts and subcharts together as Helm does: the user's over the chart's, the chart's over
//! its subcharts', globals downwards, and null takes away what a chart has by default.

use serde_json::{Map, Value as Json};

use super::chart::Chart;
use super::encoding::from_json;
use super::error::Error;
use super::template::print;

type Values = Map<String, Json>;

const GLOBAL: &str = "global";

/// The values for a chart and everything in it. `keeps_nulls` is for values that are put together again later.
pub(super) fn coalesce(chart: &Chart, user: &Values, keeps_nulls: bool) -> Result<Values, Error> {
    let mut values = user.clone();
    into(chart, &mut values, keeps_nulls)?;
    Ok(values)
}

fn into(chart: &Chart, values: &mut Values, keeps_nulls: bool) -> Result<(), Error> {
    own(chart, values, keeps_nulls);
    for subchart in &chart.dependencies {
        let name = subchart.name();
        let mut inner = match values.get(name) {
            None => Values::new(),
            Some(Json::Object(inner)) => inner.clone(),
            Some(value) => {
                // Go prints with `%t`, which fits truth values only.
                let value = from_json(value);
                let shown = String::from_utf8_lossy(&print(&value)).into_owned();
                let value = match value.type_name() {
                    "bool" => shown,
                    "<nil>" => "%!t(<nil>)".to_owned(),
                    "[]interface {}" => format!("[{}]", shown.trim_matches(['[', ']'])),
                    kind => format!("%!t({kind}={shown})"),
                };
                return Err(Error::Mismatch { name: name.to_owned(), value });
            }
        };
        globals(&mut inner, values);
        into(subchart, &mut inner, keeps_nulls)?;
        values.insert(name.to_owned(), Json::Object(inner));
    }
    Ok(())
}

/// Gives the parent's globals to a subchart.
fn globals(inner: &mut Values, outer: &Values) {
    let empty = Json::Object(Values::new());
    let Json::Object(from) = outer.get(GLOBAL).unwrap_or(&empty) else { return };
    let mut to = match inner.get(GLOBAL) {
        None => Values::new(),
        Some(Json::Object(to)) => to.clone(),
        Some(_) => return,
    };
    for (key, value) in from {
        match (value, to.get_mut(key)) {
            (Json::Object(table), Some(Json::Object(old))) => {
                let mut merged = table.clone();
                tables(&mut merged, std::mem::take(old), true);
                *old = merged;
            }
            (Json::Object(_), Some(_)) | (_, Some(Json::Object(_))) => {}
            (value, _) => drop(to.insert(key.clone(), value.clone())),
        }
    }
    inner.insert(GLOBAL.to_owned(), Json::Object(to));
}

/// Adds a chart's own values to those that go over them.
fn own(chart: &Chart, values: &mut Values, keeps_nulls: bool) {
    for (key, default) in &chart.values {
        match values.get_mut(key) {
            None => {
                let mut default = default.clone();
                if !keeps_nulls {
                    if default.is_null() {
                        continue;
                    }
                    if let Json::Object(table) = &mut default {
                        remove_nulls(table);
                    }
                }
                values.insert(key.clone(), default);
            }
            Some(Json::Null) if !keeps_nulls => drop(values.remove(key)),
            Some(Json::Object(table)) => {
                let Json::Object(mut default) = default.clone() else { continue };
                let for_subchart = chart.dependencies.iter().any(|subchart| subchart.name() == key);
                let keeps_nulls = keeps_nulls || for_subchart;
                if !keeps_nulls {
                    remove_nulls(&mut default);
                }
                tables(table, default, keeps_nulls);
            }
            Some(_) => {}
        }
    }
}

fn remove_nulls(table: &mut Values) {
    table.retain(|_, value| !value.is_null());
    for value in table.values_mut() {
        if let Json::Object(inner) = value {
            remove_nulls(inner);
        }
    }
}

/// Adds to a table what it does not have.
pub(super) fn tables(table: &mut Values, defaults: Values, keeps_nulls: bool) {
    for (key, default) in defaults {
        match table.get_mut(&key) {
            None => drop(table.insert(key, default)),
            Some(Json::Null) => {
                if !keeps_nulls && !default.is_null() {
                    table.remove(&key);
                }
            }
            Some(Json::Object(inner)) => {
                if let Json::Object(default) = default {
                    tables(inner, default, keeps_nulls);
                }
            }
            Some(_) => {}
        }
    }
}
