//! sprig's keys and certificates: PEM as Go writes it, RSA unless a key of another kind is given.

use base64::Engine as _;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use rsa::RsaPrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};

use super::super::template::{Call, Certificate, Failure, Function, Object, Type, Value};
use Type::{Certificate as Cert, Int, List, Text as Str};

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("genPrivateKey", &[Str], private_key),
    Function::new("genCA", &[Str, Int], |call| authority(call, new_rsa()?)),
    Function::new("genCAWithKey", &[Str, Int, Str], |call| authority(call, Key::parse(&call.text(2))?)),
    Function::new("genSelfSignedCert", &[Str, List, List, Int], |call| self_signed(call, new_rsa()?)),
    Function::new("genSelfSignedCertWithKey", &[Str, List, List, Int, Str], |call| {
        self_signed(call, Key::parse(&call.text(4))?)
    }),
    Function::new("genSignedCert", &[Str, List, List, Int, Cert], |call| signed(call, new_rsa()?)),
    Function::new("genSignedCertWithKey", &[Str, List, List, Int, Cert, Str], |call| {
        signed(call, Key::parse(&call.text(5))?)
    }),
    Function::new("buildCustomCert", &[Str, Str], custom),
];

/// A key with the PEM that it came as, or that Go would write.
struct Key {
    pem: String,
    pair: KeyPair,
}

fn failed(what: &str) -> impl Fn(&dyn std::fmt::Display) -> Failure {
    move |error| Failure::new(format!("{what}: {error}"))
}

/// A new RSA key with so many bits.
fn rsa_key(bits: usize) -> Result<RsaPrivateKey, Failure> {
    RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits)
        .map_err(|error| failed("error generating rsa key")(&error))
}

fn new_rsa() -> Result<Key, Failure> {
    Key::rsa(&rsa_key(2048)?)
}

impl Key {
    fn rsa(key: &RsaPrivateKey) -> Result<Self, Failure> {
        let wrong = failed("error encoding rsa key");
        let pem = key.to_pkcs1_pem(LineEnding::LF).map_err(|error| wrong(&error))?;
        let standard = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| wrong(&error))?;
        let pair = KeyPair::from_pem(&standard).map_err(|error| wrong(&error))?;
        Ok(Self { pem: pem.to_string(), pair })
    }

    /// Reads a key from PEM.
    fn parse(pem: &str) -> Result<Self, Failure> {
        let wrong = failed("parsing private key");
        let Some((_, label)) = pem.split_once("-----BEGIN ") else {
            return Err(wrong(&"no PEM data in input"));
        };
        match label.split("-----").next().unwrap_or_default() {
            "RSA PRIVATE KEY" => {
                let key = RsaPrivateKey::from_pkcs1_pem(pem.trim());
                let key =
                    key.map_err(|error| wrong(&format!("parsing RSA private key from PEM: {error}")))?;
                Self::rsa(&key)
            }
            "EC PRIVATE KEY" => {
                let pair =
                    KeyPair::from_pem(&standard_ec(pem).ok_or_else(|| {
                        wrong(&"parsing EC private key from PEM: no key on the curve P-256")
                    })?);
                let pair = pair.map_err(|error| wrong(&error))?;
                Ok(Self { pem: pem.to_owned(), pair })
            }
            "PRIVATE KEY" => {
                let pair = KeyPair::from_pem(pem).map_err(|error| wrong(&error))?;
                Ok(Self { pem: pem.to_owned(), pair })
            }
            label => Err(wrong(&format!("no private key data in PEM block of type {label}"))),
        }
    }
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn unpem(text: &str) -> Option<Vec<u8>> {
    let body = text.split_once("-----BEGIN ")?.1.split_once("-----")?.1.split("-----END ").next()?;
    let compact = body.split_whitespace().collect::<String>();
    base64::engine::general_purpose::STANDARD.decode(compact).ok()
}

/// RFC 5915, for P-256: the header of the key, and what stands between it and the public point.
const EC_HEADER: [u8; 7] = [0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20];
const EC_CURVE: [u8; 17] =
    [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00];
/// RFC 5208 around a key of RFC 5915 without curve.
const EC_WRAPPER: [u8; 36] = [
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01,
    0x04, 0x20,
];
const EC_POINT: [u8; 5] = [0xa1, 0x44, 0x03, 0x42, 0x00];

/// The same key as PKCS #8.
fn standard_ec(text: &str) -> Option<String> {
    let bytes = unpem(text)?;
    let rest = bytes.strip_prefix(&EC_HEADER)?;
    let (secret, rest) = rest.split_at_checked(32)?;
    let point = rest.strip_prefix(&EC_CURVE)?;
    Some(pem("PRIVATE KEY", &[&EC_WRAPPER, secret, &EC_POINT, point].concat()))
}

