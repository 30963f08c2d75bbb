//! All functions by name.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::template::{BUILTINS, Function};
use super::{
    certificates, conversion, crypto, defaults, dicts, flow, lists, numbers, paths, patterns, strings, times,
    urls, versions, words,
};

static TABLE: LazyLock<HashMap<&'static str, Function>> = LazyLock::new(|| {
    // What comes later replaces what Go brings: `slice` is sprig's.
    let families: [&[Function]; 17] = [
        &BUILTINS,
        certificates::FUNCTIONS,
        conversion::FUNCTIONS,
        crypto::FUNCTIONS,
        defaults::FUNCTIONS,
        dicts::FUNCTIONS,
        flow::FUNCTIONS,
        lists::FUNCTIONS,
        lists::MUST_FUNCTIONS,
        numbers::FUNCTIONS,
        paths::FUNCTIONS,
        patterns::FUNCTIONS,
        strings::FUNCTIONS,
        times::FUNCTIONS,
        urls::FUNCTIONS,
        versions::FUNCTIONS,
        words::FUNCTIONS,
    ];
    families.into_iter().flatten().map(|function| (function.name, *function)).collect()
});

/// The table, made once.
pub(in super::super) fn table() -> &'static HashMap<&'static str, Function> {
    &TABLE
}
