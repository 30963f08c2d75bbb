//! `images` and `operator-images`: the workshop's and the operator's images are in the engine: pulled, built, or
//! there already. Two stages, since the operator waits for its own only. Only the k3d platform's plan has them.

use async_trait::async_trait;
use futures::future::try_join_all;

use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};
use crate::objects::Behaviour;
use crate::platform::k3d::{Part, Site, images_of};

pub(in crate::lab) struct Images {
    name: &'static str,
    after: &'static [&'static str],
    wanted: Choose,
}

/// Which images a stage is about.
pub(super) type Choose = fn(&Context, &Site) -> Result<Vec<Wanted>, Error>;

/// An image that the nodes must have.
pub(super) struct Wanted {
    pub(super) reference: String,
    /// The sample's name and version, when it is an image of a sample.
    sample: Option<(&'static str, String)>,
}

/// The images of the workshop's catalogue.
#[expect(clippy::unnecessary_wraps, reason = "it is a choice beside one that can fail")]
pub(super) fn workshop(context: &Context, _site: &Site) -> Result<Vec<Wanted>, Error> {
    let of_image = |image: &crate::objects::Image| {
        let reference = image.reference.clone();
        let sample = match image.behaviour {
            Behaviour::Postcard => Some("postcard"),
            Behaviour::Jukebox => Some("jukebox"),
            Behaviour::Idle | Behaviour::Task | Behaviour::Redis => None,
        };
        let of_tag = move |tag: String| {
            let reference = format!("{reference}:{tag}");
            Wanted { reference, sample: sample.map(|sample| (sample, tag)) }
        };
        image.tags.clone().into_iter().map(of_tag)
    };
    Ok(context.material.spec.images.iter().flat_map(of_image).collect())
}

/// The images of the operator's containers; none before its manifest is there.
pub(super) fn operator(_context: &Context, site: &Site) -> Result<Vec<Wanted>, Error> {
    if !site.probe_manifest() {
        return Ok(Vec::new());
    }
    let images = images_of(&site.operator()?).into_iter();
    Ok(images.map(|reference| Wanted { reference, sample: None }).collect())
}

impl Images {
    pub(in crate::lab) const WORKSHOP: Self =
        Self { name: "images", after: &["preflight"], wanted: workshop };
    pub(in crate::lab) const OPERATOR: Self =
        Self { name: "operator-images", after: &["manifest"], wanted: operator };
}

#[async_trait]
impl Stage for Images {
    fn name(&self) -> &'static str {
        self.name
    }

    fn after(&self) -> &'static [&'static str] {
        self.after
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        let site = context.site().await?;
        for wanted in (self.wanted)(context, &site)? {
            if !site.has_image(&wanted.reference).await.map_err(crate::platform::Error::from)? {
                return Ok(State::Incomplete);
            }
        }
        Ok(State::Ready)
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        let site = context.site().await?;
        let tell = context.tell(self.name);
        let wanted = (self.wanted)(context, &site)?;
        let pulled = try_join_all(
            wanted
                .iter()
                .filter(|wanted| wanted.sample.is_none())
                .map(|wanted| site.ensure_pulled(&wanted.reference, &tell)),
        );
        // One after the other: the engine then takes the layer with the program from the first.
        let built = async {
            let mut built = Vec::new();
            for wanted in &wanted {
                if let Some((sample, version)) = &wanted.sample {
                    let made =
                        site.ensure_sample(&wanted.reference, sample, version, &context.program, &tell);
                    built.push(made.await?);
                }
            }
            Ok(built)
        };
        let (pulled, built) = futures::try_join!(pulled, built)?;
        let made = pulled.into_iter().chain(built).filter(|&made| made).count();
        let outcome = if made > 0 { Outcome::Created } else { Outcome::Unchanged };
        Ok((outcome, format!("{} images, {made} of them pulled or built now", wanted.len())))
    }

    async fn remove(&self, context: &Context) -> Result<Outcome, Error> {
        context.remove_part(Part::Images).await
    }
}
