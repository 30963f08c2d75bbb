//! Connections that are upgraded: port-forwards as kubectl makes them, old and new, and as a websocket's channels;
//! and what is said to who wants to run something.

use std::io::BufRead as _;
use std::path::Path;

use futures::{SinkExt as _, StreamExt as _};
use k8s_openapi::api::core::v1::{Pod, Service};
use serde_json::json;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::controllers::kubectl::{command, kubectl, start};
use crate::workloads::{Cluster, container, patiently, service};

/// Forwards a free port of this machine by kubectl, and returns what is got from it.
async fn forwarded(folder: &Path, what: &str, websockets: bool) -> (String, String) {
    let command = command(folder, &format!("port-forward {what}"));
    let command = command.env("KUBECTL_PORT_FORWARD_WEBSOCKETS", websockets.to_string());
    let log = std::fs::File::create(folder.join("port-forward.log")).unwrap();
    let (process, stdout) = command.detach(&log).unwrap();
    let line = tokio::task::spawn_blocking(move || {
        let (mut line, mut stdout) = (String::new(), std::io::BufReader::new(stdout));
        stdout.read_line(&mut line).unwrap();
        (line, stdout)
    });
    // kubectl ends when nobody reads what it says.
    let (line, _stdout) = patiently(line).await.unwrap();
    let port = line.trim().strip_prefix("Forwarding from 127.0.0.1:").and_then(|rest| rest.split(' ').next());
    let log = || std::fs::read_to_string(folder.join("port-forward.log")).unwrap();
    let port = port.unwrap_or_else(|| panic!("{line}{}", log())).to_owned();
    let get = |path: &str| reqwest::get(format!("http://127.0.0.1:{port}{path}"));
    let mut version = String::new();
    for _ in 0..3 {
        version = patiently(get("/version")).await.unwrap().text().await.unwrap();
    }
    let page = patiently(get("/")).await.unwrap().text().await.unwrap();
    let process = rustix::process::Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    (version, page)
}

#[tokio::test]
async fn kubectl_forwards_ports_over_spdy_and_inside_of_a_websocket() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some((cluster, stop)) = start(folder).await else { return };
    let pod = json!({
        "metadata": { "name": "web", "labels": { "app": "web" } }, "spec": { "containers": [container("1.0.0")] },
    });
    cluster.create::<Service>(service()).await;
    cluster.create::<Pod>(pod).await;
    cluster.until::<Pod>("web", |pod| pod["status"]["containerStatuses"][0]["ready"] == true).await;
    for websockets in [true, false] {
        for what in ["svc/web :80", "pod/web :8080"] {
            let (version, page) = forwarded(folder, what, websockets).await;
            assert_eq!(version, r#"{"version":"1.0.0"}"#, "{what}, websockets: {websockets}");
            assert!(page.contains("</html>"), "{page}");
        }
    }
    let (code, output) = kubectl(folder, "exec web -- sh -c ls").await;
    let expected = "Error from server (InternalError): Internal error occurred: error executing command in \
                    container: failed to exec in container: exec: \"sh\": container \"web\" of pod \"web\" is \
                    simulated, and no programs run in it (atelier's embedded platform)\n";
    assert_eq!((code, output.as_str()), (1, expected));
    let (code, output) = kubectl(folder, "exec web -c other -- sh").await;
    assert_eq!(code, 1);
    assert!(
        output.contains("container other is not valid for pod web") || output.contains("container not found"),
        "{output}"
    );
    let (code, output) = kubectl(folder, "attach web").await;
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("error attaching to container: failed to attach"), "{output}");
    stop.cancel();
    cluster.close().await;
}

#[tokio::test]
async fn websockets_have_two_channels_per_port() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let pod = json!({ "metadata": { "name": "web" }, "spec": { "containers": [container("1.0.0")] } });
    cluster.create::<Pod>(pod).await;
    cluster.until::<Pod>("web", |pod| pod["status"]["containerStatuses"][0]["ready"] == true).await;
    let url = format!("ws://127.0.0.1:{}/portForward/app/web?ports=8080,9999", cluster.kubelet);
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("authorization", "Bearer token-of-the-kubelet".parse().unwrap());
    headers.insert("sec-websocket-protocol", "v4.channel.k8s.io".parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let get = b"\0GET /version HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n";
    socket.send(Message::Binary(get.to_vec().into())).await.unwrap();
    let mut said = [const { Vec::<u8>::new() }; 4];
    while let Some(Ok(message)) = patiently(socket.next()).await {
        if let Message::Binary(bytes) = message {
            said[usize::from(bytes[0])].extend_from_slice(&bytes[1..]);
        }
    }
    let text = |channel: usize| String::from_utf8_lossy(&said[channel][2..]).into_owned();
    assert_eq!([&said[0][..2], &said[1][..2]], [8080_u16.to_le_bytes(), 8080_u16.to_le_bytes()]);
    assert!(text(0).starts_with("HTTP/1.1 200 OK\r\n") && text(0).ends_with(r#"{"version":"1.0.0"}"#));
    assert_eq!(text(1), "");
    let refused = "error forwarding port 9999 to pod web, uid : failed to connect to localhost:9999 inside the pod: \
                   dial tcp4 127.0.0.1:9999: connect: connection refused";
    assert_eq!((text(2).as_str(), text(3).as_str()), ("", refused));
    cluster.close().await;
}
