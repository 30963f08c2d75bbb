//! A connection inside of a websocket: its bytes are the messages' contents, wherever one ends.

use futures::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

/// Clients write at most 32 KiB and a little at a time.
const LONGEST_MESSAGE: usize = 1 << 20;
const PIECE: usize = 32 * 1024;

/// Connects a client's websocket with a kubelet's connection until one of them ends.
pub(super) async fn connect(client: TokioIo<Upgraded>, kubelet: TokioIo<Upgraded>) {
    let limits = WebSocketConfig::default()
        .max_message_size(Some(LONGEST_MESSAGE))
        .max_frame_size(Some(LONGEST_MESSAGE));
    let socket = WebSocketStream::from_raw_socket(client, Role::Server, Some(limits)).await;
    let (mut to_client, mut from_client) = socket.split();
    let (mut from_kubelet, mut to_kubelet) = tokio::io::split(kubelet);
    let inward = async {
        while let Some(Ok(message)) = from_client.next().await {
            let Message::Binary(bytes) = message else { continue };
            if to_kubelet.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    let outward = async {
        let mut buffer = vec![0; PIECE];
        while let Ok(length @ 1..) = from_kubelet.read(&mut buffer).await {
            let piece = bytes::Bytes::copy_from_slice(&buffer[..length]);
            if to_client.send(Message::Binary(piece)).await.is_err() {
                return;
            }
        }
        // The client may be gone by now.
        let _ = to_client.close().await;
    };
    tokio::select! {
        () = inward => {}
        () = outward => {}
    }
}
