//! The files that a container finds at its mounts, as far as they come from `ConfigMaps` and Secrets. They stay as they
//! were when the container was started.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, KeyToPath, Pod, Volume};

use super::needs::{Need, Needs};

/// Contents by path.
pub(super) type Files = BTreeMap<String, String>;

/// Reads them. What is not there any more, or is no text, is left out.
pub(super) async fn files(needs: &Needs, pod: &Pod, container: &Container) -> Files {
    let mut files = Files::new();
    let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_ref());
    for mount in container.volume_mounts.iter().flatten() {
        let volume = volumes.into_iter().flatten().find(|volume| volume.name == mount.name);
        let Some((need, items)) = volume.and_then(source) else { continue };
        let data = match needs.read(&need).await {
            Ok(data) => data.unwrap_or_default(),
            Err(error) => {
                tracing::debug!(%error, mount = mount.name, "a volume's source was not read");
                continue;
            }
        };
        let folder = mount.mount_path.trim_end_matches('/');
        for (path, text) in projected(data, items.as_deref()) {
            match mount.sub_path.as_deref().filter(|sub| !sub.is_empty()) {
                None => files.insert(format!("{folder}/{path}"), text),
                Some(sub) if sub == path => files.insert(folder.to_owned(), text),
                Some(_) => None,
            };
        }
    }
    files
}

fn source(volume: &Volume) -> Option<(Need, Option<Vec<KeyToPath>>)> {
    match (&volume.config_map, &volume.secret) {
        (Some(source), _) => Some((Need::ConfigMap(source.name.clone()), source.items.clone())),
        (_, Some(source)) => {
            Some((Need::Secret(source.secret_name.clone().unwrap_or_default()), source.items.clone()))
        }
        _ => None,
    }
}

/// Keys are names of files, unless items name others.
fn projected(data: BTreeMap<String, String>, items: Option<&[KeyToPath]>) -> BTreeMap<String, String> {
    let Some(items) = items.filter(|items| !items.is_empty()) else { return data };
    let of = |item: &KeyToPath| Some((item.path.clone(), data.get(&item.key)?.clone()));
    items.iter().filter_map(of).collect()
}
