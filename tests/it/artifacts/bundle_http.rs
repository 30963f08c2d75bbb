//! A bundle that is given over HTTP: to whom, and on from where a connection was lost.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use atelier::artifacts::bundle::{Bundle, Error, Served, serve};

use super::archives::small;
use super::bundle::told;
use crate::support::Redaction;

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz012345";

/// Serves a file, and notes who was told of which bytes.
async fn served(file: &Path) -> (SocketAddr, Arc<Mutex<Vec<(u64, u64)>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::<Mutex<Vec<(u64, u64)>>>::default();
    let note = asked.clone();
    let tell = move |_, begin, end| note.lock().unwrap().push((begin, end));
    let served = Served { file: file.to_owned(), token: TOKEN.to_owned(), tell: Box::new(tell) };
    tokio::spawn(serve(listener, served));
    (address, asked)
}

/// Opens a bundle, and does something with it, on a thread that may wait.
async fn with<T: Send + 'static>(
    place: String,
    work: impl FnOnce(Bundle) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(move || work(Bundle::open(place.parse()?)?)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_the_token_reads_it_and_nobody_writes() {
    let folder = tempfile::tempdir().unwrap();
    let (file, bundle) = small(folder.path());
    let (address, asked) = served(&file).await;
    let http = reqwest::Client::new();
    let url = |path: &str| format!("http://{address}/{path}");
    let mut told = String::new();
    for (method, path, header) in [
        ("GET", "", None),
        ("GET", "wrong", None),
        ("GET", "", Some(("authorization", "Bearer wrong"))),
        ("PUT", TOKEN, None),
        ("DELETE", TOKEN, None),
        ("HEAD", TOKEN, None),
        ("GET", TOKEN, Some(("range", "bytes=10-19"))),
        ("GET", TOKEN, Some(("range", "bytes=99999999-"))),
        ("GET", "", Some(("authorization", "Bearer abcdefghijklmnopqrstuvwxyz012345"))),
    ] {
        let request = http.request(method.parse().unwrap(), url(path));
        let request = header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = request.send().await.unwrap();
        let (status, range) = (answer.status().as_u16(), answer.headers().get("content-range").cloned());
        let length = answer.bytes().await.unwrap().len();
        let range = range.map(|range| format!(" {}", range.to_str().unwrap())).unwrap_or_default();
        told = format!("{told}{method} /{path} {header:?}: {status}{range}, {length} bytes\n");
    }
    let told = told.replace(&bundle.length().to_string(), "<length>");
    insta::assert_snapshot!(told, @r#"
    GET / None: 404, 0 bytes
    GET /wrong None: 404, 0 bytes
    GET / Some(("authorization", "Bearer wrong")): 404, 0 bytes
    PUT /abcdefghijklmnopqrstuvwxyz012345 None: 405, 0 bytes
    DELETE /abcdefghijklmnopqrstuvwxyz012345 None: 405, 0 bytes
    HEAD /abcdefghijklmnopqrstuvwxyz012345 None: 200, 0 bytes
    GET /abcdefghijklmnopqrstuvwxyz012345 Some(("range", "bytes=10-19")): 206 bytes 10-19/<length>, 10 bytes
    GET /abcdefghijklmnopqrstuvwxyz012345 Some(("range", "bytes=99999999-")): 416 bytes */<length>, 0 bytes
    GET / Some(("authorization", "Bearer abcdefghijklmnopqrstuvwxyz012345")): 200, <length> bytes
    "#);
    assert_eq!(*asked.lock().unwrap(), [(10, 20), (0, bundle.length())]);
    let place = url(TOKEN);
    let digest = with(place, |bundle| bundle.verify(|_| ()).map(|()| bundle.digest().to_owned())).await;
    assert_eq!(digest.unwrap(), bundle.digest());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_image_is_read_without_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (file, bundle) = small(folder.path());
    let (address, asked) = served(&file).await;
    let there = with(format!("http://{address}/{TOKEN}"), |bundle| {
        let mut archive = Vec::new();
        bundle.archive(&bundle.index().images[0], &mut archive).map(|_| archive)
    });
    let mut here = Vec::new();
    bundle.archive(&bundle.index().images[0], &mut here).unwrap();
    assert!(there.await.unwrap() == here);
    // The index, then the configuration and two layers.
    assert_eq!(asked.lock().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_lost_again_and_again_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let (file, bundle) = small(folder.path());
    let (address, asked) = served(&file).await;
    // Between them is a network that loses every connection after some bytes.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let through = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = tokio::net::TcpStream::connect(address).await.unwrap();
            tokio::spawn(async move {
                let ((mut asks, mut hears), (mut tells, mut gets)) = (near.split(), far.split());
                let there = tokio::io::copy(&mut asks, &mut gets);
                let mut some = tokio::io::AsyncReadExt::take(&mut tells, 40_000);
                let back = tokio::io::copy(&mut some, &mut hears);
                tokio::select! { _ = there => {}, _ = back => {} }
            });
        }
    });
    with(format!("http://{through}/{TOKEN}"), |bundle| bundle.verify(|_| ())).await.unwrap();
    let asked = asked.lock().unwrap().clone();
    let begins = asked.iter().map(|(begin, _)| *begin).collect::<Vec<_>>();
    assert!(begins.len() > 4, "{begins:?}");
    assert!(begins[1..].is_sorted(), "nothing is read twice: {begins:?}");
    assert!(asked.iter().all(|(_, end)| *end == bundle.length()));
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_give_no_bundle_are_named_without_their_token() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _) = small(folder.path());
    let (address, _) = served(&file).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut text = String::new();
    for place in [
        format!("http://{address}/wrongwrongwrong"),
        format!("http://{nobody}/{TOKEN}"),
        format!("http://{address}/"),
        format!("https://{address}/{TOKEN}"),
        format!("http://me:{TOKEN}@{address}/x"),
        "http://".to_owned(),
    ] {
        text += &told(with(place, |_| Ok(())).await.unwrap_err());
    }
    assert!(!text.contains(TOKEN) && !text.contains("wrongwrong"), "{text}");
    insta::assert_snapshot!(Redaction::new(Vec::new()).apply(&text), @"
    error: `http://127.0.0.1:<port>` answers 404 to who asks for the bundle
    hint: ask who serves the bundle for the whole address, with its token
    exit code 2
    error: the bundle at `http://127.0.0.1:<port>` cannot be read: Connection refused (os error 111)
    hint: is `atelier bundle serve` still there, and are both machines in one network?
    exit code 4
    error: `http://127.0.0.1:<port>` is no address of a bundle: the token is missing; `atelier bundle serve` prints one
    hint: ask who serves the bundle for the whole address
    exit code 2
    error: `https://127.0.0.1:<port>` is no address of a bundle: it must begin with `http://HOST:PORT/`; `atelier bundle serve` prints one
    hint: ask who serves the bundle for the whole address
    exit code 2
    error: `http://127.0.0.1:<port>` is no address of a bundle: it must begin with `http://HOST:PORT/`; `atelier bundle serve` prints one
    hint: ask who serves the bundle for the whole address
    exit code 2
    error: `…` is no address of a bundle: it is not of the form `http://HOST:PORT/TOKEN`; `atelier bundle serve` prints one
    hint: ask who serves the bundle for the whole address
    exit code 2
    ");
}
