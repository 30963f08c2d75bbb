//! Passwords at rest: PBKDF2 with HMAC-SHA-256 and a random salt (RFC 8018, section 5.2), and the random secrets
//! that users are given.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, Mac};
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const ITERATIONS: u32 = 10_000;

/// A password that can be compared with and not be read.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Hashed {
    iterations: u32,
    salt: String,
    hash: String,
}

impl Hashed {
    pub(super) fn new(password: &str) -> Self {
        let salt = random_hex(16);
        let hash = STANDARD_NO_PAD.encode(derive(password, &salt, ITERATIONS));
        Self { iterations: ITERATIONS, salt, hash }
    }

    /// What tells this password, and this hash of it, from all others, and takes no time to work out. Only for
    /// memory: it is as easy to guess as the password.
    pub(super) fn fingerprint(&self, password: &str) -> [u8; 32] {
        Sha256::new().chain_update(&self.hash).chain_update(password).finalize().into()
    }

    pub(super) fn matches(&self, password: &str) -> bool {
        let derived = STANDARD_NO_PAD.encode(derive(password, &self.salt, self.iterations));
        same(derived.as_bytes(), self.hash.as_bytes())
    }
}

/// One block of PBKDF2, which is as long as the hash.
fn derive(password: &str, salt: &str, iterations: u32) -> [u8; 32] {
    let keyed = Hmac::<Sha256>::new_from_slice(password.as_bytes()).expect("HMAC takes keys of any length");
    let mut block =
        keyed.clone().chain_update(salt).chain_update(1_u32.to_be_bytes()).finalize().into_bytes();
    let mut derived: [u8; 32] = block.into();
    for _ in 1..iterations {
        block = keyed.clone().chain_update(block).finalize().into_bytes();
        derived.iter_mut().zip(block).for_each(|(kept, byte)| *kept ^= byte);
    }
    derived
}

/// Compares in a time that does not depend on where the two differ.
pub(super) fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// A random secret of `bytes` bytes in hexadecimal digits.
pub fn random_hex(bytes: usize) -> String {
    let mut secret = vec![0; bytes];
    OsRng.try_fill_bytes(&mut secret).expect("the operating system has random numbers");
    hex(&secret)
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivation_agrees_with_the_published_vector() {
        // RFC 7914, section 11: PBKDF2-HMAC-SHA-256 of "passwd", "salt", 1 iteration; the first block of two.
        let derived = hex(&derive("passwd", "salt", 1));
        assert_eq!(derived, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    }

    #[test]
    fn only_the_same_password_matches() {
        let hashed = Hashed::new("correct horse");
        assert!(hashed.matches("correct horse"));
        assert!(!hashed.matches("correct horsf"));
    }
}
