//! Folders made by chance, always the same for a number: bases of all sorts of objects, overlays with all sorts of
//! changes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Files by path.
pub(crate) type Tree = BTreeMap<String, String>;

/// Chance that repeats itself: a linear congruential generator, the upper bits of it.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const NAMES: [&str; 6] = ["aspicot", "bulbizarre", "carapuce", "dracaufeu", "evoli", "fantominus"];
const IMAGES: [&str; 5] =
    ["nginx", "ghcr.io/org/app:1.0", "localhost:5000/tool:v2", "redis:7", "busybox@sha256:abc"];
/// Texts that YAML has ideas about.
const TEXTS: [&str; 12] = [
    "plain",
    "\"yes\"",
    "\"0x1f\"",
    "\"1e3\"",
    "'it''s'",
    "\"a: b\"",
    "\"# no comment\"",
    "\"\"",
    "\"two\\nlines\\n\"",
    "\"é – ü\"",
    "\"  spaced  \"",
    "\"null\"",
];

/// The objects of a base: which are there, by kind.
#[derive(Default)]
struct Base {
    text: String,
    deployments: Vec<&'static str>,
    config_maps: Vec<&'static str>,
    images: Vec<&'static str>,
}

impl Base {
    fn add(&mut self, chance: &mut Chance, kind: usize, name: &'static str) {
        let text = &mut self.text;
        if !text.is_empty() {
            text.push_str("---\n");
        }
        let mut head = |api_version: &str, kind: &str| {
            writeln!(text, "apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}").unwrap();
        };
        match kind {
            0 | 1 => {
                let kind = ["Deployment", "StatefulSet"][kind];
                head("apps/v1", kind);
                if kind == "Deployment" {
                    self.deployments.push(name);
                }
                let image = IMAGES[chance.below(IMAGES.len())];
                self.images.push(image);
                self.text += &workload(chance, name, image);
            }
            2 => {
                head("v1", "Service");
                writeln!(self.text, "  labels: {{app: {name}}}").unwrap();
                let port = 80 + chance.below(9000);
                writeln!(self.text, "spec:\n  selector:\n    app: {name}\n  ports:\n  - port: {port}")
                    .unwrap();
                if chance.one_in(2) {
                    self.text += "    targetPort: http\n    name: web\n";
                }
            }
            3 => {
                head("v1", "ConfigMap");
                self.config_maps.push(name);
                self.text += "data:\n";
                for key in ["a", "b.txt", "C_D"] {
                    writeln!(self.text, "  {key}: {}", chance.of(&TEXTS)).unwrap();
                }
            }
            4 => {
                head("networking.k8s.io/v1", "Ingress");
                let host = chance.of(&["a.example.com", "\"*.example.com\""]);
                writeln!(
                    self.text,
                    "spec:\n  rules:\n  - host: {host}\n    http:\n      paths:\n      - path: /\n        pathType: \
                     Prefix\n        backend:\n          service: {{name: {name}, port: {{number: 80}}}}"
                )
                .unwrap();
            }
            5 => {
                head("rbac.authorization.k8s.io/v1", "RoleBinding");
                writeln!(
                    self.text,
                    "roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {name}}}\nsubjects:\n- kind: \
                     ServiceAccount\n  name: {name}\n  namespace: elsewhere"
                )
                .unwrap();
            }
            6 => head("v1", "ServiceAccount"),
            7 => {
                head("batch/v1", "CronJob");
                let image = IMAGES[chance.below(IMAGES.len())];
                self.images.push(image);
                writeln!(
                    self.text,
                    "spec:\n  schedule: \"*/5 * * * *\"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          \
                     restartPolicy: Never\n          containers:\n          - name: run\n            image: {image}"
                )
                .unwrap();
            }
            8 => {
                head("example.com/v1", "Widget");
                writeln!(
                    self.text,
                    "  annotations: {{note: {}}}\nspec:\n  size: {}\n  ratio: 0.5\n  on: true\n  nothing: null\n  list: [1, \
                     two, 3.0]",
                    chance.of(&TEXTS),
                    chance.below(100)
                )
                .unwrap();
            }
            9 => {
                head("v1", "Namespace");
            }
            _ => {
                head("policy/v1", "PodDisruptionBudget");
                writeln!(
                    self.text,
                    "spec:\n  minAvailable: 1\n  selector:\n    matchLabels:\n      app: {name}"
                )
                .unwrap();
            }
        }
    }
}

