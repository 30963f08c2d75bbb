//! Builds a folder: resources in, transformers over them, objects out.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::identity::Identity;
use super::kustomization::{Image, Kustomization, OpenApi, Patch};
use super::resource::Resource;
use super::tree::{Tree, join};
use super::vars::Vars;
use super::{
    Error, generators, images, metadata, names, namespace, order, patches, replacements, replicas, vars,
};
use crate::manifests::patch::Schema;
use crate::manifests::yaml::{read_documents, read_legacy};

/// How deep folders may lead to folders.
const DEPTH_LIMIT: usize = 64;
/// How many objects a build may give.
const OBJECTS_LIMIT: usize = 20_000;

/// Fields that are refused by name, rather than as unknown ones.
const UNSUPPORTED: [&str; 8] = [
    "helmCharts",
    "helmGlobals",
    "helmChartInflationGenerator",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
];

/// The description of Kubernetes' own kinds that kustomize brings along.
const BUILT_IN: &str = "v1.21.2";

/// What is added to a folder's own kustomization, as the Kustomization of Flux has it.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// Instead of the kustomization's own.
    pub namespace: Option<String>,
    /// Before each name.
    pub name_prefix: Option<String>,
    /// After each name.
    pub name_suffix: Option<String>,
    /// After the kustomization's own.
    pub components: Vec<String>,
    /// After the kustomization's own.
    pub patches: Vec<Patch>,
    /// In place of the kustomization's own of the same name.
    pub images: Vec<Image>,
}

/// Builds `folder`, which has a kustomization. `root` is what messages call the tree's root.
pub fn build(files: &BTreeMap<String, Vec<u8>>, root: &str, folder: &str) -> Result<Vec<Value>, Error> {
    let build = Build::new(Tree { files, root }, None);
    build.finish(build.target(folder, None, &mut Vec::new())?)
}

/// Builds `folder` with an overlay. A folder without kustomization is taken as one with all its manifests.
pub fn build_overlay(
    files: &BTreeMap<String, Vec<u8>>,
    root: &str,
    folder: &str,
    overlay: &Overlay,
) -> Result<Vec<Value>, Error> {
    let tree = Tree { files, root };
    let build = Build::new(tree, Some(overlay));
    let resources = if tree.kustomization(folder).is_some() {
        build.target(folder, None, &mut Vec::new())?
    } else {
        let kustomization = Kustomization { resources: scan(tree, folder)?, ..Kustomization::default() };
        build.kustomization(kustomization, folder, &mut Vec::new())?
    };
    build.finish(resources)
}

/// The manifests below a folder without kustomization; folders that have one count as a whole.
fn scan(tree: Tree<'_>, folder: &str) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut whole: Option<String> = None;
    for path in tree.below(folder) {
        if whole.as_deref().is_some_and(|folder| path.starts_with(folder)) {
            continue;
        }
        let relative = path[folder.len()..].trim_start_matches('/');
        let parents = relative.match_indices('/').map(|(at, _)| &relative[..at]);
        let mut parents = parents.filter_map(|parent| Some((parent, join(folder, parent)?)));
        if let Some((parent, full)) = parents.find(|(_, full)| tree.kustomization(full).is_some()) {
            whole = Some(format!("{full}/"));
            found.push(parent.to_owned());
            continue;
        }
        let extension = relative.rsplit('.').next();
        if !matches!(extension, Some("yaml" | "yml")) {
            continue;
        }
        let text = String::from_utf8_lossy(tree.file(path).unwrap_or_default());
        let shown = tree.shown(path);
        let documents =
            read_documents(&text).map_err(|source| Error::Manifest { path: shown.clone(), source })?;
        let named = |document: &Value| {
            document["kind"].is_string()
                && (document.pointer("/metadata/name").is_some_and(Value::is_string)
                    || document["items"].is_array())
        };
        if !documents.iter().all(named) {
            return Err(Error::NoIdentity { path: shown });
        }
        if !documents.is_empty() {
            found.push(relative.to_owned());
        }
    }
    // An empty folder is an empty build, not an error.
    Ok(found)
}

struct Build<'a> {
    tree: Tree<'a>,
    overlay: Option<&'a Overlay>,
    vars: RefCell<Vars>,
    /// What the kinds are like: the outermost kustomization that says so counts, and for all.
    schema: OnceCell<Schema>,
}

impl<'a> Build<'a> {
    fn new(tree: Tree<'a>, overlay: Option<&'a Overlay>) -> Self {
        Self { tree, overlay, vars: RefCell::default(), schema: OnceCell::new() }
    }

