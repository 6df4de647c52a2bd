//! The client against servers that answer, cut and stay silent.

use std::sync::Arc;

use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::request_id::RequestIds;

fn head(method: Method, target: &str) -> Parts {
    Request::builder().method(method).uri(target).header("x-test", "1").body(()).unwrap().into_parts().0
}

async fn send(client: &Client, url: &str, head: &Parts, body: &'static str) -> Result<Answer, SendError> {
    let more = (HeaderName::from_static("tocos-forwarded"), HeaderValue::from_static("a"));
    client
        .send(
            url,
            head,
            &RequestId::of(Some(b"order 7"), &RequestIds::new()),
            more,
            Bytes::from_static(body.as_bytes()),
        )
        .await
}

/// Reads one request and writes this.
async fn serve(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, says: &[u8]) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"the end") {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            break;
        }
    }
    let _gone = stream.write_all(says).await;
    let _gone = stream.shutdown().await;
    String::from_utf8(request).unwrap()
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn what_is_about_the_connection_is_not_passed_on() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("authorization", "Bearer x"),
        ("connection", "keep-alive, X-Mine"),
        ("x-mine", "1"),
        ("x-yours", "2"),
        ("transfer-encoding", "chunked"),
        ("idempotency-key", "a"),
        ("host", "here"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let mut names: Vec<&str> = passed_on(&headers).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["authorization", "idempotency-key", "x-yours"]);
}

#[tokio::test]
async fn it_is_known_whether_a_request_was_sent() {
    let client = Client::new().unwrap();
    let post = head(Method::POST, "/x");
    let (listener, url) = listen().await;
    drop(listener);
    for url in [url.as_str(), "http://", "nonsense", "http://name.invalid:1", "ftp://127.0.0.1:1", "http://[::1"] {
        let sent = send(&client, url, &post, "the end").await;
        assert!(matches!(sent, Err(SendError::NotSent(_))), "{url}: {sent:?}");
    }
    for says in [&b""[..], b"HTTP/1.1 2", b"nonsense\r\n\r\n"] {
        let (listener, url) = listen().await;
        let serving = async { serve(listener.accept().await.unwrap().0, says).await };
        let (sent, request) = tokio::join!(send(&client, &url, &post, "the end"), serving);
        assert!(matches!(sent, Err(SendError::Cut(_))), "{sent:?}");
        assert!(request.starts_with("POST /x HTTP/1.1\r\n"), "{request}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_or_is_too_large_is_none() {
    let client = Client::new().unwrap();
    for (says, bytes_max) in [
        (&b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345"[..], 100),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n1234567890", 9),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n", 100),
    ] {
        let (listener, url) = listen().await;
        let serving = async { serve(listener.accept().await.unwrap().0, says).await };
        let post = head(Method::POST, "/");
        let (sent, _) = tokio::join!(send(&client, &url, &post, "the end"), serving);
        let answer = sent.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        let whole = answer.whole(bytes_max).await;
        assert!(matches!(whole, Err(SendError::Cut(_))), "{whole:?}");
    }
}

#[tokio::test]
async fn https_goes_only_to_servers_that_an_authority_vouches_for() {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let serving = async {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                break serve(stream, b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok").await;
            }
        }
    };
    let asking = async {
        let post = head(Method::POST, "/v1/x?y=z");
        let stranger = send(&Client::trusting(Vec::new()).unwrap(), &url, &post, "the end").await;
        let Err(SendError::NotSent(reason)) = &stranger else { panic!("{stranger:?}") };
        assert!(reason.contains("certificate"), "{reason}");
        let client = Client::trusting(vec![cert.der().clone()]).unwrap();
        let answer = send(&client, &url, &post, "the end").await.unwrap();
        (answer.status, answer.whole(10).await.unwrap())
    };
    let (request, answer) = tokio::join!(serving, asking);
    assert_eq!(answer, (StatusCode::CREATED, Bytes::from_static(b"ok")));
    assert!(request.starts_with("POST /v1/x?y=z HTTP/1.1\r\n"), "{request}");
    for line in ["tocos-forwarded: a\r\n", "x-request-id: order 7\r\n", "x-test: 1\r\n", "content-length: 7\r\n"] {
        assert!(request.contains(line), "{line} {request}");
    }
}