fn new_ec() -> Result<String, Failure> {
    let wrong = failed("failed to generate private key");
    let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|error| wrong(&error))?;
    let bytes = pair.serialize_der();
    let secret = bytes.strip_prefix(&EC_WRAPPER).and_then(|rest| rest.get(..32));
    let secret = secret.ok_or_else(|| wrong(&"unknown encoding"))?;
    let key = [&EC_HEADER, secret, &EC_CURVE, pair.public_key_raw()].concat();
    Ok(pem("EC PRIVATE KEY", &key))
}

fn new_ed25519() -> String {
    // RFC 8410.
    let header =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    pem("PRIVATE KEY", &[header.as_slice(), &rand::random::<[u8; 32]>()].concat())
}

fn private_key(call: &mut Call) -> Answer {
    Ok(Value::text(match &*call.text(0) {
        "" | "rsa" => Key::rsa(&rsa_key(4096)?)?.pem,
        "ecdsa" => new_ec()?,
        "ed25519" => new_ed25519(),
        "dsa" => "failed to generate dsa params: keys of this kind are not made on this platform".to_owned(),
        kind => format!("Unknown type {kind}"),
    }))
}

fn parameters(name: &str, days: i64) -> Result<CertificateParams, Failure> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.serial_number = Some(SerialNumber::from_slice(&rand::random::<[u8; 16]>()));
    let now = time::OffsetDateTime::now_utc();
    let end = now.checked_add(time::Duration::days(days));
    parameters.not_before = now;
    parameters.not_after = end.ok_or("error creating certificate: too many days")?;
    parameters.key_usages = vec![KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    parameters.is_ca = IsCa::ExplicitNoCa;
    Ok(parameters)
}

/// The parameters of a certificate for names and addresses: common name, addresses, names, days.
fn for_hosts(call: &Call) -> Result<CertificateParams, Failure> {
    let mut parameters = parameters(&call.text(0), call.int(3))?;
    for address in call.list(1) {
        let Value::Text(text) = &address else {
            return Err(Failure::new(format!("error parsing ip: {} is not a string", shown(&address))));
        };
        let address = text.to_str().parse();
        let address = address.map_err(|_| Failure::new(format!("error parsing ip: {}", text.to_str())))?;
        parameters.subject_alt_names.push(SanType::IpAddress(address));
    }
    for name in call.list(2) {
        let Value::Text(text) = &name else {
            let name = shown(&name);
            return Err(Failure::new(format!("error processing alternate dns name: {name} is not a string")));
        };
        let name = text.to_str().into_owned().try_into();
        let name = name.map_err(|error: rcgen::Error| failed("error creating certificate")(&error))?;
        parameters.subject_alt_names.push(SanType::DnsName(name));
    }
    Ok(parameters)
}

fn shown(value: &Value) -> String {
    String::from_utf8_lossy(&super::super::template::print(value)).into_owned()
}

fn answer(certificate: &rcgen::Certificate, key: Key) -> Value {
    let cert = pem("CERTIFICATE", certificate.der());
    Value::object(Object::Certificate(Certificate { cert, key: key.pem }))
}

fn authority(call: &Call, key: Key) -> Answer {
    let mut parameters = parameters(&call.text(0), call.int(1))?;
    parameters.key_usages.push(KeyUsagePurpose::KeyCertSign);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = parameters.self_signed(&key.pair);
    let certificate = certificate.map_err(|error| failed("error creating certificate")(&error))?;
    Ok(answer(&certificate, key))
}

fn self_signed(call: &Call, key: Key) -> Answer {
    let certificate = for_hosts(call)?.self_signed(&key.pair);
    let certificate = certificate.map_err(|error| failed("error creating certificate")(&error))?;
    Ok(answer(&certificate, key))
}

fn signed(call: &Call, key: Key) -> Answer {
    let object = call.object(4);
    let Some(Object::Certificate(authority)) = object.as_deref() else {
        return Err(Failure::new("unable to decode certificate"));
    };
    let signer = Key::parse(&authority.key)?;
    let issuer = Issuer::from_ca_cert_pem(&authority.cert, signer.pair);
    let issuer = issuer.map_err(|error| failed("error parsing certificate")(&error))?;
    let certificate = for_hosts(call)?.signed_by(&key.pair, &issuer);
    let certificate = certificate.map_err(|error| failed("error creating certificate")(&error))?;
    Ok(answer(&certificate, key))
}

fn custom(call: &mut Call) -> Answer {
    let decode = |index: usize, what: &str| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(call.bytes(index)).ok();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or_else(|| Failure::new(format!("unable to decode base64 {what}")))
    };
    let cert = decode(0, "certificate")?;
    let key = decode(1, "private key")?;
    let bytes = unpem(&cert).ok_or_else(|| Failure::new("unable to decode certificate"))?;
    x509_parser::parse_x509_certificate(&bytes)
        .map_err(|error| failed("error parsing certificate: decodedCert.Bytes")(&error))?;
    Key::parse(&key).map_err(|failure| failed("error parsing private key")(&failure))?;
    Ok(Value::object(Object::Certificate(Certificate { cert, key })))
}
