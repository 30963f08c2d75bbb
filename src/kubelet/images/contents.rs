//! What an image's configuration and files say about what a container of it does. Follows
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md>. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::container::is_simulated;
use crate::artifacts::Files;
use crate::objects::Behaviour;

/// Where servers of static sites have their files, the commonest first.
pub(super) const ROOTS: [&str; 8] = [
    "usr/share/nginx/html",
    "usr/local/apache2/htdocs",
    "usr/share/caddy",
    "var/www/html",
    "srv/www",
    "srv",
    "public",
    "www",
];

/// The programs that serve a folder of files.
const SERVERS: [&str; 9] = [
    "nginx",
    "httpd",
    "httpd-foreground",
    "apache2",
    "caddy",
    "lighttpd",
    "darkhttpd",
    "static-web-server",
    "docker-entrypoint.sh",
];

/// What a pushed image holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Contents {
    /// What a container of it does.
    pub(in super::super) behaviour: Behaviour,
    /// The version that its makers gave it.
    pub(in super::super) version: Option<String>,
    /// The variables that its programs have.
    pub(in super::super) environment: BTreeMap<String, String>,
    /// What runs unless a container names a command.
    pub(in super::super) entrypoint: Vec<String>,
    /// Its arguments unless a container names some.
    pub(in super::super) arguments: Vec<String>,
    /// The ports that it says it listens on.
    pub(in super::super) ports: Vec<i32>,
    /// The site that it serves.
    pub(in super::super) site: Option<Site>,
}

/// A site of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Site {
    /// Where it listens.
    pub(in super::super) port: u16,
    /// By path.
    pub(in super::super) files: Files,
}

impl Contents {
    /// Reads a configuration; `files` are those below [`ROOTS`].
    pub(super) fn read(config: &Value, files: &Files) -> Self {
        let config = &config["config"];
        let words = |name: &str| texts(&config[name]);
        let variables = words("Env").into_iter();
        let environment = variables.filter_map(|one| one.split_once('=').map(own)).collect();
        let exposed = config["ExposedPorts"].as_object().into_iter().flatten();
        let ports = exposed.filter_map(|(port, _)| port.split('/').next()?.parse().ok()).collect::<Vec<_>>();
        let (entrypoint, arguments) = (words("Entrypoint"), words("Cmd"));
        let label = |name: &str| config["Labels"][name].as_str().map(str::to_owned);
        let all = entrypoint.iter().chain(&arguments).map(String::as_str).collect::<Vec<_>>();
        let title = label("org.opencontainers.image.title");
        let named = all.windows(2).find(|pair| pair[0] == "sample").map(|pair| pair[1]);
        let sample = match named.or(title.as_deref()) {
            Some("postcard") => Some(Behaviour::Postcard),
            Some("jukebox") => Some(Behaviour::Jukebox),
            _ => None,
        };
        let program = all.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
        let port = ports.first().and_then(|port| u16::try_from(*port).ok()).unwrap_or(80);
        let (behaviour, site) = if let Some(sample) = sample {
            (sample, None)
        } else if let Some(files) = site(files).filter(|_| SERVERS.contains(&program)) {
            (Behaviour::Idle, Some(Site { port, files }))
        } else if is_simulated(program) {
            (Behaviour::Task, None)
        } else {
            (Behaviour::Idle, None)
        };
        let version = label("org.opencontainers.image.version");
        Self { behaviour, version, environment, entrypoint, arguments, ports, site }
    }
}

/// The files below the root that has any.
fn site(files: &Files) -> Option<Files> {
    let below = |root: &str| {
        let root = format!("{root}/");
        let inside = files.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(&root)?, bytes)));
        inside.map(|(path, bytes)| (path.to_owned(), bytes.clone())).collect::<Files>()
    };
    ROOTS.iter().map(|root| below(root)).find(|files| !files.is_empty())
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn behaviour_is_read_from_the_configuration() {
        let files = Files::from([("srv/index.html".to_owned(), b"hello".to_vec())]);
        let read = |config: Value| {
            let contents = Contents::read(&json!({ "config": config }), &files);
            (
                contents.behaviour,
                contents.site.map(|site| (site.port, site.files.into_keys().collect::<Vec<_>>())),
            )
        };
        let ours = json!(["/usr/local/bin/atelier", "sample", "postcard"]);
        assert_eq!(read(json!({ "Entrypoint": ours })), (Behaviour::Postcard, None));
        let title = json!({ "org.opencontainers.image.title": "jukebox" });
        assert_eq!(read(json!({ "Labels": title })), (Behaviour::Jukebox, None));
        let server = json!({ "Cmd": ["/usr/sbin/nginx", "-g"], "ExposedPorts": { "8080/tcp": {} } });
        assert_eq!(read(server), (Behaviour::Idle, Some((8080, vec!["index.html".to_owned()]))));
        assert_eq!(read(json!({ "Cmd": ["/bin/sh", "-c", "echo"] })), (Behaviour::Task, None));
        assert_eq!(read(json!({ "Cmd": ["/server"] })), (Behaviour::Idle, None));
    }
}
