//! Images: what is there, pulling, building.

use std::collections::{BTreeMap, HashMap};

use bollard::auth::DockerCredentials;
use bollard::query_parameters::{
    BuildImageOptionsBuilder, CreateImageOptionsBuilder, ImportImageOptionsBuilder, PushImageOptionsBuilder,
    RemoveImageOptionsBuilder, TagImageOptionsBuilder,
};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use serde_json::{Value, json};

use super::Engine;
use crate::platform::k3d::Error;
use crate::platform::k3d::error::{optional, says_disk_full};

/// An image as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::platform::k3d) struct Image {
    pub(in crate::platform::k3d) id: String,
    pub(in crate::platform::k3d) digests: Vec<String>,
    pub(in crate::platform::k3d) architecture: String,
    pub(in crate::platform::k3d) size: u64,
    pub(in crate::platform::k3d) labels: HashMap<String, String>,
    /// What it holds and does, as [`build_of`] tells it of a configuration.
    pub(in crate::platform::k3d) build: Value,
}

/// What an image holds and does, of its configuration as the OCI writes it. Engines that keep images as containerd does
/// call an image not by its configuration's digest; there, this tells builds apart.
/// <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md>
pub(in crate::platform::k3d) fn build_of(config: &Value) -> Value {
    let some = |value: &Value| match value {
        Value::Array(items) if items.is_empty() => Value::Null,
        value => value.clone(),
    };
    let inner = &config["config"];
    json!({"layers": config["rootfs"]["diff_ids"], "architecture": config["architecture"],
        "entrypoint": some(&inner["Entrypoint"]), "command": some(&inner["Cmd"]), "environment": some(&inner["Env"]),
        "labels": inner["Labels"].as_object().filter(|labels| !labels.is_empty())})
}

/// How far a pull is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::platform::k3d) struct Progress {
    pub(in crate::platform::k3d) layers: usize,
    pub(in crate::platform::k3d) done: usize,
    pub(in crate::platform::k3d) bytes: u64,
    pub(in crate::platform::k3d) of: u64,
}

impl Engine {
    /// The image that a reference names, when it is there.
    pub(in crate::platform::k3d) async fn image(&self, reference: &str) -> Result<Option<Image>, Error> {
        let found = self.docker.inspect_image(reference).await;
        let found = optional(found.map_err(Error::engine(format!("look at the image `{reference}`"))))?;
        Ok(found.map(|found| Image {
            build: build_of(&json!({"architecture": found.architecture,
                "rootfs": {"diff_ids": found.root_fs.and_then(|root| root.layers)},
                "config": found.config})),
            id: found.id.unwrap_or_default(),
            digests: found.repo_digests.unwrap_or_default(),
            architecture: found.architecture.unwrap_or_default(),
            size: found.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
            labels: found.config.and_then(|config| config.labels).unwrap_or_default(),
        }))
    }

    /// Pulls an image, for another platform than the engine's if one is named, and tells how far it is.
    pub(in crate::platform::k3d) async fn pull(
        &self,
        reference: &str,
        platform: Option<&str>,
        credentials: Option<DockerCredentials>,
        mut progress: impl FnMut(Progress),
    ) -> Result<(), Error> {
        let options = CreateImageOptionsBuilder::default().from_image(reference);
        let options = platform.into_iter().fold(options, CreateImageOptionsBuilder::platform);
        let mut stream = Box::pin(self.docker.create_image(Some(options.build()), None, credentials));
        let mut layers = BTreeMap::<String, (bool, u64, u64)>::new();
        let mut last = Progress::default();
        while let Some(line) = stream.next().await {
            let line = line.map_err(Error::engine(format!("pull the image `{reference}`")))?;
            let (Some(id), Some(status)) = (line.id, line.status) else { continue };
            // Under the tag's name the engine tells where it pulls from, which is no layer.
            if status.starts_with("Pulling from") {
                continue;
            }
            let layer = layers.entry(id).or_default();
            let detail = line.progress_detail.unwrap_or_default();
            let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
            match status.as_str() {
                "Downloading" => {
                    layer.1 = number(detail.current).unwrap_or(layer.1);
                    layer.2 = number(detail.total).unwrap_or(layer.2);
                }
                "Pull complete" | "Already exists" => *layer = (true, layer.2, layer.2),
                _ => {}
            }
            let now = Progress {
                layers: layers.len(),
                done: layers.values().filter(|layer| layer.0).count(),
                bytes: layers.values().map(|layer| layer.1).sum(),
                of: layers.values().map(|layer| layer.2).sum(),
            };
            if (now.layers, now.done) != (last.layers, last.done) || now.bytes > last.bytes + (8 << 20) {
                progress(now);
                last = now;
            }
        }
        Ok(())
    }

