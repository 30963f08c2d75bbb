//! How a folder becomes an image: by its `Dockerfile`; or, where it has none, by what the caller says.

use std::collections::BTreeMap;

use super::archive::{Entry, Tree};
use super::dockerfile::{Dockerfile, Instruction, Origin, Step, literal};
use super::image::Image;
use super::{Error, Reference};

/// The file that is looked for.
const DOCKERFILE: &str = "Dockerfile";

/// What the caller says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// The Dockerfile's path in the folder, where it is not `Dockerfile`.
    pub file: Option<String>,
    /// What it is built on, without a Dockerfile; nothing is `scratch`.
    pub base: Option<String>,
    /// Where the folder's files go, without a Dockerfile; `/` when nothing is said.
    pub into: Option<String>,
    /// Variables, without a Dockerfile.
    pub environment: BTreeMap<String, String>,
    /// The program and its first arguments, without a Dockerfile.
    pub entrypoint: Vec<String>,
    /// Labels; they count before those of the Dockerfile.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
    /// When it was made, as RFC 3339 has it.
    pub created: Option<String>,
}

impl Recipe {
    /// What the image is built on (nothing is `scratch`), and what it is to be.
    pub fn read(&self, tree: &Tree) -> Result<(Option<Reference>, Image), Error> {
        let file = self.file.as_deref().unwrap_or(DOCKERFILE);
        let (origin, steps) = match tree.get(file) {
            Some(Entry::File(bytes) | Entry::Executable(bytes)) => {
                self.only_labels(file)?;
                let read = Dockerfile::parse(bytes).map_err(|error| named(file, error))?;
                (read.from, read.steps)
            }
            _ if self.file.is_some() => return Err(Error::NoFile { file: file.to_owned() }),
            _ => (self.base.clone().map_or(Origin::Scratch, Origin::Image), self.steps()),
        };
        let base = match origin {
            Origin::Scratch => None,
            Origin::Image(image) => Some(image.parse()?),
        };
        let (labels, annotations, created) =
            (self.labels.clone(), self.annotations.clone(), self.created.clone());
        Ok((base, Image { steps, labels, annotations, created }))
    }

    /// A Dockerfile says all but labels itself.
    fn only_labels(&self, file: &str) -> Result<(), Error> {
        let said = [
            ("base", self.base.is_some()),
            ("into", self.into.is_some()),
            ("env", !self.environment.is_empty()),
            ("entrypoint", !self.entrypoint.is_empty()),
        ];
        match said.into_iter().find(|(_, said)| *said) {
            Some((what, _)) => Err(Error::Twice { file: file.to_owned(), what }),
            None => Ok(()),
        }
    }

    fn steps(&self) -> Vec<Step> {
        let into = self.into.clone().unwrap_or_default();
        let target = format!("/{}/", into.trim_matches('/'));
        let target = if target == "//" { "/".to_owned() } else { target };
        let step = |shown: String, instruction| Step { line: 1, shown, instruction };
        let copy =
            Instruction::Copy { sources: vec![".".to_owned()], target: literal(&target), executable: None };
        let mut steps = vec![step(format!("COPY . {target}"), copy)];
        for (name, value) in &self.environment {
            let pair = vec![(name.clone(), literal(value))];
            steps.push(step(format!("ENV {name}={value}"), Instruction::Env(pair)));
        }
        if !self.entrypoint.is_empty() {
            let words = serde_json::json!(self.entrypoint);
            steps.push(step(format!("ENTRYPOINT {words}"), Instruction::Entrypoint(self.entrypoint.clone())));
        }
        steps
    }
}

/// The error with the file's own name.
fn named(name: &str, error: Error) -> Error {
    match error {
        Error::Line { line, reason, .. } => Error::Line { file: name.to_owned(), line, reason },
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dockerfile_says_what_else_the_caller_says() {
        let mut tree: Tree = [("index.html".to_owned(), Entry::File(b"hello".to_vec()))].into();
        let recipe = Recipe {
            base: Some("fleet/web:1".to_owned()),
            into: Some("srv".to_owned()),
            ..Recipe::default()
        };
        let (base, image) = recipe.read(&tree).unwrap();
        assert_eq!(base.unwrap().short(), "fleet/web:1");
        assert_eq!(image.steps.iter().map(|step| step.shown.as_str()).collect::<Vec<_>>(), ["COPY . /srv/"]);
        tree.insert("Dockerfile".to_owned(), Entry::File(b"FROM scratch\nCOPY . /\n".to_vec()));
        assert_eq!(
            recipe.read(&tree).unwrap_err().to_string(),
            "the folder has a `Dockerfile`, which says what `base` says"
        );
        let (base, image) = Recipe::default().read(&tree).unwrap();
        assert_eq!((base, image.steps.len()), (None, 1));
        let named = Recipe { file: Some("other".to_owned()), ..Recipe::default() };
        assert_eq!(named.read(&tree).unwrap_err().to_string(), "the folder has no file `other`");
    }
}
