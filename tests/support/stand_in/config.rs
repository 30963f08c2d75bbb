//! k3d's configuration file, `k3d.io/v1alpha5`, as far as a lab uses it; what else the real k3d knows is named, and
//! what it does not know is refused in its words. <https://k3d.io/stable/usage/configfile/>

use serde_json::Value;

/// What may stand at the top.
const KNOWN: [&str; 16] = [
    "agents",
    "apiVersion",
    "env",
    "files",
    "hostAliases",
    "image",
    "kind",
    "kubeAPI",
    "metadata",
    "network",
    "options",
    "ports",
    "registries",
    "servers",
    "subnet",
    "volumes",
];

/// A cluster that is asked for.
pub(crate) struct Config {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) network: String,
    /// Address and port of this machine where the API server is published.
    pub(crate) api: (String, String),
    /// `<path>:<path>`.
    pub(crate) volumes: Vec<String>,
    /// `<name>:<address>`.
    pub(crate) hosts: Vec<String>,
    /// The text of `registries.yaml`.
    pub(crate) registries: String,
    /// More words for the node's command line.
    pub(crate) arguments: Vec<String>,
    /// More labels for its container.
    pub(crate) labels: Vec<(String, String)>,
}

impl Config {
    /// Reads a file, or says in k3d's words what is wrong.
    pub(crate) fn read(path: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("Failed to read config file {path}: {error}"))?;
        let value: Value = serde_saphyr::from_str(&text)
            .map_err(|error| format!("Failed to read config file {path}: {error}"))?;
        let refused = |reason: String| format!("Schema Validation failed for config file {path}: - {reason}");
        if let Some(unknown) =
            value.as_object().into_iter().flatten().find(|(key, _)| !KNOWN.contains(&key.as_str()))
        {
            return Err(refused(format!("(root): Additional property {} is not allowed", unknown.0)));
        }
        let name = text_at(&value, "/metadata/name");
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if name.is_empty() || !name.bytes().all(legal) {
            return Err(refused("metadata.name: Does not match format 'hostname'".to_owned()));
        }
        if name.len() > 32 {
            return Err(format!("Cluster name must be <= 32 characters, but has {}", name.len()));
        }
        let network = text_at(&value, "/network");
        let of_servers = |pointer: &str, field: &str| {
            let entries = list(&value, pointer);
            let ours = entries
                .iter()
                .filter(|entry| list(entry, "/nodeFilters").iter().any(|one| one == "server:*"));
            ours.map(|entry| text_at(entry, &format!("/{field}"))).collect::<Vec<_>>()
        };
        let alias = |alias: &Value| {
            let address = text_at(alias, "/ip");
            let names = list(alias, "/hostnames").iter().filter_map(Value::as_str);
            names.map(|name| format!("{name}:{address}")).collect::<Vec<_>>()
        };
        let labels = of_servers("/options/runtime/labels", "label");
        let labels = labels.iter().filter_map(|label| label.split_once('='));
        Ok(Self {
            image: text_at(&value, "/image"),
            network: if network.is_empty() { format!("k3d-{name}") } else { network },
            api: (text_at(&value, "/kubeAPI/hostIP"), text_at(&value, "/kubeAPI/hostPort")),
            volumes: of_servers("/volumes", "volume"),
            hosts: list(&value, "/hostAliases").iter().flat_map(alias).collect(),
            registries: text_at(&value, "/registries/config"),
            arguments: of_servers("/options/k3s/extraArgs", "arg"),
            labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            name,
        })
    }
}

fn text_at(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
