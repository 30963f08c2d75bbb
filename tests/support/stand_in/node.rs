//! A node: our embedded API server, its simulated kubelet and its controllers, on the ports and with the files that
//! k3s has. No container runs in it, and it is an ordinary container itself.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use atelier::accounts::{Authority, Identity};
use atelier::objects::Image;
use atelier::platform::FORGE_HOST;
use atelier::platform::embedded::{self, ServeConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use super::{Error, certificates, images};

/// Where k3s keeps everything.
const FOLDER: &str = "/var/lib/rancher/k3s";
/// Which port of the node leads to which of our process, which listens on loopback only: the API server, and the
/// receiver of the operator at the port of nodes that the lab's manifest gives it.
const PORTS: [(u16, u16); 2] = [(6443, 16_443), (30_292, 19_292)];

pub(crate) async fn run(words: &[&str]) -> Result<(), Error> {
    let ["server", flags @ ..] = words else {
        return Err(format!("the stand-in does not know `{}`", words.join(" ")).into());
    };
    let policy = flags.iter().find_map(|flag| flag.strip_prefix("--kube-apiserver-arg=audit-policy-file="));
    if let Some(path) = policy {
        std::fs::read_to_string(path)
            .map_err(|error| format!("loading audit policy file {path}: {error}"))?;
    }
    let folder = PathBuf::from(FOLDER).join("server");
    std::fs::create_dir_all(&folder)?;
    let ports = json!({"kubernetes": PORTS[0].1, "forge": 13_000, "hooks": PORTS[1].1});
    std::fs::write(folder.join("ports.json"), ports.to_string())?;
    let pki = folder.join("pki");
    let authority = Authority::open(&pki)?;
    write_kubeconfig(&authority)?;
    for (outer, inner) in PORTS {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, outer)).await?;
        tokio::spawn(forward(listener, inner));
    }
    let config = ServeConfig {
        folder,
        images: catalogue()?,
        operator: Vec::new(),
        forge: Some(FORGE_HOST.to_owned()),
        beside: certificates::router(&pki)?,
    };
    // It says that it is ready where k3s would say that it is up and running.
    Ok(embedded::serve(config).await?)
}

/// The images that are known here, those too that carry the lab's name: labs of one engine must not take images of one
/// name from each other.
fn catalogue() -> Result<Vec<Image>, Error> {
    let mut known: Vec<Image> = serde_json::from_slice(&std::fs::read(images::CATALOGUE)?)?;
    let host = std::fs::read_to_string("/etc/hostname")?;
    let lab = host.trim().strip_prefix("k3d-atelier-").and_then(|rest| rest.strip_suffix("-server-0"));
    if let Some(lab) = lab {
        let named =
            |image: &Image| Image { reference: format!("{}-{lab}", image.reference), ..image.clone() };
        let named = known.iter().filter(|image| image.behaviour.is_sample()).map(named).collect::<Vec<_>>();
        known.extend(named);
    }
    Ok(known)
}

/// Brings every connection to the port of our process, both ways until both are done.
async fn forward(listener: TcpListener, inner: u16) {
    while let Ok((mut outside, _)) = listener.accept().await {
        tokio::spawn(async move {
            let Ok(mut inside) = TcpStream::connect((Ipv4Addr::LOCALHOST, inner)).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
        });
    }
}

/// The administrator's kubeconfig, where the variable that k3d sets says.
fn write_kubeconfig(authority: &Authority) -> Result<(), Error> {
    let path = std::env::var("K3S_KUBECONFIG_OUTPUT")?;
    let pair = authority.client(&Identity::administrator())?;
    let encode = |text: &str| STANDARD.encode(text);
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": "default",
        "clusters": [{"name": "default", "cluster": {"server": "https://127.0.0.1:6443",
            "certificate-authority-data": encode(authority.certificate())}}],
        "users": [{"name": "default", "user": {
            "client-certificate-data": encode(&pair.certificate), "client-key-data": encode(&pair.key)}}],
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
    });
    if let Some(folder) = Path::new(&path).parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(&path, serde_saphyr::to_string(&config)?)?)
}