    /// What is done once, when all is together.
    fn finish(&self, (mut resources, sorted): (Vec<Resource>, bool)) -> Result<Vec<Value>, Error> {
        generators::add_hashes(&mut resources);
        names::fix_references(&mut resources);
        vars::resolve(&self.vars.borrow(), &mut resources)?;
        if sorted {
            order::sort(&mut resources);
        }
        Ok(resources.into_iter().map(|resource| resource.object).collect())
    }

    /// Builds a folder that has a kustomization, where another names it by that name; says whether the output is sorted.
    fn target(
        &self,
        folder: &str,
        name: Option<&str>,
        visited: &mut Vec<String>,
    ) -> Result<(Vec<Resource>, bool), Error> {
        let shown = self.tree.shown(folder);
        if self.tree.has_several(folder) {
            return Err(Error::Ambiguous { path: shown });
        }
        let (path, bytes) =
            self.tree.kustomization(folder).ok_or(Error::NoKustomization { path: shown.clone() })?;
        if visited.iter().any(|seen| seen == folder) {
            return Err(Error::Cycle { path: shown });
        }
        if visited.len() >= DEPTH_LIMIT {
            return Err(Error::TooMuch { limit: DEPTH_LIMIT, what: "folders within folders" });
        }
        let kustomization = self.parse(&path, bytes)?;
        if let Some(name) = name.filter(|_| kustomization.kind.as_deref() == Some("Component")) {
            return Err(Error::ComponentAsResource { name: name.to_owned(), path: shown });
        }
        visited.push(folder.to_owned());
        let result = self.kustomization(kustomization, folder, visited);
        visited.pop();
        result
    }

    fn parse(&self, path: &str, bytes: &[u8]) -> Result<Kustomization, Error> {
        let wrong = |message: String| Error::Kustomization { message };
        let text = String::from_utf8_lossy(bytes);
        let documents = read_documents(&text).map_err(|error| wrong(error.to_string()))?;
        if documents.is_empty() {
            return Err(Error::Empty);
        }
        // The first document counts, and `yes` is true in it.
        let document = read_legacy(&text).map_err(|error| wrong(error.to_string()))?;
        let is = match &document {
            Value::Object(_) => None,
            Value::Array(_) => Some("array"),
            Value::String(_) => Some("string"),
            Value::Bool(_) => Some("bool"),
            _ => Some("number"),
        };
        if let Some(is) = is {
            return Err(wrong(format!(
                "json: cannot unmarshal {is} into Go value of type types.Kustomization"
            )));
        }
        if let Some(field) = UNSUPPORTED.iter().find(|field| document.get(field).is_some()) {
            return Err(Error::Unsupported { field: (*field).to_owned(), path: self.tree.shown(path) });
        }
        let kustomization = serde_json::from_value(document).map_err(|error| {
            let text = error.to_string();
            let unknown = text.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
            wrong(unknown.map_or(text.clone(), |field| format!("json: unknown field \"{field}\"")))
        })?;
        self.verify(path, &kustomization)?;
        if let Some(openapi) = &kustomization.openapi {
            self.describe(openapi, path.rsplit_once('/').map_or("", |(folder, _)| folder))?;
        }
        Ok(kustomization)
    }

    /// Reads what the kinds are like, unless that is known already.
    fn describe(&self, openapi: &OpenApi, folder: &str) -> Result<(), Error> {
        let wrong = |message: String| Error::OpenApi { message };
        let file = openapi.path.as_deref().filter(|path| !path.is_empty());
        let Some(file) = file else {
            let version = openapi.version.as_deref().unwrap_or(BUILT_IN);
            let known = matches!(version, "" | BUILT_IN);
            return if known {
                Ok(())
            } else {
                Err(wrong("the specified OpenAPI version is not built in".to_owned()))
            };
        };
        if openapi.version.is_some() {
            return Err(wrong("builtin version and custom schema provided, cannot use both".to_owned()));
        }
        let full = join(folder, file);
        let shown = self.tree.shown(full.as_deref().unwrap_or(file));
        let bytes = full.as_deref().and_then(|full| self.tree.file(full));
        let bytes = bytes.ok_or(Error::MissingFile { what: "openapi", path: shown.clone() })?;
        let schema = Schema::read(&String::from_utf8_lossy(bytes));
        let schema = schema.map_err(|error| wrong(format!("invalid schema file {shown}: {error}")))?;
        self.schema.get_or_init(|| schema);
        Ok(())
    }

