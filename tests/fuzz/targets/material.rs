//! Feeds `material` of what the fuzzer makes up.
#![no_main]

#[path = "../material.rs"]
mod material;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| material::feed(bytes));
