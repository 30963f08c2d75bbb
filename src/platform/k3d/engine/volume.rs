//! Volumes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptionsBuilder};

use super::Engine;
use crate::platform::k3d::Error;
use crate::platform::k3d::error::optional;

/// How long a volume may be in use by containers that are being removed.
const IN_USE_LIMIT: Duration = Duration::from_secs(30);
/// Between two attempts.
const LOOK: Duration = Duration::from_millis(200);

impl Engine {
    /// Makes a volume; one that exists stays as it is.
    pub(in crate::platform::k3d) async fn create_volume(
        &self,
        name: &str,
        labels: HashMap<String, String>,
    ) -> Result<(), Error> {
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(labels),
            ..VolumeCreateRequest::default()
        };
        let made = self.docker.create_volume(request).await;
        made.map(|_| ()).map_err(Error::engine(format!("make the volume `{name}`")))
    }

    /// The labels of a volume, when it is there.
    pub(in crate::platform::k3d) async fn volume(
        &self,
        name: &str,
    ) -> Result<Option<HashMap<String, String>>, Error> {
        let found = self.docker.inspect_volume(name).await;
        let found = optional(found.map_err(Error::engine(format!("look at the volume `{name}`"))))?;
        Ok(found.map(|volume| volume.labels))
    }

    /// Names and labels of the volumes with all of these labels.
    pub(in crate::platform::k3d) async fn volumes(
        &self,
        labels: &[String],
    ) -> Result<Vec<(String, HashMap<String, String>)>, Error> {
        let filters = HashMap::from([("label".to_owned(), labels.to_vec())]);
        let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let found =
            self.docker.list_volumes(Some(options)).await.map_err(Error::engine("list its volumes"))?;
        let found = found.volumes.unwrap_or_default();
        Ok(found.into_iter().map(|volume| (volume.name, volume.labels)).collect())
    }

    /// Removes a volume. Whether it was there.
    pub(in crate::platform::k3d) async fn remove_volume(&self, name: &str) -> Result<bool, Error> {
        // Without force, the engine tells the absent from the removed.
        let options = RemoveVolumeOptionsBuilder::default().force(false).build();
        let begin = Instant::now();
        loop {
            let removed = self.docker.remove_volume(name, Some(options.clone())).await;
            match removed.map_err(Error::engine(format!("remove the volume `{name}`"))) {
                // A container whose removal is not finished holds it, and is not listed any more.
                Err(error) if error.status() == Some(409) && begin.elapsed() < IN_USE_LIMIT => {
                    tokio::time::sleep(LOOK).await;
                }
                removed => return Ok(optional(removed)?.is_some()),
            }
        }
    }
}
