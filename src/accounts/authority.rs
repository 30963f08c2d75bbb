//! The lab's certificate authority: made once per lab, it signs the API server's certificate and one client
//! certificate per actor (common name = user, organisations = groups, as Kubernetes reads them).

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose,
};

use super::Identity;

/// Why a certificate could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the authority cannot be read or written.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// Key or certificate are not well-formed.
    #[error("the certificate authority in `{}` is not usable", path.display())]
    Certificate {
        /// The authority's folder.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: rcgen::Error,
    },
}

/// A certificate and its private key, both PEM.
#[derive(Clone)]
pub struct KeyPair {
    /// The certificate.
    pub certificate: String,
    /// The private key (PKCS #8).
    pub key: String,
}

/// A certificate authority kept in a folder (`ca.pem`, `ca-key.pem`, mode 0600).
pub struct Authority {
    folder: PathBuf,
    certificate: String,
    issuer: Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    /// Opens the authority in `folder`, made when it is not there.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let (certificate_path, key_path) = (folder.join("ca.pem"), folder.join("ca-key.pem"));
        // The certificate is written last: where it is, the key is whole.
        if !certificate_path.exists() {
            Self::create(folder, &certificate_path, &key_path)?;
        }
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).map_err(|source| Error::File { path: path.clone(), source })
        };
        let (certificate, key) = (read(&certificate_path)?, read(&key_path)?);
        let bad = |source| Error::Certificate { path: folder.to_owned(), source };
        let key = rcgen::KeyPair::from_pem(&key).map_err(bad)?;
        let issuer = Issuer::from_ca_cert_pem(&certificate, key).map_err(bad)?;
        Ok(Self { folder: folder.to_owned(), certificate, issuer })
    }

    fn create(folder: &Path, certificate_path: &Path, key_path: &Path) -> Result<(), Error> {
        let bad = |source| Error::Certificate { path: folder.to_owned(), source };
        let key = rcgen::KeyPair::generate().map_err(bad)?;
        let mut parameters = params("atelier lab", &[], 3650);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = parameters.self_signed(&key).map_err(bad)?;
        std::fs::create_dir_all(folder).map_err(|source| Error::File { path: folder.to_owned(), source })?;
        write_private(key_path, &key.serialize_pem())?;
        write_private(certificate_path, &certificate.pem())
    }

    /// The authority's own certificate, PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Signs a server certificate for 127.0.0.1, `localhost` and the in-cluster names of the API server.
    pub fn server(&self) -> Result<KeyPair, Error> {
        let names = ["localhost", "127.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
        let mut parameters = params("kube-apiserver", &[], 3650);
        let names = CertificateParams::new(names.map(str::to_owned)).map_err(|source| self.bad(source))?;
        parameters.subject_alt_names = names.subject_alt_names;
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&parameters)
    }

    /// Signs a client certificate for a Kubernetes user.
    pub fn client(&self, identity: &Identity) -> Result<KeyPair, Error> {
        let mut parameters = params(&identity.username, &identity.groups, 365);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&parameters)
    }

    fn sign(&self, parameters: &CertificateParams) -> Result<KeyPair, Error> {
        let key = rcgen::KeyPair::generate().map_err(|source| self.bad(source))?;
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(|source| self.bad(source))?;
        Ok(KeyPair { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    fn bad(&self, source: rcgen::Error) -> Error {
        Error::Certificate { path: self.folder.clone(), source }
    }
}

fn params(common_name: &str, organisations: &[String], days: i64) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    for organisation in organisations {
        name.push(DnType::OrganizationName, organisation);
    }
    parameters.distinguished_name = name;
    let now = time::OffsetDateTime::now_utc();
    // Clocks of laptops and containers may differ a little.
    parameters.not_before = now - time::Duration::hours(1);
    parameters.not_after = now + time::Duration::days(days);
    parameters
}

fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| Error::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reopened_authority_is_the_same_and_signs_names() {
        let folder = tempfile::tempdir().unwrap();
        let first = Authority::open(folder.path()).unwrap();
        let again = Authority::open(folder.path()).unwrap();
        assert_eq!(first.certificate(), again.certificate());
        let pair = again.client(&Identity::new("dev2", &["team"])).unwrap();
        let pem = x509_parser::pem::parse_x509_pem(pair.certificate.as_bytes()).unwrap().1;
        let subject = pem.parse_x509().unwrap().subject().to_string();
        assert_eq!(subject, "CN=dev2, O=team");
    }
}