    /// Checks kind, version and order, which are words of a few.
    fn verify(&self, path: &str, kustomization: &Kustomization) -> Result<(), Error> {
        let folder = || self.tree.shown(path.rsplit_once('/').map_or("", |(folder, _)| folder));
        let given = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
        let kind = given(&kustomization.kind).unwrap_or_else(|| "Kustomization".to_owned());
        let version = match kind.as_str() {
            "Kustomization" => "kustomize.config.k8s.io/v1beta1",
            "Component" => "kustomize.config.k8s.io/v1alpha1",
            _ => return Err(Error::Kind { path: folder() }),
        };
        if given(&kustomization.api_version).is_some_and(|given| given != version) {
            return Err(Error::Version { path: folder(), kind, version });
        }
        let order = kustomization.sort_options.as_ref().and_then(|options| options.order.as_deref());
        if order.is_some_and(|order| !matches!(order, "" | "fifo" | "legacy")) {
            return Err(Error::Order);
        }
        Ok(())
    }

    /// Runs a kustomization: resources, components, generators, transformers, in kustomize's order.
    fn kustomization(
        &self,
        mut kustomization: Kustomization,
        folder: &str,
        visited: &mut Vec<String>,
    ) -> Result<(Vec<Resource>, bool), Error> {
        let is_component = kustomization.kind.as_deref() == Some("Component");
        if visited.len() <= 1 && !is_component {
            self.lay_over(&mut kustomization);
        }
        let (mut resources, mut seen) = (Vec::new(), Seen::default());
        for name in kustomization.resources.iter().chain(&kustomization.bases) {
            let added = self.resource(name, folder, visited)?;
            seen.append(&mut resources, added)?;
        }
        self.transform(&kustomization, &mut resources, folder, visited)?;
        vars::add(&mut self.vars.borrow_mut(), &mut resources, &kustomization.vars)?;
        if resources.len() > OBJECTS_LIMIT {
            return Err(Error::TooMuch { limit: OBJECTS_LIMIT, what: "objects" });
        }
        let order = kustomization.sort_options.and_then(|options| options.order);
        Ok((resources, order.as_deref() != Some("fifo")))
    }

    fn lay_over(&self, kustomization: &mut Kustomization) {
        let Some(overlay) = self.overlay else { return };
        let Overlay { namespace, name_prefix, name_suffix, components, patches, images } = overlay.clone();
        let fields = &mut *kustomization;
        for (field, value) in [
            (&mut fields.namespace, namespace),
            (&mut fields.name_prefix, name_prefix),
            (&mut fields.name_suffix, name_suffix),
        ] {
            if value.is_some() {
                *field = value;
            }
        }
        fields.components.extend(components);
        fields.patches.extend(patches);
        for image in images {
            match fields.images.iter_mut().find(|own| own.name == image.name) {
                Some(own) => *own = image,
                None => fields.images.push(image),
            }
        }
    }

    fn transform(
        &self,
        kustomization: &Kustomization,
        resources: &mut Vec<Resource>,
        folder: &str,
        visited: &mut Vec<String>,
    ) -> Result<(), Error> {
        let options = kustomization.generator_options.as_ref();
        let (config, secret) = (&kustomization.config_map_generator, &kustomization.secret_generator);
        generators::generate(resources, "ConfigMap", config, options, self.tree, folder)?;
        generators::generate(resources, "Secret", secret, options, self.tree, folder)?;
        for component in &kustomization.components {
            self.component(component, resources, folder, visited)?;
        }
        for text in &kustomization.patches_strategic_merge {
            let patch = if text.contains('\n') {
                Patch { patch: Some(text.clone()), ..Patch::default() }
            } else {
                Patch { path: Some(text.clone()), ..Patch::default() }
            };
            patches::apply(resources, &patch, self.tree, folder, self.schema.get())?;
        }
        for patch in &kustomization.patches {
            patches::apply(resources, patch, self.tree, folder, self.schema.get())?;
        }
        if let Some(namespace) = kustomization.namespace.as_deref().filter(|namespace| !namespace.is_empty())
        {
            namespace::set_namespace(resources, namespace)?;
        }
        let affix = |text: &Option<String>| text.clone().unwrap_or_default();
        names::add_affixes(resources, &affix(&kustomization.name_prefix), &affix(&kustomization.name_suffix));
        metadata::add_labels(resources, &kustomization.labels, &kustomization.common_labels);
        metadata::add_annotations(resources, &kustomization.common_annotations);
        for patch in &kustomization.patches_json6902 {
            patches::apply(resources, patch, self.tree, folder, self.schema.get())?;
        }
        replicas::set_replicas(resources, &kustomization.replicas)?;
        images::set_images(resources, &kustomization.images);
        replacements::replace(resources, &kustomization.replacements, self.tree, folder)
    }