fn workload(chance: &mut Chance, name: &str, image: &str) -> String {
    let mut text = String::new();
    if chance.one_in(2) {
        writeln!(text, "  labels:\n    app: {name}\n    tier: {}", chance.of(&["front", "back"])).unwrap();
    }
    if chance.one_in(3) {
        writeln!(text, "  annotations:\n    note: {}", chance.of(&TEXTS)).unwrap();
    }
    writeln!(
        text,
        "spec:\n  replicas: {}\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n      \
         labels:\n        app: {name}\n    spec:\n      containers:\n      - name: main\n        image: {image}",
        chance.below(5)
    )
    .unwrap();
    if chance.one_in(2) {
        writeln!(text, "        env:\n        - name: A\n          value: {}", chance.of(&TEXTS)).unwrap();
        let of = chance.of(&NAMES);
        writeln!(
            text,
            "        - name: B\n          valueFrom:\n            configMapKeyRef: {{name: {of}, key: a}}"
        )
        .unwrap();
    }
    if chance.one_in(2) {
        writeln!(text, "        resources:\n          limits: {{cpu: 100m, memory: \"1Gi\"}}").unwrap();
    }
    if chance.one_in(2) {
        let of = chance.of(&NAMES);
        writeln!(
            text,
            "        volumeMounts:\n        - {{name: v, mountPath: /v}}\n      volumes:\n      - name: v\n        \
             configMap:\n          name: {of}"
        )
        .unwrap();
    }
    if chance.one_in(3) {
        writeln!(text, "      serviceAccountName: {}", chance.of(&NAMES)).unwrap();
    }
    text
}

/// The name of an image in a manifest, without tag and digest.
fn bare(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rfind(':') {
        Some(at) if !image[at..].contains('/') => &image[..at],
        _ => image,
    }
}

/// What one kustomization changes.
fn changes(chance: &mut Chance, base: &Base, level: usize, tree: &mut Tree, folder: &str) -> String {
    let mut text = String::new();
    if chance.one_in(2) {
        writeln!(text, "namespace: {}", chance.of(&["team", "prod"])).unwrap();
    }
    if chance.one_in(3) {
        writeln!(text, "namePrefix: p{level}-").unwrap();
    }
    if chance.one_in(3) {
        writeln!(text, "nameSuffix: -s{level}").unwrap();
    }
    if chance.one_in(3) {
        let (selectors, templates) = (chance.one_in(2), chance.one_in(2));
        writeln!(
            text,
            "labels:\n- pairs: {{level: l{level}, owner: {}}}\n  includeSelectors: {selectors}",
            chance.of(&TEXTS[..3])
        )
        .unwrap();
        if templates && !selectors {
            text += "  includeTemplates: true\n";
        }
    } else if chance.one_in(4) {
        writeln!(text, "commonLabels:\n  common: c{level}").unwrap();
    }
    if chance.one_in(3) {
        writeln!(text, "commonAnnotations:\n  by: {}\n  level: \"{level}\"", chance.of(&TEXTS)).unwrap();
    }
    if !base.images.is_empty() && chance.one_in(2) {
        let image = bare(base.images[chance.below(base.images.len())]);
        let how = chance.of(&[
            "newTag: \"2.0\"",
            "newName: other/name",
            "digest: sha256:feed",
            "newName: x\n  newTag: \"y\"",
        ]);
        writeln!(text, "images:\n- name: {image}\n  {how}").unwrap();
    }
    let first = base.deployments.first().filter(|_| level == 0);
    if let Some(name) = first
        && chance.one_in(2)
    {
        writeln!(text, "replicas:\n- name: {name}\n  count: {}", chance.below(9)).unwrap();
    }
    text += &patches(chance, first.copied(), tree, folder);
    text += &generators(chance, base, level, tree, folder);
    text
}

