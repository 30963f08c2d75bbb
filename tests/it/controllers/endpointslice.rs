//! Which Pods answer for a Service.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Endpoints, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};

use crate::workloads::{Cluster, deployment, is_rolled_out, service};

#[tokio::test]
async fn ready_pods_are_behind_the_service_until_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Service>(service()).await;
    cluster.create::<Deployment>(deployment(2, "1.0.0", &json!({}))).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    let two =
        |it: &Value| it["subsets"][0]["addresses"].as_array().is_some_and(|addresses| addresses.len() == 2);
    let endpoints = cluster.until::<Endpoints>("web", two).await;
    let subset = &endpoints.subsets.as_ref().unwrap()[0];
    assert_eq!(serde_json::to_value(&subset.ports).unwrap(), json!([{ "port": 8080, "protocol": "TCP" }]));
    let addresses = subset.addresses.iter().flatten().map(|address| address.ip.clone()).collect::<Vec<_>>();
    assert_eq!(addresses, ["10.42.0.2", "10.42.0.3"]);

    let slices = ListParams::default().labels("kubernetes.io/service-name=web");
    let name = cluster.api::<EndpointSlice>().list(&slices).await.unwrap().items.remove(0).name_any();
    let ready = |it: &Value| {
        let endpoints = it["endpoints"].as_array().unwrap();
        endpoints.len() == 2 && endpoints.iter().all(|endpoint| endpoint["conditions"]["ready"] == true)
    };
    let slice = cluster.until::<EndpointSlice>(&name, ready).await;
    let expected = json!([{ "name": "", "port": 8080, "protocol": "TCP" }]);
    assert_eq!(serde_json::to_value(&slice.ports).unwrap(), expected);
    let expected = json!({ "ready": true, "serving": true, "terminating": false });
    assert_eq!(serde_json::to_value(&slice.endpoints[0].conditions).unwrap(), expected);
    assert_eq!(slice.labels()["endpointslice.kubernetes.io/managed-by"], "endpointslice-controller.k8s.io");

    cluster.api::<Service>().delete("web", &DeleteParams::default()).await.unwrap();
    cluster.until_gone::<Endpoints>("web").await;
    cluster.until_gone::<EndpointSlice>(&name).await;
}
