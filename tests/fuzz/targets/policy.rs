//! Feeds `policy` of what the fuzzer makes up.
#![no_main]

#[path = "../feed.rs"]
mod feed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| feed::feed(feed::Parser::Policy, bytes));
