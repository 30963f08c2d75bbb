//! sprig's sums, passwords and encryption, and random identifiers.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockDecryptMut as _, BlockEncryptMut as _, KeyIvInit as _};
use base64::Engine as _;
use hmac::Mac as _;
use rand::RngCore as _;
use sha2::Digest as _;

use super::super::encoding::base64;
use super::super::template::{Call, Failure, Function, Type, Value};
use Type::{Int, Text as Str, Uint32};

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("sha1sum", &[Str], |call| Ok(hex(&sha1::Sha1::digest(call.bytes(0))))),
    Function::new("sha256sum", &[Str], |call| Ok(hex(&sha2::Sha256::digest(call.bytes(0))))),
    Function::new("sha512sum", &[Str], |call| Ok(hex(&sha2::Sha512::digest(call.bytes(0))))),
    Function::new("adler32sum", &[Str], |call| Ok(Value::text(adler32(call.bytes(0)).to_string()))),
    Function::new("bcrypt", &[Str], |call| Ok(Value::text(bcrypted(&call.text(0))))),
    Function::new("htpasswd", &[Str, Str], |call| {
        let user = call.text(0);
        if user.contains(':') {
            return Ok(Value::text(format!("invalid username: {user}")));
        }
        Ok(Value::text(format!("{user}:{}", bcrypted(&call.text(1)))))
    }),
    Function::new("derivePassword", &[Uint32, Str, Str, Str, Str], derive_password),
    Function::new("encryptAES", &[Str, Str], encrypt),
    Function::new("decryptAES", &[Str, Str], decrypt),
    Function::new("randBytes", &[Int], |call| {
        let count = usize::try_from(call.int(0)).unwrap_or(0);
        call.bound(count)?;
        let mut bytes = vec![0; count];
        rand::rng().fill_bytes(&mut bytes);
        Ok(Value::text(base64(&bytes)))
    }),
    Function::new("uuidv4", &[], |_| Ok(Value::text(uuid::Uuid::new_v4().to_string()))),
];

fn hex(bytes: &[u8]) -> Value {
    let digits = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    Value::text(digits)
}

/// RFC 1950.
fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u32, 0_u32);
    for &byte in bytes {
        low = (low + u32::from(byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    high << 16 | low
}

fn bcrypted(password: &str) -> String {
    if password.len() > 72 {
        let reason = "bcrypt: password length exceeds 72 bytes";
        return format!("failed to encrypt string with bcrypt: {reason}");
    }
    match bcrypt::hash_with_result(password, 10) {
        Ok(parts) => parts.format_for_version(bcrypt::Version::TwoA),
        Err(error) => format!("failed to encrypt string with bcrypt: {error}"),
    }
}

const LONG: &[&str] = &[
    "CvcvnoCvcvCvcv",
    "CvcvCvcvnoCvcv",
    "CvcvCvcvCvcvno",
    "CvccnoCvcvCvcv",
    "CvccCvcvnoCvcv",
    "CvccCvcvCvcvno",
    "CvcvnoCvccCvcv",
    "CvcvCvccnoCvcv",
    "CvcvCvccCvcvno",
    "CvcvnoCvcvCvcc",
    "CvcvCvcvnoCvcc",
    "CvcvCvcvCvccno",
    "CvccnoCvccCvcv",
    "CvccCvccnoCvcv",
    "CvccCvccCvcvno",
    "CvcvnoCvccCvcc",
    "CvcvCvccnoCvcc",
    "CvcvCvccCvccno",
    "CvccnoCvcvCvcc",
    "CvccCvcvnoCvcc",
    "CvccCvcvCvccno",
];

/// The shapes of the Master Password algorithm.
fn shapes(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => LONG,
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return None,
    })
}

fn characters(class: char) -> &'static str {
    match class {
        'V' => "AEIOU",
        'C' => "BCDFGHJKLMNPQRSTVWXYZ",
        'v' => "aeiou",
        'c' => "bcdfghjklmnpqrstvwxyz",
        'a' => "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        'n' => "0123456789",
        'o' => "@&%?,=[]_:-+*$#!'^~;()/.",
        _ => "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

fn derive_password(call: &mut Call) -> Answer {
    const SEED: &[u8] = b"com.lyndir.masterpassword";
    let kind = call.text(1);
    let Some(shapes) = shapes(&kind) else {
        return Ok(Value::text(format!("cannot find password template {kind}")));
    };
    let sized = |text: &[u8]| {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
        [SEED, &length, text].concat()
    };
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("failed to derive password: {error}"));
    let parameters = scrypt::Params::new(15, 8, 2, 64).map_err(|error| failed(&error))?;
    let mut key = [0; 64];
    scrypt::scrypt(call.bytes(2), &sized(call.bytes(3)), &parameters, &mut key)
        .map_err(|error| failed(&error))?;
    let mut sum = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key).map_err(|error| failed(&error))?;
    sum.update(&sized(call.bytes(4)));
    let counter = u32::try_from(call.int(0)).unwrap_or_default();
    sum.update(&counter.to_be_bytes());
    let seed = sum.finalize().into_bytes();
    let shape = shapes[usize::from(seed[0]) % shapes.len()];
    let password = shape.chars().zip(&seed[1..]).map(|(class, &byte)| {
        let characters = characters(class).as_bytes();
        char::from(characters[usize::from(byte) % characters.len()])
    });
    Ok(Value::text(password.collect::<String>()))
}

/// The password, cut or filled up to the length of an AES-256 key.
fn key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let length = password.len().min(32);
    key[..length].copy_from_slice(&password[..length]);
    key
}

fn encrypt(call: &mut Call) -> Answer {
    if call.bytes(1).is_empty() {
        return Ok(Value::text(""));
    }
    let mut start = [0; 16];
    rand::rng().fill_bytes(&mut start);
    let cipher = cbc::Encryptor::<aes::Aes256>::new(&key(call.bytes(0)).into(), &start.into());
    let encrypted = cipher.encrypt_padded_vec_mut::<Pkcs7>(call.bytes(1));
    Ok(Value::text(base64(&[start.as_slice(), &encrypted].concat())))
}

fn decrypt(call: &mut Call) -> Answer {
    if call.bytes(1).is_empty() {
        return Ok(Value::text(""));
    }
    let wrong = |reason: &str| Failure::new(reason.to_owned());
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(call.bytes(1))
        .map_err(|_| wrong("illegal base64 data at input byte 0"))?;
    let Some((start, encrypted)) = bytes.split_first_chunk::<16>() else {
        return Err(wrong("runtime error: slice bounds out of range"));
    };
    let cipher = cbc::Decryptor::<aes::Aes256>::new(&key(call.bytes(0)).into(), &(*start).into());
    let decrypted = cipher
        .decrypt_padded_vec_mut::<Pkcs7>(encrypted)
        .map_err(|_| wrong("crypto/cipher: input not full blocks"))?;
    Ok(Value::text(decrypted))
}
