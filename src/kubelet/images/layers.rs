//! The files of an image that a site may be made of, laid over each other as the layers say. Follows
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md>. Pure.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::contents::ROOTS;
use crate::artifacts::Files;

/// How much is kept of all layers together, in bytes.
const BYTES_LIMIT: u64 = 32 << 20;
/// How much of a layer is looked at, unpacked.
const LAYER_LIMIT: u64 = 512 << 20;
/// Marks what a layer takes away.
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// Lays a layer over what is there. What cannot be read of it is left out.
pub(super) fn lay(files: &mut Files, layer: &[u8]) {
    let unpacked: Box<dyn Read> =
        if layer.starts_with(&[0x1f, 0x8b]) { Box::new(MultiGzDecoder::new(layer)) } else { Box::new(layer) };
    let mut archive = tar::Archive::new(unpacked.take(LAYER_LIMIT));
    let Ok(entries) = archive.entries() else { return };
    let mut new = Files::new();
    let mut kept = files.values().map(|bytes| bytes.len() as u64).sum::<u64>();
    for entry in entries {
        let Ok(mut entry) = entry else { break };
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = path.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/').to_owned();
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path.as_str()));
        if name == OPAQUE {
            remove(files, folder);
        } else if let Some(name) = name.strip_prefix(WHITEOUT) {
            let gone = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            files.remove(&gone);
            remove(files, &gone);
        } else if entry.header().entry_type().is_file() && is_inside(&path) {
            if kept.saturating_add(entry.size()) > BYTES_LIMIT {
                continue;
            }
            let mut bytes = Vec::new();
            if entry.read_to_end(&mut bytes).is_ok() {
                kept += bytes.len() as u64;
                new.insert(path, bytes);
            }
        }
    }
    files.append(&mut new);
}

fn is_inside(path: &str) -> bool {
    let clean = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    clean && ROOTS.iter().any(|root| path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/')))
}

fn remove(files: &mut Files, folder: &str) {
    let folder = format!("{folder}/");
    files.retain(|path, _| !path.starts_with(&folder));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::artifacts::{Entry, pack};

    fn layer(files: &[(&str, &str)]) -> Vec<u8> {
        let entry = |(path, text): &(&str, &str)| ((*path).to_owned(), Entry::File(text.as_bytes().to_vec()));
        pack(&files.iter().map(entry).collect::<BTreeMap<_, _>>()).unwrap()
    }

    #[test]
    fn later_layers_replace_and_remove() {
        let mut files = Files::new();
        lay(&mut files, &layer(&[("srv/a", "1"), ("srv/b/c", "1"), ("srv/d/e", "1"), ("etc/passwd", "x")]));
        lay(&mut files, &layer(&[("srv/a", "2"), ("srv/b/.wh.c", ""), ("srv/d/.wh..wh..opq", "")]));
        lay(&mut files, &layer(&[("srv/d/f", "3")]));
        lay(&mut files, b"no archive at all");
        let seen = files.iter().map(|(path, bytes)| format!("{path}={}", String::from_utf8_lossy(bytes)));
        assert_eq!(seen.collect::<Vec<_>>(), ["srv/a=2", "srv/d/f=3"]);
    }
}
