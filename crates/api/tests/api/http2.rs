//! The same service over HTTP/2, with prior knowledge.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Frame};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::app::TestApp;

type Body = http_body_util::combinators::BoxBody<Bytes, Infallible>;

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test);
}

async fn connect(app: &TestApp) -> SendRequest<Body> {
    let stream = TcpStream::connect(app.address).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn post(app: &TestApp, path: &str, body: Body) -> Request<Body> {
    let uri = format!("http://localhost:{}{path}", app.address.port());
    Request::post(uri).header("content-type", "application/json").body(body).unwrap()
}

async fn json_of<B: hyper::body::Body<Error = hyper::Error>>(answer: Response<B>) -> Value {
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

#[test]
fn many_requests_share_a_connection() {
    let app = TestApp::start();
    app.user_with("ana", 1_000).user("bob");
    run(async {
        let sender = connect(&app).await;
        let mut answers = Vec::new();
        for _ in 0..100 {
            let body = json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 1}).to_string();
            let request = post(&app, "/v1/transfers", Full::from(body).boxed());
            answers.push(tokio::spawn({
                let mut sender = sender.clone();
                async move { sender.send_request(request).await }
            }));
        }
        for answer in answers {
            let answer = answer.await.unwrap().unwrap();
            assert_eq!(answer.status(), 201);
            assert_eq!(json_of(answer).await["kind"], "transfer");
        }
    });
    assert_eq!(app.total("bob"), 100);
}

#[test]
fn a_body_that_does_not_come_is_not_awaited_for_ever() {
    let app = TestApp::with_limits(|limits| limits.http.body_timeout = Duration::from_millis(300));
    run(async {
        let mut sender = connect(&app).await;
        let (pieces, receiver) = mpsc::channel(1);
        pieces.send(Bytes::from_static(b"{\"id\":")).await.unwrap();
        let request = post(&app, "/v1/users", Pieces(receiver).boxed());
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 408);
        assert_eq!(json_of(answer).await["code"], "request_timeout");
        // The connection goes on with other requests.
        let body = Full::from(json!({"id": "ana"}).to_string()).boxed();
        let answer = sender.send_request(post(&app, "/v1/users", body)).await.unwrap();
        assert_eq!(answer.status(), 201);
        drop(pieces);
    });
}

#[test]
fn a_thousand_ids_of_36_characters_fit_into_a_request() {
    let app = TestApp::start();
    app.user("ana");
    run(async {
        let mut sender = connect(&app).await;
        let ids: Vec<String> = (0..999).map(|at| format!("id={at:036}")).collect();
        let uri = format!("http://localhost:{}/v1/users?{}&id=ana", app.address.port(), ids.join("&"));
        let request = Request::get(uri).body(Full::default().boxed()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(json_of(answer).await["users"][0]["id"], "ana");
    });
}

/// A body whose pieces come through a channel.
struct Pieces(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