fn patches(chance: &mut Chance, deployment: Option<&str>, tree: &mut Tree, folder: &str) -> String {
    let mut text = String::new();
    match (chance.below(6), deployment) {
        (0, Some(name)) => {
            let patch = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  labels:\n    patched: \"true\"\nspec:\n  \
                 template:\n    spec:\n      containers:\n      - name: main\n        env:\n        - name: A\n          value: \
                 new\n        - name: Z\n          value: last\n      - name: side\n        image: side:1\n"
            );
            tree.insert(format!("{folder}/patch.yaml"), patch);
            text += "patches:\n- path: patch.yaml\n";
        }
        (1, Some(name)) => {
            writeln!(
                text,
                "patches:\n- target: {{kind: Deployment, name: {name}}}\n  patch: |-\n    - op: replace\n      path: \
                 /spec/replicas\n      value: 7\n    - op: add\n      path: /spec/template/metadata/annotations\n      \
                 value: {{x: \"1\"}}"
            )
            .unwrap();
        }
        (2, Some(name)) => {
            writeln!(
                text,
                "patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: {name}}}\n    \
                 spec:\n      template:\n        spec:\n          containers:\n          - name: main\n            resources: \
                 null\n            $patch: merge"
            )
            .unwrap();
        }
        (3, _) => {
            text += "patches:\n- target: {kind: \"Deployment|StatefulSet\"}\n  patch: |-\n    kind: any\n    metadata: \
                     {name: any, annotations: {all: workloads}}\n";
        }
        (4, _) => {
            text += "patches:\n- target: {labelSelector: \"app in (aspicot,evoli)\"}\n  patch: |-\n    - op: add\n      path: \
                     /metadata/labels/seen\n      value: \"yes\"\n";
        }
        _ => {}
    }
    text
}

fn generators(chance: &mut Chance, base: &Base, level: usize, tree: &mut Tree, folder: &str) -> String {
    let mut text = String::new();
    if chance.one_in(3) {
        let name = NAMES.iter().find(|name| !base.config_maps.contains(name)).unwrap();
        // The name of a level must not be that of the level below.
        let name = if level == 0 { (*name).to_owned() } else { format!("{name}-{level}") };
        tree.insert(format!("{folder}/app.properties"), "key=value\n# comment\nother = 1\n".to_owned());
        tree.insert(format!("{folder}/vars.env"), "ONE=1\n\n# no\nTWO=zwei = 2\n".to_owned());
        let source = chance.of(&[
            "literals: [a=1, \"b=two words\", c=]",
            "files: [app.properties]",
            "files: [renamed.txt=app.properties]",
            "envs: [vars.env]",
        ]);
        writeln!(text, "configMapGenerator:\n- name: {name}\n  {source}").unwrap();
        if chance.one_in(3) {
            text += "  options: {labels: {gen: \"1\"}, annotations: {gen: \"2\"}}\n";
        }
    }
    if chance.one_in(4) {
        writeln!(text, "secretGenerator:\n- name: hush-{level}\n  literals: [user=me, \"password=p w\"]")
            .unwrap();
        if chance.one_in(2) {
            text += "  type: example.com/odd\n";
        }
    }
    if chance.one_in(5) {
        text += "generatorOptions:\n  disableNameSuffixHash: true\n  labels: {made: here}\n";
    }
    text
}

/// The tree with this number; what is to be built is its folder `top`.
pub(crate) fn tree(number: u64) -> Tree {
    let mut chance = Chance(number.wrapping_mul(7_919).wrapping_add(17));
    chance.below(2);
    let (mut tree, mut base) = (Tree::new(), Base::default());
    for _ in 0..=chance.below(6) {
        let kind = chance.below(11);
        let name = NAMES[chance.below(NAMES.len())];
        let key = format!("#{kind} {name}\n");
        if !base.text.contains(&key) {
            base.add(&mut chance, kind, name);
            base.text += &key;
        }
    }
    tree.insert("base/all.yaml".to_owned(), base.text.clone());
    let mut text = "resources:\n- all.yaml\n".to_owned();
    text += &changes(&mut chance, &base, 0, &mut tree, "base");
    tree.insert("base/kustomization.yaml".to_owned(), text);
    let mut below = "base";
    for (level, folder) in [(1, "middle"), (2, "top")] {
        if folder == "middle" && chance.one_in(2) {
            continue;
        }
        let mut text = format!("resources:\n- ../{below}\n");
        text += &changes(&mut chance, &base, level, &mut tree, folder);
        tree.insert(format!("{folder}/kustomization.yaml"), text);
        below = folder;
    }
    tree
}
