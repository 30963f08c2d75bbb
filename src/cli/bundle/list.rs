//! `atelier bundle list`: what a bundle says that it holds.

use clap::Args;
use serde_json::json;

use super::open::{megabytes, open, sizes};
use crate::cli::global::Global;
use crate::error::Failure;
use crate::ui::{Mode, table};

/// Show what a bundle holds
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The file, or the address that `bundle serve` prints
    #[arg(value_name = "FILE|ADDRESS")]
    place: String,
}

pub(super) async fn run(global: &Global, args: ListArgs) -> Result<u8, Failure> {
    let bundle = open(&args.place).await?;
    let index = bundle.index();
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"digest": bundle.digest(), "bytes": bundle.length(), "index": index}));
        return Ok(0);
    }
    let cell = |text: &str| text.to_owned();
    let mut rows = vec![
        vec![cell("workshop"), index.workshop.clone()],
        vec![cell("platform"), index.platform.clone()],
        vec![cell("architectures"), index.architectures.join(", ")],
        vec![cell("digest"), bundle.digest().to_owned()],
    ];
    if let Some(manifest) = &index.manifest {
        rows.push(vec![cell("operator"), format!("Flux {}", manifest.version)]);
    }
    let images = index.images.iter().map(|image| {
        let size = megabytes(index.size(image));
        vec![image.part.clone(), image.reference.clone(), image.architecture.clone(), size]
    });
    let head = ["part", "image", "for", "unpacked"].map(str::to_owned).to_vec();
    let images = table(&std::iter::once(head).chain(images).collect::<Vec<_>>());
    global.ui.data(&format!("{}\n{images}\n{}", table(&rows), sizes(index, bundle.length())));
    Ok(0)
}
