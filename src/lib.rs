//! A GitOps workshop in a box: sets up a lab (a Kubernetes cluster, a forge, the operator Flux), takes people
//! through tracks written as YAML scenario files, and removes every trace afterwards.
//!
//! # Glossary
//!
//! One word per thing, in code, YAML and messages:
//! *workshop*, a set of tracks · *track*, what one actor does · *actor*, a person: git identity, kubeconfig, home
//! namespace · *scenario*, the YAML file of a track · *step* · *action* (`do`) · *check* (`verify`) · *gate*
//! (`needs` on another track's step) · *lab*, one named set of cluster, forge, registry and operator ·
//! *platform*, where a lab runs · *stage*, one idempotent part of set-up · *journal*, what happened, append-only ·
//! *inventory*, what exists on the machine because of a lab · *rehearsal*, an unattended run of the material.
//!
//! # Where things are
//!
//! A word that a user types, a YAML key, a URL segment and a Kubernetes kind is the name of a file.
//! Imports point one way only, and `tests/it/architecture.rs` holds this table:
//!
//! | folder | may import |
//! | --- | --- |
//! | `objects`, `events`, `process`, `samples` | nothing of ours |
//! | `accounts`, `manifests`, `artifacts` | `objects` |
//! | `apiserver`, `forge`, `registry` | `objects`, `accounts` |
//! | `kubelet` | `objects`, `artifacts`, `samples`, `events` |
//! | `controllers` | `objects`, `manifests`, `artifacts`, `events` |
//! | `platform` | `objects`, `events`, `process`, `accounts`, `artifacts` |
//! | `platform/embedded` | also `apiserver`, `forge`, `registry`, `kubelet`, `controllers` |
//! | `lab` | `platform`, `objects`, `manifests`, `events` |
//! | `scenario` | `platform`, `objects`, `manifests`, `artifacts`, `events`, `process` |
//! | `ui` | `events`, `error` |
//! | `error` | every folder's error type |
//! | `cli` | all |

pub mod accounts;
pub mod apiserver;
pub mod artifacts;
pub mod cli;
pub mod controllers;
pub mod error;
pub mod events;
pub mod forge;
pub mod kubelet;
pub mod lab;
pub mod manifests;
pub mod objects;
pub mod platform;
pub mod process;
pub mod registry;
pub mod samples;
pub mod scenario;
pub mod ui;