    /// The archive of an image.
    pub(in crate::platform::k3d) fn export(
        &self,
        reference: &str,
    ) -> impl Stream<Item = Result<Bytes, Error>> + use<> {
        let (docker, reference) = (self.docker.clone(), reference.to_owned());
        async_stream::stream! {
            let mut bytes = Box::pin(docker.export_image(&reference));
            while let Some(part) = bytes.next().await {
                yield part.map_err(Error::engine(format!("give out the image `{reference}`")));
            }
        }
    }

    /// Loads an image from its archive. What is refused in words is an error, too.
    pub(in crate::platform::k3d) async fn load(
        &self,
        reference: &str,
        archive: impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static,
    ) -> Result<(), Error> {
        let options = ImportImageOptionsBuilder::default().quiet(true).build();
        let mut stream = Box::pin(self.docker.import_image_stream(options, archive, None));
        while let Some(line) = stream.next().await {
            let line = line.map_err(Error::engine(format!("load the image `{reference}`")))?;
            if let Some(reason) = line.error_detail.and_then(|detail| detail.message) {
                return Err(Error::Image { image: reference.to_owned(), reason });
            }
        }
        Ok(())
    }

    /// Gives an image a second name.
    pub(in crate::platform::k3d) async fn tag(&self, reference: &str, name: &str) -> Result<(), Error> {
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, tag),
            _ => (name, "latest"),
        };
        let options = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
        let tagged = self.docker.tag_image(reference, Some(options)).await;
        tagged.map_err(Error::engine(format!("name the image `{reference}` `{name}`")))
    }

    /// Pushes an image to the registry that its name says.
    pub(in crate::platform::k3d) async fn push(
        &self,
        reference: &str,
        user: &str,
        password: &str,
    ) -> Result<(), Error> {
        let (name, tag) = reference.rsplit_once(':').unwrap_or((reference, "latest"));
        let options = PushImageOptionsBuilder::default().tag(tag).build();
        let credentials = DockerCredentials {
            username: Some(user.to_owned()),
            password: Some(password.to_owned()),
            ..DockerCredentials::default()
        };
        let mut stream = Box::pin(self.docker.push_image(name, Some(options), Some(credentials)));
        while let Some(line) = stream.next().await {
            let line = line.map_err(Error::engine(format!("push the image `{reference}`")))?;
            if let Some(reason) = line.error_detail.and_then(|detail| detail.message) {
                return Err(Error::Image { image: reference.to_owned(), reason });
            }
        }
        Ok(())
    }

    /// Builds an image from a folder in a tar archive.
    pub(in crate::platform::k3d) async fn build(&self, name: &str, folder: Vec<u8>) -> Result<(), Error> {
        let options =
            BuildImageOptionsBuilder::default().dockerfile("Dockerfile").t(name).rm(true).forcerm(true);
        let body = bollard::body_full(folder.into());
        let mut stream = Box::pin(self.docker.build_image(options.build(), None, Some(body)));
        while let Some(line) = stream.next().await {
            let line = line.map_err(Error::engine(format!("build the image `{name}`")))?;
            if let Some(reason) = line.error_detail.and_then(|detail| detail.message) {
                if says_disk_full(&reason) {
                    return Err(Error::Full { what: format!("build the image `{name}`"), message: reason });
                }
                return Err(Error::Image { image: name.to_owned(), reason });
            }
        }
        Ok(())
    }

    /// Removes an image's name, and the image with its last name. Whether it was there.
    pub(in crate::platform::k3d) async fn remove_image(&self, reference: &str) -> Result<bool, Error> {
        let options = RemoveImageOptionsBuilder::default().build();
        let removed = self.docker.remove_image(reference, Some(options), None).await;
        let removed = optional(removed.map_err(Error::engine(format!("remove the image `{reference}`"))))?;
        Ok(removed.is_some())
    }

    /// The names of the images that were built with all of these labels.
    pub(in crate::platform::k3d) async fn images(&self, labels: &[String]) -> Result<Vec<String>, Error> {
        let filters = HashMap::from([("label".to_owned(), labels.to_vec())]);
        let options =
            bollard::query_parameters::ListImagesOptionsBuilder::default().filters(&filters).build();
        let found = self.docker.list_images(Some(options)).await.map_err(Error::engine("list its images"))?;
        // A build whose name a newer build has taken has none, which engines say in two ways.
        let name = |image: bollard::models::ImageSummary| match image.repo_tags.as_slice() {
            [] => vec![image.id],
            [none] if none == "<none>:<none>" => vec![image.id],
            tags => tags.to_vec(),
        };
        Ok(found.into_iter().flat_map(name).collect())
    }
}
