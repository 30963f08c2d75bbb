//! One image of a bundle as the archive that engines load: its blobs, and last of all the `manifest.json` that names
//! them, so that what was cut short loads nothing.
//! <https://docs.docker.com/reference/api/engine/version/v1.43/#tag/Image/operation/ImageLoad>

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::json;

use super::write::{entry, header, padding};
use super::{Bundle, Error, Image};

impl Bundle {
    /// Writes the archive of an image to `to`; every blob is compared with its digest on its way. Whether `to` took
    /// all of it.
    pub fn archive(&self, image: &Image, to: &mut impl Write) -> Result<bool, Error> {
        let place = |digest: &String| format!("{}.tar", digest.trim_start_matches("sha256:"));
        let mut seen = BTreeSet::new();
        for digest in [&image.config].into_iter().chain(&image.layers).filter(|digest| seen.insert(*digest)) {
            let size = self.index().blob(digest).size;
            if to.write_all(&header(&place(digest), size)).is_err()
                || !self.blob(digest, to)?
                || to.write_all(&padding(size)).is_err()
            {
                return Ok(false);
            }
        }
        let layers = image.layers.iter().map(place).collect::<Vec<_>>();
        let named =
            json!([{"Config": place(&image.config), "RepoTags": [image.reference], "Layers": layers}]);
        let mut last = Vec::new();
        entry(&mut last, "manifest.json", named.to_string().as_bytes());
        last.extend([0; 1024]);
        Ok(to.write_all(&last).is_ok())
    }
}
