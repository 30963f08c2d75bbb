//! What `kubectl explain` says of built-in kinds: the table of types has no prose, the Kubernetes library has it.

use k8s_openapi::api::{
    admissionregistration::v1 as admissionregistration, apps::v1 as apps,
    authentication::v1 as authentication, authorization::v1 as authorization, autoscaling::v2 as autoscaling,
    batch::v1 as batch, coordination::v1 as coordination, core::v1 as core, discovery::v1 as discovery,
    events::v1 as events, networking::v1 as networking, policy::v1 as policy, rbac::v1 as rbac,
    scheduling::v1 as scheduling, storage::v1 as storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use schemars::SchemaGenerator;
use serde_json::{Map, Value};

/// Adds the descriptions of a group's built-in kinds to their definitions.
pub(super) fn describe(group: &str, definitions: &mut Map<String, Value>) {
    let mut generator = SchemaGenerator::default();
    generator.subschema_for::<meta::ObjectMeta>();
    generator.subschema_for::<meta::ListMeta>();
    name_kinds(group, &mut generator);
    for (name, described) in generator.take_definitions(true) {
        let Some(definition) = definitions.get_mut(&name) else { continue };
        copy(&described, definition);
        let Some(properties) = definition.get_mut("properties").and_then(Value::as_object_mut) else {
            continue;
        };
        for (field, property) in properties {
            copy(&described["properties"][field.as_str()], property);
        }
    }
}

fn copy(from: &Value, to: &mut Value) {
    if let (Some(description), Some(fields)) = (from.get("description"), to.as_object_mut()) {
        fields.insert("description".to_owned(), description.clone());
    }
}

macro_rules! name_all {
    ($generator:ident: $($kind:ty),+ $(,)?) => {{ $( $generator.subschema_for::<$kind>(); )+ }};
}

fn name_kinds(group: &str, generator: &mut SchemaGenerator) {
    match group {
        "" => name_all!(generator:
            core::ConfigMap, core::Endpoints, core::Event, core::LimitRange, core::Namespace, core::Node,
            core::PersistentVolume, core::PersistentVolumeClaim, core::Pod, core::ResourceQuota, core::Secret,
            core::Service, core::ServiceAccount),
        "apps" => name_all!(generator:
            apps::ControllerRevision, apps::DaemonSet, apps::Deployment, apps::ReplicaSet, apps::StatefulSet),
        "batch" => name_all!(generator: batch::CronJob, batch::Job),
        "networking.k8s.io" => {
            name_all!(generator: networking::Ingress, networking::IngressClass, networking::NetworkPolicy);
        }
        "rbac.authorization.k8s.io" => name_all!(generator:
            rbac::ClusterRole, rbac::ClusterRoleBinding, rbac::Role, rbac::RoleBinding),
        "policy" => name_all!(generator: policy::PodDisruptionBudget),
        "autoscaling" => name_all!(generator: autoscaling::HorizontalPodAutoscaler),
        "coordination.k8s.io" => name_all!(generator: coordination::Lease),
        "discovery.k8s.io" => name_all!(generator: discovery::EndpointSlice),
        "events.k8s.io" => name_all!(generator: events::Event),
        "storage.k8s.io" => name_all!(generator: storage::StorageClass),
        "scheduling.k8s.io" => name_all!(generator: scheduling::PriorityClass),
        "apiextensions.k8s.io" => name_all!(generator: apiextensions::CustomResourceDefinition),
        "admissionregistration.k8s.io" => name_all!(generator:
            admissionregistration::ValidatingAdmissionPolicy,
            admissionregistration::ValidatingAdmissionPolicyBinding),
        "authentication.k8s.io" => {
            name_all!(generator: authentication::SelfSubjectReview, authentication::TokenReview);
        }
        "authorization.k8s.io" => name_all!(generator:
            authorization::LocalSubjectAccessReview, authorization::SelfSubjectAccessReview,
            authorization::SelfSubjectRulesReview, authorization::SubjectAccessReview),
        _ => {}
    }
}
