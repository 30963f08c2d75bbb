//! Feeds `artifact` of what the fuzzer makes up.
#![no_main]

#[path = "../artifact.rs"]
mod artifact;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| artifact::feed(bytes));
