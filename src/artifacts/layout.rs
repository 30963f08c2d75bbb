//! Images that were built and not yet pushed: an OCI image layout, a folder that other tools read too. Layers of an
//! image's base are not in it; they are in the registry, in the repository that the manifest's annotation names.
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md>

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::packed::{INDEX, MANIFEST};
use super::remote::digest;
use super::{Error, Packed};

/// The annotation that names an image in a layout.
const NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation that names what an image is built on.
const BASE: &str = "org.opencontainers.image.base.name";

/// A folder of images.
pub struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// The layout in a folder, which need not exist.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Keeps an image under a name, and forgets what had the name before.
    pub fn put(&self, name: &str, packed: &Packed) -> Result<(), Error> {
        let blobs = self.folder.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).map_err(failed(&blobs))?;
        let _lock = self.lock()?;
        self.write("oci-layout", json!({"imageLayoutVersion": "1.0.0"}).to_string().as_bytes())?;
        self.keep(packed)?;
        let mut list = self.list()?;
        list.retain(|one| one["annotations"][NAME] != name);
        list.push(json!({"mediaType": packed.media_type, "digest": packed.digest(),
            "size": packed.manifest.len(), "annotations": {NAME: name}}));
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": list});
        self.write("index.json", index.to_string().as_bytes())?;
        self.sweep(&list)
    }

    /// The image of a name; nothing when there is none.
    pub fn get(&self, name: &str) -> Result<Option<Packed>, Error> {
        let list = self.list()?;
        let Some(found) = list.iter().find(|one| one["annotations"][NAME] == name) else { return Ok(None) };
        self.packed(found).map(Some)
    }

    /// The names, in the order in which they were built.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let list = self.list()?;
        Ok(list.iter().filter_map(|one| one["annotations"][NAME].as_str().map(str::to_owned)).collect())
    }

    fn lock(&self) -> Result<std::fs::File, Error> {
        let path = self.folder.join("lock");
        let file = std::fs::File::create(&path).map_err(failed(&path))?;
        let locked = rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive);
        locked.map_err(|error| failed(&path)(error.into()))?;
        Ok(file)
    }

    fn list(&self) -> Result<Vec<Value>, Error> {
        let path = self.folder.join("index.json");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&path)(error)),
        };
        let index: Value = serde_json::from_slice(&bytes)
            .map_err(|error| Error::Damaged { path: path.clone(), reason: error.to_string() })?;
        Ok(index["manifests"].as_array().cloned().unwrap_or_default())
    }

    fn keep(&self, packed: &Packed) -> Result<(), Error> {
        for part in &packed.parts {
            self.keep(part)?;
        }
        for bytes in packed.blobs.iter().chain([&packed.manifest]) {
            self.write(&place(&digest(bytes)), bytes)?;
        }
        Ok(())
    }

    fn packed(&self, described: &Value) -> Result<Packed, Error> {
        let manifest = self.read(described)?.ok_or_else(|| self.damaged("a manifest is not there"))?;
        let document: Value =
            serde_json::from_slice(&manifest).map_err(|error| self.damaged(&error.to_string()))?;
        let media_type = described["mediaType"].as_str().unwrap_or(MANIFEST).to_owned();
        let list = |name: &str| document[name].as_array().cloned().unwrap_or_default();
        let parts = list("manifests").iter().map(|one| self.packed(one)).collect::<Result<_, _>>()?;
        let (mut blobs, mut borrowed) = (Vec::new(), Vec::new());
        let lender = document["annotations"][BASE].as_str();
        for one in list("layers").iter().chain(document.get("config")) {
            match (self.read(one)?, lender) {
                (Some(bytes), _) => blobs.push(bytes),
                (None, Some(lender)) => {
                    borrowed.push((one["digest"].as_str().unwrap_or_default().to_owned(), lender.to_owned()));
                }
                (None, None) => return Err(self.damaged("a layer is not there")),
            }
        }
        Ok(Packed { manifest, media_type, blobs, parts, borrowed })
    }

    /// What a descriptor names, if it is here.
    fn read(&self, described: &Value) -> Result<Option<Vec<u8>>, Error> {
        let expected = described["digest"].as_str().unwrap_or_default();
        let hex = expected.strip_prefix("sha256:").unwrap_or_default();
        if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.damaged("a digest is none"));
        }
        let path = self.folder.join(place(expected));
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path)(error)),
        };
        let found = digest(&bytes);
        if found != expected {
            let expected = expected.to_owned();
            return Err(Error::Digest { path: path.display().to_string(), expected, found });
        }
        Ok(Some(bytes))
    }

    /// Removes what no image has any more.
    fn sweep(&self, list: &[Value]) -> Result<(), Error> {
        let (mut used, mut next) = (BTreeSet::new(), list.to_vec());
        while let Some(one) = next.pop() {
            let Some(bytes) = self.read(&one)? else { continue };
            used.extend(one["digest"].as_str().map(place));
            // Layers are no JSON, and what is JSON beside manifests names nothing.
            let document: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let lists = ["manifests", "layers"].into_iter().filter_map(|name| document[name].as_array());
            next.extend(
                lists
                    .flatten()
                    .chain(document.get("config").filter(|one| one["digest"].is_string()))
                    .cloned(),
            );
        }
        let folder = self.folder.join("blobs/sha256");
        for entry in std::fs::read_dir(&folder).map_err(failed(&folder))?.flatten() {
            let name = format!("blobs/sha256/{}", entry.file_name().to_string_lossy());
            if !used.contains(&name) {
                std::fs::remove_file(entry.path()).map_err(failed(&entry.path()))?;
            }
        }
        Ok(())
    }

    /// Files appear whole.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.folder.join(name);
        let half = self.folder.join("half");
        std::fs::write(&half, bytes).map_err(failed(&half))?;
        std::fs::rename(&half, &path).map_err(failed(&path))
    }

    fn damaged(&self, reason: &str) -> Error {
        Error::Damaged { path: self.folder.clone(), reason: reason.to_owned() }
    }
}

fn place(digest: &str) -> String {
    digest.replacen("sha256:", "blobs/sha256/", 1)
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(text: &str) -> Packed {
        let layers = vec![("text/plain", text.as_bytes().to_vec())];
        Packed::of(("application/json", b"{}".to_vec()), layers, [])
    }

    #[test]
    fn what_is_kept_comes_back_and_what_is_replaced_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("images"));
        assert_eq!(layout.get("a").unwrap(), None);
        layout.put("a", &packed("one")).unwrap();
        layout.put("b", &packed("one")).unwrap();
        layout.put("a", &packed("two")).unwrap();
        assert_eq!(layout.names().unwrap(), ["b", "a"]);
        let found = layout.get("a").unwrap().unwrap();
        assert_eq!((found.digest(), found.blobs.len()), (packed("two").digest(), 2));
        layout.put("b", &packed("two")).unwrap();
        let blobs = std::fs::read_dir(folder.path().join("images/blobs/sha256")).unwrap().count();
        assert_eq!(blobs, 3, "a manifest, a configuration and a layer");
        let altered = folder.path().join("images").join(place(&digest(b"two")));
        std::fs::write(altered, "tow").unwrap();
        assert!(layout.get("a").unwrap_err().to_string().starts_with("digest of `"));
    }
}
