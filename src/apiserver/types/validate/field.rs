//! A place in an object, and the checks that fields of many kinds share, in the words of Kubernetes' validation
//! packages (`apimachinery/pkg/util/validation`).

use std::net::IpAddr;

use serde_json::Value;

use super::names::{self, quoted};
use super::{FieldError, Reason, metadata};
use crate::apiserver::types::Amount;

const NOT_AN_ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const NOT_A_BLOCK: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
const NOT_A_PERCENTAGE: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  \
    or '93%', regex used for validation is '[0-9]+%')";

/// What is wrong so far.
pub(super) type Errors = Vec<FieldError>;

/// A value and where it is; the value of what is not there is `null`.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
}

impl<'a> Field<'a> {
    pub(super) fn new(value: &'a Value, path: &str) -> Self {
        Self { value, path: path.to_owned() }
    }

    /// The field `name` in this structure.
    pub(super) fn get(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { value: &self.value[name], path }
    }

    /// The items of this list.
    pub(super) fn items(&self) -> impl Iterator<Item = Self> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(|(index, value)| Self { value, path: format!("{}[{index}]", self.path) })
    }

    /// The entries of this map, with their keys.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Self)> {
        let entries = self.value.as_object().into_iter().flatten();
        entries.map(|(key, value)| (key.as_str(), Self { value, path: format!("{}[{key}]", self.path) }))
    }

    pub(super) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// The text; an empty one where there is none.
    pub(super) fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    pub(super) fn number(&self) -> Option<i64> {
        self.value.as_i64()
    }

    /// The number; 0 where there is none.
    pub(super) fn count(&self) -> i64 {
        self.number().unwrap_or_default()
    }

    /// How many items or entries there are.
    pub(super) fn len(&self) -> usize {
        self.value.as_array().map_or_else(|| self.value.as_object().map_or(0, serde_json::Map::len), Vec::len)
    }

    pub(super) fn required(&self, detail: &str, errors: &mut Errors) {
        errors.push(FieldError::required(&self.path, detail));
    }

    pub(super) fn invalid(&self, detail: &str, errors: &mut Errors) {
        errors.push(FieldError::invalid(&self.path, self.value, detail));
    }

    /// The same with another value than is there.
    pub(super) fn wrong(&self, value: &Value, detail: &str, errors: &mut Errors) {
        errors.push(FieldError::invalid(&self.path, value, detail));
    }

    pub(super) fn forbidden(&self, detail: &str, errors: &mut Errors) {
        let (field, message) = (self.path.clone(), format!("Forbidden: {detail}"));
        errors.push(FieldError { field, reason: Reason::Forbidden, message });
    }

    pub(super) fn duplicate(&self, errors: &mut Errors) {
        errors.push(FieldError::duplicate(&self.path, self.value));
    }

    pub(super) fn unsupported(&self, value: &Value, words: &[&str], errors: &mut Errors) {
        errors.push(FieldError::not_supported(&self.path, value, words));
    }

    /// A value that is there is one of `words`.
    pub(super) fn one_of(&self, words: &[&str], errors: &mut Errors) {
        if self.is_set() && !words.contains(&self.text()) {
            self.unsupported(self.value, words, errors);
        }
    }

    /// The value is one of `words`, and what is not there is an empty text.
    pub(super) fn must_be_of(&self, words: &[&str], errors: &mut Errors) {
        if !words.contains(&self.text()) {
            self.unsupported(&quoted(self.text()), words, errors);
        }
    }

    /// A text is there; tells whether.
    pub(super) fn must_be_text(&self, detail: &str, errors: &mut Errors) -> bool {
        if self.text().is_empty() {
            self.required(detail, errors);
        }
        !self.text().is_empty()
    }

    pub(super) fn at_least_zero(&self, errors: &mut Errors) {
        if self.count() < 0 {
            self.invalid("must be greater than or equal to 0", errors);
        }
    }

    /// A number that is there is 1 or more.
    pub(super) fn positive(&self, errors: &mut Errors) {
        if self.is_set() && self.count() <= 0 {
            self.invalid("must be greater than 0", errors);
        }
    }

    pub(super) fn within(&self, least: i64, most: i64, errors: &mut Errors) {
        if self.is_set() && !(least..=most).contains(&self.count()) {
            self.invalid(&format!("must be between {least} and {most}, inclusive"), errors);
        }
    }

    fn words(&self, words: Vec<String>, errors: &mut Errors) {
        for detail in words {
            self.wrong(&quoted(self.text()), &detail, errors);
        }
    }

    pub(super) fn label(&self, errors: &mut Errors) {
        self.words(names::label(self.text()), errors);
    }

    pub(super) fn old_label(&self, errors: &mut Errors) {
        self.words(names::old_label(self.text()), errors);
    }

    pub(super) fn subdomain(&self, errors: &mut Errors) {
        self.words(names::subdomain(self.text()), errors);
    }

    pub(super) fn qualified(&self, errors: &mut Errors) {
        self.words(names::qualified(self.text()), errors);
    }

    pub(super) fn labels(&self, errors: &mut Errors) {
        metadata::labels(self.value, &self.path, errors);
    }

    /// A port by its number.
    pub(super) fn port(&self, errors: &mut Errors) {
        if !(1..=65_535).contains(&self.count()) {
            self.wrong(&self.count().into(), "must be between 1 and 65535, inclusive", errors);
        }
    }

    /// The name of a port of a container.
    pub(super) fn port_name(&self, errors: &mut Errors) {
        self.words(names::port(self.text()), errors);
    }

    /// A port by its number or name.
    pub(super) fn port_or_name(&self, errors: &mut Errors) {
        if self.value.is_string() { self.port_name(errors) } else { self.port(errors) }
    }

    /// An address of the internet protocol; tells whether.
    pub(super) fn address(&self, errors: &mut Errors) -> bool {
        let right = self.text().parse::<IpAddr>().is_ok();
        if !right {
            self.invalid(NOT_AN_ADDRESS, errors);
        }
        right
    }

    /// A block of addresses; tells whether.
    pub(super) fn block(&self, errors: &mut Errors) -> bool {
        let right = block(self.text()).is_some();
        if !right {
            self.invalid(NOT_A_BLOCK, errors);
        }
        right
    }

    /// A count or a percentage, neither below 0.
    pub(super) fn count_or_percentage(&self, errors: &mut Errors) {
        match self.value {
            Value::String(text) => {
                let digits = text.strip_suffix('%').unwrap_or_default();
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    self.invalid(NOT_A_PERCENTAGE, errors);
                }
            }
            _ => self.at_least_zero(errors),
        }
    }

    /// A percentage is at most 100.
    pub(super) fn at_most_all(&self, errors: &mut Errors) {
        let percent = self.text().strip_suffix('%').and_then(|digits| digits.parse::<i64>().ok());
        if percent.is_some_and(|percent| percent > 100) {
            self.invalid("must not be greater than 100%", errors);
        }
    }

    /// Whether this is none at all: `0`, `0%` or absent.
    pub(super) fn is_none_at_all(&self) -> bool {
        match self.value {
            Value::String(text) => text.trim_end_matches('%').parse::<i64>() == Ok(0),
            _ => self.count() == 0,
        }
    }

    pub(super) fn amount(&self) -> Option<Amount> {
        Amount::read(self.text())
    }

    /// A selector of labels; tells whether it is right.
    pub(super) fn selector(&self, errors: &mut Errors) -> bool {
        let before = errors.len();
        self.get("matchLabels").labels(errors);
        for one in self.get("matchExpressions").items() {
            let values = one.get("values");
            match one.get("operator").text() {
                "In" | "NotIn" if values.len() == 0 => {
                    values.required("must be specified when `operator` is 'In' or 'NotIn'", errors);
                }
                "Exists" | "DoesNotExist" if values.len() > 0 => {
                    let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                    values.forbidden(detail, errors);
                }
                "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
                _ => one.get("operator").invalid("not a valid selector operator", errors),
            }
            for detail in names::qualified(one.get("key").text()) {
                one.get("key").invalid(&detail, errors);
            }
            for value in values.items() {
                for detail in names::label_value(value.text()) {
                    value.invalid(&detail, errors);
                }
            }
        }
        errors.len() == before
    }
}

/// The first address of a block, and the length of its prefix.
pub(super) fn block(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits) = (address.parse::<IpAddr>().ok()?, bits.parse::<u8>().ok()?);
    (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, bits))
}
