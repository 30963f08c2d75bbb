//! Connections on which neither side waits for the other: what is written leaves at once, and what has come is
//! acknowledged at once. libgit2 writes the head of a request and its body apart; with delayed acknowledgements the body
//! would wait for up to 40 ms, for every fetch of a source. (RFC 1122, section 4.2.3.2; tcp(7), `TCP_QUICKACK`.)

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Accepts such connections.
pub(super) struct Prompt(pub(super) TcpListener);

impl Listener for Prompt {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection waits before it writes");
        }
        (Connection(stream), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// One of them.
pub(super) struct Connection(TcpStream);

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.0).poll_read(task, buffer))?;
        // The kernel goes back to delays with the next answer. While more is there, what is read acknowledges it.
        #[cfg(target_os = "linux")]
        if buffer.filled().len() > before && buffer.remaining() > 0 {
            let _ = self.0.set_quickack(true);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(task, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(task, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(task)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn what_is_said_arrives_whole_both_ways() {
        let mut listener = Prompt(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let there = tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"head").await.unwrap();
            stream.write_all(b"body").await.unwrap();
            stream.shutdown().await.unwrap();
            let mut all = String::new();
            stream.read_to_string(&mut all).await.unwrap();
            all
        });
        let (mut connection, _) = listener.accept().await;
        assert!(connection.0.nodelay().unwrap());
        let mut all = String::new();
        connection.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "headbody");
        connection.write_all(b"answer").await.unwrap();
        connection.shutdown().await.unwrap();
        assert_eq!(there.await.unwrap(), "answer");
    }
}
