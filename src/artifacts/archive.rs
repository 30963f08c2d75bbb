//! Trees as `tar.gz`: the same tree gives the same bytes, and unpacking stays within limits.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::Error;

/// Files of a tree by path, with `/`, without a leading one.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The largest tree that is unpacked, in bytes.
const BYTES_LIMIT: u64 = 50 << 20;
/// The largest number of files.
const FILES_LIMIT: u64 = 50_000;
/// How many links may follow each other.
const LINKS_LIMIT: usize = 10;

/// One thing in a tree that is packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file's bytes.
    File(Vec<u8>),
    /// An executable file's bytes.
    Executable(Vec<u8>),
    /// A symbolic link's target.
    Link(String),
    /// A folder, which what is in it does not need.
    Folder,
}

/// A tree by path, with `/`, without a leading one.
pub type Tree = BTreeMap<String, Entry>;

/// Packs a tree. Times and owners are left out, and the order is the paths'.
pub fn pack(entries: &Tree) -> Result<Vec<u8>, Error> {
    compress(&bundle(entries)?)
}

/// The bytes under `gzip`, without a name or a time.
pub(super) fn compress(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Archive { source };
    let mut compressed = GzEncoder::new(Vec::new(), Compression::default());
    compressed.write_all(bytes).map_err(failed)?;
    compressed.finish().map_err(failed)
}

/// The tree as a `tar`.
pub(super) fn bundle(entries: &Tree) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Archive { source };
    let mut archive = tar::Builder::new(Vec::new());
    for (path, entry) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mtime(0);
        match entry {
            Entry::File(bytes) | Entry::Executable(bytes) => {
                header.set_mode(if matches!(entry, Entry::File(_)) { 0o644 } else { 0o755 });
                header.set_size(bytes.len() as u64);
                archive.append_data(&mut header, path, bytes.as_slice()).map_err(failed)?;
            }
            Entry::Link(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_mode(0o777);
                header.set_size(0);
                archive.append_link(&mut header, path, target).map_err(failed)?;
            }
            Entry::Folder => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_mode(0o755);
                header.set_size(0);
                archive.append_data(&mut header, format!("{path}/"), std::io::empty()).map_err(failed)?;
            }
        }
    }
    archive.into_inner().map_err(failed)
}

/// Unpacks a tree into memory. Symbolic links become copies of what they point at, which must be in the tree.
pub fn unpack(bytes: &[u8]) -> Result<Files, Error> {
    let failed = |source| Error::Archive { source };
    let mut archive = tar::Archive::new(GzDecoder::new(bytes).take(2 * BYTES_LIMIT));
    let (mut files, mut links) = (Files::new(), BTreeMap::new());
    let mut room = BYTES_LIMIT;
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            continue;
        }
        let path = inside("", &path).ok_or(Error::Outside { path })?;
        if (files.len() + links.len()) as u64 >= FILES_LIMIT {
            return Err(Error::TooLarge { limit: FILES_LIMIT, what: "files" });
        }
        if kind.is_symlink() {
            let target = entry.link_name_bytes().unwrap_or_default();
            links.insert(path, String::from_utf8_lossy(&target).into_owned());
        } else if kind.is_file() {
            let mut content = Vec::new();
            (&mut entry).take(room + 1).read_to_end(&mut content).map_err(failed)?;
            room = room
                .checked_sub(content.len() as u64)
                .ok_or(Error::TooLarge { limit: BYTES_LIMIT, what: "bytes" })?;
            files.insert(path, content);
        }
    }
    follow(&mut files, &links, room)?;
    Ok(files)
}

fn follow(files: &mut Files, links: &BTreeMap<String, String>, mut room: u64) -> Result<(), Error> {
    let mut copies = Files::new();
    for (path, target) in links {
        let broken = || Error::Link { path: path.clone(), target: target.clone() };
        let mut place = resolve(path, target).ok_or_else(broken)?;
        for _ in 0..LINKS_LIMIT {
            let Some(next) = links.get(&place) else { break };
            place = resolve(&place, next).ok_or_else(broken)?;
        }
        let below = format!("{place}/");
        let found = files.range(place.clone()..).take_while(|(name, _)| {
            **name == place || name.starts_with(&below) || name.as_str() < below.as_str()
        });
        for (name, content) in found.filter(|(name, _)| **name == place || name.starts_with(&below)) {
            room = room
                .checked_sub(content.len() as u64)
                .ok_or(Error::TooLarge { limit: BYTES_LIMIT, what: "bytes" })?;
            copies.insert(format!("{path}{}", &name[place.len()..]), content.clone());
        }
    }
    files.append(&mut copies);
    Ok(())
}

/// Where a link of the tree leads; nothing when it leaves the tree.
pub(super) fn resolve(link: &str, target: &str) -> Option<String> {
    let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
    (!target.starts_with('/')).then(|| inside(folder, target)).flatten()
}

/// Joins and cleans a path; nothing when it leaves the tree or names the tree itself.
pub(super) fn inside(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\0') {
        return None;
    }
    let mut parts = folder.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> BTreeMap<String, Entry> {
        [
            ("apps/site/deployment.yaml", Entry::File(b"kind: Deployment\n".to_vec())),
            ("run.sh", Entry::Executable(b"#!/bin/sh\n".to_vec())),
            ("latest", Entry::Link("apps/site".to_owned())),
            ("apps/copy.yaml", Entry::Link("site/deployment.yaml".to_owned())),
        ]
        .map(|(path, entry)| (path.to_owned(), entry))
        .into()
    }

    #[test]
    fn the_same_tree_gives_the_same_bytes_and_comes_back() {
        let packed = pack(&tree()).unwrap();
        assert_eq!(packed, pack(&tree()).unwrap());
        let files = unpack(&packed).unwrap();
        assert_eq!(
            files.keys().collect::<Vec<_>>(),
            ["apps/copy.yaml", "apps/site/deployment.yaml", "latest/deployment.yaml", "run.sh"]
        );
        assert_eq!(files["apps/copy.yaml"], b"kind: Deployment\n");
    }

    #[test]
    fn links_out_of_the_tree_are_refused() {
        for target in ["/etc/passwd", "../../etc/passwd", ".."] {
            let entries = [("a/link".to_owned(), Entry::Link(target.to_owned()))].into();
            let error = unpack(&pack(&entries).unwrap()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("symbolic link `a/link` to `{target}` does not lead to a file of the tree")
            );
        }
    }

    #[test]
    fn paths_out_of_the_tree_are_refused() {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..7].copy_from_slice(b"../evil");
        header.set_size(0);
        header.set_cksum();
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        archive.append(&header, &b""[..]).unwrap();
        let packed = archive.into_inner().unwrap().finish().unwrap();
        assert_eq!(unpack(&packed).unwrap_err().to_string(), "path `../evil` is not inside the tree");
    }

    #[test]
    fn a_bomb_is_refused() {
        let bytes = vec![0; usize::try_from(BYTES_LIMIT).unwrap() + 1];
        let packed = pack(&[("zero".to_owned(), Entry::File(bytes))].into()).unwrap();
        assert_eq!(unpack(&packed).unwrap_err().to_string(), "the tree has more than 52428800 bytes");
        assert!(unpack(b"no archive").is_err());
    }
}
