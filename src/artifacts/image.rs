//! An image made of a base and steps, for each platform of the base: one layer for each `COPY`, and how its program
//! is started. The same parts give the same bytes.
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Error;
use super::archive::{Tree, bundle, compress};
use super::base::{Base, Variant};
use super::copy::{Copy, absolute};
use super::dockerfile::{Instruction, Step, Variables, expand};
use super::folder::context;
use super::packed::{INDEX, MANIFEST, Packed, annotated, described, manifest};
use super::remote::digest;

/// The media type of the configuration.
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The media type of layers.
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// Docker's name for the same.
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// What an image is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// What comes on top of the base, in this order.
    pub steps: Vec<Step>,
    /// Labels beside those of the steps.
    pub labels: BTreeMap<String, String>,
    /// Annotations of its manifests.
    pub annotations: BTreeMap<String, String>,
    /// When it was made, as RFC 3339 has it; the base's time when nothing is said.
    pub created: Option<String>,
}

impl Image {
    /// Builds it of a folder's files.
    pub fn build(&self, folder: &Tree, base: &Base) -> Result<Packed, Error> {
        let context = context(folder)?;
        let mut annotations = self.annotations.clone();
        if let Some((name, digest)) = &base.name {
            annotations.insert("org.opencontainers.image.base.digest".to_owned(), digest.clone());
            annotations.insert("org.opencontainers.image.base.name".to_owned(), name.clone());
        }
        let lender = base.name.as_ref().map(|(name, _)| name.as_str());
        let parts = base.variants.iter().map(|variant| self.variant(&context, variant, lender, &annotations));
        let mut parts = parts.collect::<Result<Vec<_>, _>>()?;
        if !base.is_index
            && let Some(only) = parts.pop()
        {
            return Ok(only);
        }
        let list = parts.iter().zip(&base.variants).map(|(part, variant)| {
            let mut one = described(MANIFEST, &part.manifest);
            one["platform"] = variant.platform.clone();
            one
        });
        let list: Vec<_> = list.collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": list});
        Ok(Packed {
            manifest: annotated(index, annotations),
            media_type: INDEX.to_owned(),
            parts,
            ..Packed::default()
        })
    }

    fn variant(
        &self,
        context: &Tree,
        variant: &Variant,
        lender: Option<&str>,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Packed, Error> {
        let mut building = Building::on(variant, context);
        for step in &self.steps {
            let wrong = |reason| Error::Line { file: "Dockerfile".to_owned(), line: step.line, reason };
            building.step(step).map_err(|problem| match problem {
                Problem::Words(reason) => wrong(reason),
                Problem::Packing(error) => error,
            })?;
        }
        let Building { mut config, variables, order, layers, .. } = building;
        let inner = &mut config["config"];
        if !order.is_empty() {
            let value = |name: &String| format!("{name}={}", variables.get(name).map_or("", String::as_str));
            inner["Env"] = order.iter().map(value).collect();
        }
        for (name, value) in &self.labels {
            inner["Labels"][name.as_str()] = json!(value);
        }
        if let Some(created) = &self.created {
            config["created"] = json!(created);
        }
        let config = config.to_string().into_bytes();
        let mut list: Vec<_> = variant.layers.iter().map(plain).collect();
        list.extend(layers.iter().map(|layer| described(LAYER, layer)));
        let manifest = manifest(&described(CONFIG, &config), list, annotations.clone());
        let borrowed = variant
            .layers
            .iter()
            .filter_map(|layer| Some((layer["digest"].as_str()?.to_owned(), lender?.to_owned())));
        let borrowed = borrowed.collect();
        let blobs = layers.into_iter().chain([config]).collect();
        Ok(Packed { manifest, media_type: MANIFEST.to_owned(), blobs, parts: Vec::new(), borrowed })
    }
}

/// A layer's descriptor without Docker's own words.
fn plain(layer: &Value) -> Value {
    let mut plain = layer.clone();
    if plain["mediaType"] == DOCKER_LAYER {
        plain["mediaType"] = json!(LAYER);
    }
    plain
}

/// Why a step cannot be done.
enum Problem {
    Words(String),
    Packing(Error),
}

impl From<String> for Problem {
    fn from(reason: String) -> Self {
        Self::Words(reason)
    }
}

/// An image on its way.
struct Building<'a> {
    context: &'a Tree,
    config: Value,
    names: Option<super::base::Names>,
    variables: Variables,
    /// The variables' names, as they came.
    order: Vec<String>,
    layers: Vec<Vec<u8>>,
    has_command: bool,
}

