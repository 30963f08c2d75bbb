//! Tokens of service accounts: JSON web tokens, signed by a key that each lab makes once.
//! <https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens>

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Who signs, and for whom unless somebody else is named.
pub const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// No token of ours is longer.
const MAX_TOKEN: usize = 16 * 1024;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its file cannot be read or written.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// There is something else in the file, or no randomness on this machine.
    #[error("`{}` holds no usable key", path.display())]
    Key {
        /// The file.
        path: PathBuf,
    },
}

/// What a token says of its bearer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// For whom it is.
    pub aud: Vec<String>,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
    /// Who made it.
    pub iss: String,
    /// Its own name.
    pub jti: String,
    /// The account and what the token ends with.
    #[serde(rename = "kubernetes.io")]
    pub bound: Bound,
    /// When it begins.
    pub nbf: i64,
    /// The account's user name.
    pub sub: String,
}

/// The account of a token, and the object that it ends with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// Where all of them are.
    pub namespace: String,
    /// The node, of the pod or by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Reference>,
    /// The pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Reference>,
    /// The secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Reference>,
    /// The account.
    pub serviceaccount: Reference,
}

/// One particular object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// What tells it from later ones of that name.
    #[serde(default)]
    pub uid: String,
}

/// The key.
pub struct ServiceAccountKey {
    pair: EcdsaKeyPair,
    id: String,
}

impl ServiceAccountKey {
    /// Opens the key in the file at `path` (mode 0600), made when it is not there.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = |source| Error::File { path: path.to_owned(), source };
        let unusable = || Error::Key { path: path.to_owned() };
        let random = SystemRandom::new();
        if !path.exists() {
            let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
            write_private(path, made.map_err(|_| unusable())?.as_ref()).map_err(file)?;
        }
        let bytes = std::fs::read(path).map_err(file)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes, &random);
        let pair = pair.map_err(|_| unusable())?;
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(pair.public_key()));
        Ok(Self { pair, id })
    }

    /// A token that says so; nothing, when this machine has no randomness.
    pub fn sign(&self, claims: &Claims) -> Option<String> {
        let header = json!({"alg": "ES256", "kid": self.id}).to_string();
        let claims = serde_json::to_string(claims).ok()?;
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What a token says, if it is one of ours and in force at `now`, in seconds since 1970.
    pub fn verify(&self, token: &str, now: i64) -> Option<Claims> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key());
        key.verify(signed.as_bytes(), &signature).ok()?;
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let in_force = claims.nbf <= now && now < claims.exp;
        (header["alg"] == "ES256" && claims.iss == ISSUER && in_force).then_some(claims)
    }

    /// The public half, as a set of one JSON web key.
    pub fn public_keys(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        // Uncompressed: one byte that says so, then both coordinates.
        let (x, y) = point[1..].split_at((point.len() - 1) / 2);
        let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        json!({"keys": [{
            "use": "sig", "kty": "EC", "kid": self.id, "crv": "P-256", "alg": "ES256", "x": encode(x), "y": encode(y)
        }]})
    }
}

/// Written aside and renamed, so that a key is whole or not there.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let aside = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(bytes)?;
    std::fs::rename(aside, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn claims() -> Claims {
        Claims {
            aud: vec![ISSUER.to_owned()],
            exp: 200,
            iat: 100,
            nbf: 100,
            iss: ISSUER.to_owned(),
            ..Claims::default()
        }
    }

    #[test]
    fn tokens_are_in_force_for_a_time_and_for_one_lab() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = ServiceAccountKey::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let token = key.sign(&claims()).unwrap();
        assert_eq!(key.verify(&token, 150), Some(claims()));
        assert_eq!(ServiceAccountKey::open(&path).unwrap().verify(&token, 100), Some(claims()));
        assert_eq!((key.verify(&token, 99), key.verify(&token, 200)), (None, None));
        let other = ServiceAccountKey::open(&folder.path().join("other")).unwrap();
        assert_eq!(other.verify(&token, 150), None);
        let foreign = key.sign(&Claims { iss: "https://example.org".to_owned(), ..claims() }).unwrap();
        assert_eq!(key.verify(&foreign, 150), None);
    }

    #[test]
    fn a_token_that_was_changed_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let key = ServiceAccountKey::open(&folder.path().join("key")).unwrap();
        let token = key.sign(&claims()).unwrap();
        let [header, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
        let longer = serde_json::to_string(&Claims { exp: 900, ..claims() }).unwrap();
        let longer = URL_SAFE_NO_PAD.encode(longer);
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        for forged in [
            format!("{header}.{longer}.{signature}"),
            format!("{none}.{longer}."),
            format!("{header}.{longer}"),
            "..".to_owned(),
            "x".repeat(MAX_TOKEN + 1),
        ] {
            assert_eq!(key.verify(&forged, 150), None, "{forged}");
        }
    }
}