    fn component(
        &self,
        name: &str,
        resources: &mut Vec<Resource>,
        folder: &str,
        visited: &mut Vec<String>,
    ) -> Result<(), Error> {
        let missing =
            |path: &str| Error::MissingResource { name: name.to_owned(), path: self.tree.shown(path) };
        let full = join(folder, name).ok_or_else(|| missing(name))?;
        let (path, bytes) = self.tree.kustomization(&full).ok_or_else(|| missing(&full))?;
        if visited.contains(&full) {
            return Err(Error::Cycle { path: self.tree.shown(&full) });
        }
        let kustomization = self.parse(&path, bytes)?;
        if kustomization.kind.as_deref() != Some("Component") {
            return Err(Error::ResourceAsComponent { path: self.tree.shown(&full) });
        }
        visited.push(full.clone());
        let mut seen = Seen(resources.iter().map(|resource| resource.identity().object()).collect());
        for name in &kustomization.resources {
            let added = self.resource(name, &full, visited)?;
            seen.append(resources, added)?;
        }
        let result = self.transform(&kustomization, resources, &full, visited);
        visited.pop();
        result?;
        vars::add(&mut self.vars.borrow_mut(), resources, &kustomization.vars)
    }

    /// The resources behind one entry of `resources`.
    fn resource(&self, name: &str, folder: &str, visited: &mut Vec<String>) -> Result<Vec<Resource>, Error> {
        if name.contains("://") || name.starts_with("git@") || name.starts_with("github.com/") {
            return Err(Error::RemoteResource { name: name.to_owned() });
        }
        let missing =
            |path: &str| Error::MissingResource { name: name.to_owned(), path: self.tree.shown(path) };
        let full = join(folder, name).ok_or_else(|| missing(name))?;
        if let Some(bytes) = self.tree.file(&full) {
            return parse_resources(name, bytes);
        }
        if !self.tree.is_folder(&full) {
            return Err(missing(&full));
        }
        let built = if visited.is_empty() {
            // The folder above has no kustomization of its own but is built as if it had one.
            let mut above = vec![folder.to_owned()];
            self.target(&full, Some(name), &mut above)
        } else {
            self.target(&full, Some(name), visited)
        };
        let (resources, _) = built.map_err(|source| match source {
            own @ Error::ComponentAsResource { .. } if visited.len() <= 1 => own,
            source => Error::Folder {
                name: name.to_owned(),
                path: self.tree.shown(&full),
                source: Box::new(source),
            },
        })?;
        Ok(resources)
    }
}

/// The objects that are there already.
#[derive(Default)]
struct Seen(HashSet<Identity>);

impl Seen {
    fn append(&mut self, resources: &mut Vec<Resource>, added: Vec<Resource>) -> Result<(), Error> {
        for resource in added {
            let identity = resource.identity();
            let id = identity.to_string();
            if !self.0.insert(identity.object()) {
                return Err(Error::Duplicate { id });
            }
            resources.push(resource);
        }
        Ok(())
    }
}

/// Reads a file of resources; lists become their items.
fn parse_resources(name: &str, bytes: &[u8]) -> Result<Vec<Resource>, Error> {
    let text = String::from_utf8_lossy(bytes);
    let documents = read_documents(&text);
    let documents = documents.map_err(|source| Error::MalformedResource { name: name.to_owned(), source })?;
    let mut resources = Vec::new();
    for document in documents {
        let is_list = document["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
        let items = document["items"].as_array().filter(|_| is_list);
        for object in items.cloned().unwrap_or_else(|| vec![document.clone()]) {
            let missing =
                [("kind", "/kind"), ("metadata.name", "/metadata/name")].into_iter().find(|(_, pointer)| {
                    !object.pointer(pointer).is_some_and(|found| found.is_string() && found != "")
                });
            if let Some((field, _)) = missing {
                let text = object.to_string().chars().take(120).collect();
                return Err(Error::IncompleteResource { name: name.to_owned(), field, text });
            }
            resources.push(Resource::new(object));
        }
    }
    Ok(resources)
}
