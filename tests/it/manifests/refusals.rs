//! Folders that `kubectl kustomize` refuses, and some that it does not although they look wrong.

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: \"1\"}\n";
const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1, template: \
                          {spec: {containers: [{name: c, image: i}]}}}\n";

/// Each with a name, and its files by path; the folder to be built is the root.
pub(crate) const REFUSALS: &[(&str, &[(&str, &str)])] = &[
    ("a resource that is not there", &[("kustomization.yaml", "resources: [nope.yaml]\n")]),
    ("a folder that is not there", &[("kustomization.yaml", "resources: [../nope]\n")]),
    ("no kustomization", &[("one.yaml", MAP)]),
    ("an empty kustomization", &[("kustomization.yaml", "")]),
    ("a kustomization that is a text", &[("kustomization.yaml", "just text\n")]),
    ("a kustomization that is a list", &[("kustomization.yaml", "- a\n- b\n")]),
    (
        "an unknown field",
        &[("kustomization.yaml", "resources: [one.yaml]\nnamspace: x\n"), ("one.yaml", MAP)],
    ),
    (
        "an unknown field of a generator",
        &[("kustomization.yaml", "configMapGenerator:\n- name: a\n  literal: [a=b]\n")],
    ),
    ("a field of the wrong type", &[("kustomization.yaml", "resources: one.yaml\n"), ("one.yaml", MAP)]),
    (
        "a prefix that is a number",
        &[("kustomization.yaml", "resources: [one.yaml]\nnamePrefix: 5\n"), ("one.yaml", MAP)],
    ),
    (
        "a tag that is a truth",
        &[
            ("kustomization.yaml", "resources: [one.yaml]\nimages: [{name: a, newTag: yes}]\n"),
            ("one.yaml", MAP),
        ],
    ),
    (
        "another kind",
        &[("kustomization.yaml", "kind: Kustomisation\nresources: [one.yaml]\n"), ("one.yaml", MAP)],
    ),
    (
        "another version",
        &[
            ("kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v9\nresources: [one.yaml]\n"),
            ("one.yaml", MAP),
        ],
    ),
    (
        "two kustomizations",
        &[("kustomization.yaml", "resources: []\n"), ("kustomization.yml", "resources: []\n")],
    ),
    (
        "two documents",
        &[("kustomization.yaml", "resources: [one.yaml]\n---\nnamePrefix: a-\n"), ("one.yaml", MAP)],
    ),
    (
        "a broken manifest",
        &[("kustomization.yaml", "resources: [one.yaml]\n"), ("one.yaml", "a: [b\nc: d\n")],
    ),
    (
        "a manifest without kind",
        &[("kustomization.yaml", "resources: [one.yaml]\n"), ("one.yaml", "metadata: {name: a}\n")],
    ),
    (
        "a manifest without name",
        &[
            ("kustomization.yaml", "resources: [one.yaml]\n"),
            ("one.yaml", "apiVersion: v1\nkind: ConfigMap\n"),
        ],
    ),
    (
        "the same object twice",
        &[("kustomization.yaml", "resources: [one.yaml, two.yaml]\n"), ("one.yaml", MAP), ("two.yaml", MAP)],
    ),
    (
        "the same file twice",
        &[("kustomization.yaml", "resources: [one.yaml, one.yaml]\n"), ("one.yaml", MAP)],
    ),
    (
        "a cycle",
        &[
            ("kustomization.yaml", "resources: [a]\n"),
            ("a/kustomization.yaml", "resources: [../b]\n"),
            ("b/kustomization.yaml", "resources: [../a]\n"),
        ],
    ),
    ("itself", &[("kustomization.yaml", "resources: [.]\n")]),
    (
        "a component as a resource",
        &[
            ("kustomization.yaml", "resources: [a]\n"),
            (
                "a/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: x-\n",
            ),
        ],
    ),
    (
        "a resource as a component",
        &[
            ("kustomization.yaml", "components: [a]\n"),
            ("a/kustomization.yaml", "resources: [one.yaml]\n"),
            ("a/one.yaml", MAP),
        ],
    ),
    (
        "a component that is not there",
        &[("kustomization.yaml", "resources: [one.yaml]\ncomponents: [a]\n"), ("one.yaml", MAP)],
    ),
    (
        "a patch that is not there",
        &[("kustomization.yaml", "resources: [one.yaml]\npatches: [{path: nope.yaml}]\n"), ("one.yaml", MAP)],
    ),
    (
        "a patch of nothing",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: two}\n    data: {a: b}\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "an empty patch",
        &[
            ("kustomization.yaml", "resources: [one.yaml]\npatches:\n- target: {kind: ConfigMap}\n"),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a patch and a path",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\npatches:\n- path: one.yaml\n  patch: \"a: b\"\n  target: {kind: ConfigMap}\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a patch that is neither sort",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: \"just text\"\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a JSON patch without target",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\npatches:\n- patch: \"- {op: remove, path: /data/a}\"\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a JSON patch that removes nothing",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: \"- {op: remove, path: /data/b}\"\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a JSON patch that replaces nothing",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: \"- {op: replace, path: /spec/b, value: 1}\"\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a JSON patch whose test fails",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: \"- {op: test, path: /data/a, value: x}\"\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a pattern that is none",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\npatches:\n- target: {kind: \"[\"}\n  patch: \"- {op: remove, path: /data/a}\"\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "replicas of nothing",
        &[
            ("kustomization.yaml", "resources: [one.yaml]\nreplicas: [{name: web, count: 3}]\n"),
            ("one.yaml", MAP),
        ],
    ),
    ("a generator without name", &[("kustomization.yaml", "configMapGenerator:\n- literals: [a=b]\n")]),
    (
        "a literal without value",
        &[("kustomization.yaml", "configMapGenerator:\n- name: a\n  literals: [a]\n")],
    ),
    (
        "a literal twice",
        &[("kustomization.yaml", "configMapGenerator:\n- name: a\n  literals: [a=b, a=c]\n")],
    ),
    (
        "a generator's file that is not there",
        &[("kustomization.yaml", "configMapGenerator:\n- name: a\n  files: [x.txt]\n")],
    ),
    (
        "a generator's environment that is not there",
        &[("kustomization.yaml", "secretGenerator:\n- name: a\n  envs: [x.env]\n")],
    ),
    (
        "a key that is none",
        &[("kustomization.yaml", "configMapGenerator:\n- name: a\n  literals: [\"a b=c\"]\n")],
    ),
    (
        "a generator that merges with nothing",
        &[("kustomization.yaml", "configMapGenerator:\n- name: a\n  behavior: merge\n  literals: [a=b]\n")],
    ),
    (
        "a generator that replaces nothing",
        &[("kustomization.yaml", "configMapGenerator:\n- name: a\n  behavior: replace\n  literals: [a=b]\n")],
    ),
    (
        "a generator that makes what is there",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\nconfigMapGenerator:\n- name: one\n  literals: [a=b]\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a behaviour that is none",
        &[("kustomization.yaml", "configMapGenerator:\n- name: a\n  behavior: mrege\n  literals: [a=b]\n")],
    ),
    (
        "two objects that become one",
        &[
            ("kustomization.yaml", "resources: [one.yaml, two.yaml]\nnamespace: x\n"),
            ("one.yaml", MAP),
            ("two.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: y}\n"),
        ],
    ),
    (
        "an order that is none",
        &[("kustomization.yaml", "resources: [one.yaml]\nsortOptions: {order: random}\n"), ("one.yaml", MAP)],
    ),
    (
        "a label that is none",
        &[
            ("kustomization.yaml", "resources: [web.yaml]\ncommonLabels: {\"a b\": c}\n"),
            ("web.yaml", DEPLOYMENT),
        ],
    ),
    (
        "an annotation that is a number",
        &[
            ("kustomization.yaml", "resources: [web.yaml]\ncommonAnnotations: {a: 1}\n"),
            ("web.yaml", DEPLOYMENT),
        ],
    ),
    (
        "an image without name",
        &[
            ("kustomization.yaml", "resources: [web.yaml]\nimages: [{newTag: \"1\"}]\n"),
            ("web.yaml", DEPLOYMENT),
        ],
    ),
    (
        "a replacement without targets",
        &[
            ("kustomization.yaml", "resources: [one.yaml]\nreplacements: [{source: {kind: ConfigMap}}]\n"),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a replacement of nothing",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\nreplacements: [{source: {kind: Secret}, targets: [{select: {kind: ConfigMap}}]}]\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a replacement of two",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml, two.yaml]\nreplacements: [{source: {name: one}, targets: [{select: {name: two}}]}]\n",
            ),
            ("one.yaml", MAP),
            ("two.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: one}\n"),
        ],
    ),
    (
        "a replacement of a field that is not there",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\nreplacements: [{source: {name: one, fieldPath: data.b}, targets: [{select: {name: one}}]}]\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a replacement into a field that is not there",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\nreplacements: [{source: {name: one}, targets: [{select: {name: one}, fieldPaths: [data.b]}]}]\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a replacement of a piece that is not there",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\nreplacements: [{source: {name: one, options: {delimiter: n, index: 4}}, targets: [{select: {name: one}}]}]\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a replacement into an item that is not there",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\nreplacements: [{source: {name: web}, targets: [{select: {name: web}, fieldPaths: [spec.template.spec.containers.3.name]}]}]\n",
            ),
            ("one.yaml", DEPLOYMENT),
        ],
    ),
    (
        "a replacement that selects nothing",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\nreplacements: [{source: {name: one}, targets: [{fieldPaths: [data.a]}]}]\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a var of no object",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\nvars: [{name: A, objref: {apiVersion: v1, kind: Secret, name: one}}]\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a var of no field",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\nvars: [{name: A, objref: {apiVersion: v1, kind: ConfigMap, name: one}, fieldref: {fieldpath: data.b}}]\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a var twice",
        &[
            (
                "kustomization.yaml",
                "resources: [one.yaml]\nvars: [{name: A, objref: {apiVersion: v1, kind: ConfigMap, name: one}}, {name: A, objref: {apiVersion: v1, kind: ConfigMap, name: one}}]\n",
            ),
            ("one.yaml", MAP),
        ],
    ),
    (
        "a schema that is not there",
        &[("kustomization.yaml", "resources: [one.yaml]\nopenapi: {path: nope.json}\n"), ("one.yaml", MAP)],
    ),
    (
        "a schema of another version",
        &[("kustomization.yaml", "resources: [one.yaml]\nopenapi: {version: v9}\n"), ("one.yaml", MAP)],
    ),
];