impl<'a> Building<'a> {
    fn on(variant: &Variant, context: &'a Tree) -> Self {
        let mut config = variant.config.clone();
        if !config["config"].is_object() {
            config["config"] = json!({});
        }
        let lines = config["config"]["Env"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let pairs = lines
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let pairs = pairs.collect::<Vec<_>>();
        Self {
            context,
            names: variant.names.clone(),
            order: pairs.iter().map(|(name, _)| name.clone()).collect(),
            variables: pairs.into_iter().collect(),
            layers: Vec::new(),
            has_command: false,
            config,
        }
    }

    fn words(&self, words: &[String]) -> Result<Vec<String>, String> {
        words.iter().map(|word| expand(word, &self.variables)).collect()
    }

    fn folder(&self) -> String {
        self.config["config"]["WorkingDir"].as_str().unwrap_or("/").to_owned()
    }

    fn step(&mut self, step: &Step) -> Result<(), Problem> {
        let mut history = json!({"created_by": step.shown});
        if let Instruction::Copy { sources, target, executable } = &step.instruction {
            let (sources, target) = (self.words(sources)?, expand(target, &self.variables)?);
            let copy =
                Copy { sources: &sources, target: &target, folder: &self.folder(), executable: *executable };
            let tree = copy.of(self.context, &mut self.names)?;
            self.add(&tree).map_err(Problem::Packing)?;
        } else {
            history["empty_layer"] = json!(true);
            self.set(&step.instruction)?;
        }
        push(&mut self.config["history"], history);
        Ok(())
    }

    fn add(&mut self, tree: &Tree) -> Result<(), Error> {
        let bytes = bundle(tree)?;
        push(&mut self.config["rootfs"]["diff_ids"], json!(digest(&bytes)));
        self.layers.push(compress(&bytes)?);
        Ok(())
    }

    fn set(&mut self, instruction: &Instruction) -> Result<(), String> {
        match instruction {
            Instruction::Copy { .. } => {}
            Instruction::Env(pairs) => {
                // Those of one instruction do not see each other.
                let values = pairs.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>();
                for ((name, _), value) in pairs.iter().zip(self.words(&values)?) {
                    if self.variables.insert(name.clone(), value).is_none() {
                        self.order.push(name.clone());
                    }
                }
            }
            Instruction::Label(pairs) => {
                for (name, value) in pairs {
                    let value = expand(value, &self.variables)?;
                    self.config["config"]["Labels"][name.as_str()] = json!(value);
                }
            }
            Instruction::Expose(ports) => {
                for port in self.words(ports)? {
                    self.config["config"]["ExposedPorts"][exposed(&port)?] = json!({});
                }
            }
            Instruction::User(user) => {
                self.config["config"]["User"] = json!(expand(user, &self.variables)?);
            }
            Instruction::Workdir(folder) => {
                let folder = absolute(&self.folder(), &expand(folder, &self.variables)?);
                self.config["config"]["WorkingDir"] = json!(format!("/{folder}"));
            }
            Instruction::Entrypoint(words) => {
                self.config["config"]["Entrypoint"] = json!(words);
                // The base's arguments were for another program.
                if !self.has_command {
                    self.config["config"].as_object_mut().map(|config| config.shift_remove("Cmd"));
                }
            }
            Instruction::Cmd(words) => {
                self.has_command = true;
                self.config["config"]["Cmd"] = json!(words);
            }
        }
        Ok(())
    }
}

/// `80` is `80/tcp`.
fn exposed(port: &str) -> Result<String, String> {
    let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    match number.parse::<u16>() {
        Ok(number @ 1..) if ["tcp", "udp", "sctp"].contains(&protocol.as_str()) => {
            Ok(format!("{number}/{protocol}"))
        }
        _ => Err(format!("`{port}` is no port; write `8080` or `8080/udp`")),
    }
}

fn push(list: &mut Value, item: Value) {
    if let Value::Array(list) = list {
        list.push(item);
    } else {
        *list = json!([item]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::{Dockerfile, Entry, Names};

    fn image(text: &str) -> Image {
        Image { steps: Dockerfile::parse(text.as_bytes()).unwrap().steps, ..Image::default() }
    }

    fn tree() -> Tree {
        let file = |text: &str| Entry::File(text.as_bytes().to_vec());
        [("run".to_owned(), file("run")), ("index.html".to_owned(), file("hello"))].into()
    }

    fn config(packed: &Packed) -> Value {
        serde_json::from_slice(packed.blobs.last().unwrap()).unwrap()
    }

    #[test]
    fn one_on_top_of_another_has_what_both_have() {
        let scratch = Base::scratch(&["linux/amd64".to_owned()]).unwrap();
        let text = "FROM scratch\nCOPY --chmod=755 run /bin/run\nENV A=1 B=1\nENTRYPOINT [\"/bin/run\"]\nCMD [\"x\"]\n";
        let below = image(text).build(&tree(), &scratch).unwrap();
        let manifest: Value = serde_json::from_slice(&below.manifest).unwrap();
        let variant = Variant {
            platform: json!({"architecture": "amd64", "os": "linux"}),
            config: config(&below),
            layers: manifest["layers"].as_array().unwrap().clone(),
            names: Some(Names::new()),
        };
        let base = Base {
            name: Some(("fleet/x".to_owned(), below.digest())),
            variants: vec![variant],
            is_index: false,
        };
        let upper = image(
            "FROM x\nWORKDIR /srv\nCOPY index.html .\nENV B=2 C=$A-$B\nLABEL version=$C\nUSER 65534\nEXPOSE 80\nENTRYPOINT [\"/bin/run\", \"y\"]\n",
        );
        let built = upper.build(&tree(), &base).unwrap();
        assert_eq!(upper.build(&tree(), &base).unwrap(), built, "the same parts give the same bytes");
        assert_eq!(
            config(&built)["config"],
            json!({"Entrypoint": ["/bin/run", "y"], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=1", "B=2", "C=1-1"], "WorkingDir": "/srv",
                "Labels": {"version": "1-1"}, "User": "65534", "ExposedPorts": {"80/tcp": {}}})
        );
        assert_eq!(config(&built)["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);
        let manifest: Value = serde_json::from_slice(&built.manifest).unwrap();
        assert_eq!(manifest["layers"][0], base.variants[0].layers[0]);
        assert_eq!(manifest["layers"][1]["digest"], digest(&built.blobs[0]));
        assert_eq!(manifest["annotations"]["org.opencontainers.image.base.name"], "fleet/x");
        assert_eq!(built.borrowed, [(digest(&below.blobs[0]), "fleet/x".to_owned())]);
    }

    #[test]
    fn several_platforms_are_an_index() {
        let platforms = ["linux/amd64", "linux/arm64"].map(str::to_owned);
        let base = Base::scratch(&platforms).unwrap();
        let built = image("FROM scratch\nCOPY run /run\n").build(&tree(), &base).unwrap();
        let index: Value = serde_json::from_slice(&built.manifest).unwrap();
        let told = |at: usize| {
            (
                index["manifests"][at]["platform"]["architecture"].clone(),
                index["manifests"][at]["digest"].clone(),
            )
        };
        assert_eq!(told(1), (json!("arm64"), json!(built.parts[1].digest())));
        assert_eq!(built.parts[0].blobs[0], built.parts[1].blobs[0], "the files are the same for all");
        assert_ne!(built.parts[0].blobs[1], built.parts[1].blobs[1]);
    }

    #[test]
    fn steps_that_cannot_be_done_are_told_with_their_line() {
        let base = Base::scratch(&["linux/amd64".to_owned()]).unwrap();
        for (text, expected) in [
            (
                "FROM scratch\n\nCOPY none /x",
                "`Dockerfile`, line 3: the folder has no `none`, or `.dockerignore` leaves it out",
            ),
            (
                "FROM scratch\nEXPOSE 80-90",
                "`Dockerfile`, line 2: `80-90` is no port; write `8080` or `8080/udp`",
            ),
            (
                "FROM scratch\nUSER ${A",
                "`Dockerfile`, line 2: only `$name`, `${name}`, `${name:-default}` and `${name:+instead}` are supported",
            ),
        ] {
            assert_eq!(image(text).build(&tree(), &base).unwrap_err().to_string(), expected);
        }
    }
}
