//! Whom a fetch trusts behind TLS, and how it shows who it is: certificates from Secrets, under the names that Flux
//! reads. <https://fluxcd.io/flux/components/source/helmrepositories/#cert-secret-reference>

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Certificates in PEM; none by default.
#[derive(Clone, Default)]
pub(in crate::controllers) struct Tls {
    /// Authorities besides the machine's own.
    authorities: Option<String>,
    /// The own certificate, and its key.
    own: Option<(String, String)>,
}

/// Why a Secret's certificates cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::controllers) enum Unusable {
    /// The API server does not give the Secret.
    NotRead(String),
    /// Something is missing in it.
    Incomplete(String),
}

impl Tls {
    /// What there is among the fields of a Secret that is about more.
    pub(in crate::controllers) fn of_data(data: &BTreeMap<String, ByteString>) -> Self {
        let field = |names: [&str; 2]| {
            let bytes = names.iter().find_map(|name| data.get(*name)).filter(|bytes| !bytes.0.is_empty())?;
            Some(String::from_utf8_lossy(&bytes.0).into_owned())
        };
        let own = field(["tls.crt", "certFile"]).zip(field(["tls.key", "keyFile"]));
        Self { authorities: field(["ca.crt", "caFile"]), own }
    }

    /// The certificates of a Secret that is for nothing else.
    pub(in crate::controllers) async fn of_secret(
        client: &Client,
        namespace: &str,
        name: &str,
    ) -> Result<Self, Unusable> {
        let found = Api::<Secret>::namespaced(client.clone(), namespace).get(name).await;
        let found = found.map_err(|error| match error {
            kube::Error::Api(status) => Unusable::NotRead(status.message.clone()),
            error => Unusable::NotRead(error.to_string()),
        })?;
        let data = found.data.unwrap_or_default();
        Self::only(&data)
            .map_err(|lacks| Unusable::Incomplete(format!("secret '{namespace}/{name}' {lacks}")))
    }

    /// Nothing else is in these fields.
    fn only(data: &BTreeMap<String, ByteString>) -> Result<Self, &'static str> {
        let has = |names: [&str; 2]| names.iter().any(|name| data.contains_key(*name));
        match (has(["ca.crt", "caFile"]), has(["tls.crt", "certFile"]), has(["tls.key", "keyFile"])) {
            (_, true, false) => Err("contains 'tls.crt' but missing 'tls.key'"),
            (_, false, true) => Err("contains 'tls.key' but missing 'tls.crt'"),
            (false, false, false) => Err("must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'"),
            _ => Ok(Self::of_data(data)),
        }
    }

    /// What a client needs to know. The error is in Go's words.
    pub(super) fn config(&self) -> Result<ClientConfig, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(text) = &self.authorities {
            let wrong = "failed to append certificate into certificate pool: invalid CA certificate";
            roots.add_parsable_certificates(certificates(text).ok_or(wrong)?);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| error.to_string())?.with_root_certificates(roots);
        let Some((certificate, key)) = &self.own else { return Ok(config.with_no_client_auth()) };
        let chain = certificates(certificate)
            .ok_or("tls: failed to find any PEM data in certificate input".to_owned())?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| "tls: failed to find any PEM data in key input".to_owned())?;
        config.with_client_auth_cert(chain, key).map_err(|error| error.to_string())
    }
}

fn certificates(text: &str) -> Option<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    read.ok().filter(|read| !read.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(fields: &[&str]) -> BTreeMap<String, ByteString> {
        fields.iter().map(|name| ((*name).to_owned(), ByteString(b"x".to_vec()))).collect()
    }

    #[test]
    fn a_secret_has_an_authority_or_a_pair() {
        let lacks = |fields: &[&str]| Tls::only(&data(fields)).err();
        assert_eq!(lacks(&["ca.crt"]), None);
        assert_eq!(lacks(&["tls.crt", "tls.key"]), None);
        assert_eq!(lacks(&["caFile", "certFile", "keyFile"]), None);
        assert_eq!(lacks(&["tls.crt"]), Some("contains 'tls.crt' but missing 'tls.key'"));
        assert_eq!(lacks(&["ca.crt", "tls.key"]), Some("contains 'tls.key' but missing 'tls.crt'"));
        let none = Some("must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'");
        assert_eq!(lacks(&["username"]), none);
    }

    #[test]
    fn what_is_no_certificate_is_told() {
        let wrong = |fields: &[&str]| Tls::of_data(&data(fields)).config().err();
        let authority = "failed to append certificate into certificate pool: invalid CA certificate";
        assert_eq!(wrong(&["ca.crt"]).as_deref(), Some(authority));
        let pair = "tls: failed to find any PEM data in certificate input";
        assert_eq!(wrong(&["tls.crt", "tls.key"]).as_deref(), Some(pair));
        assert_eq!(wrong(&[]), None);
    }
}
