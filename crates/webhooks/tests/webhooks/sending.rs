//! Requests over real sockets, to servers that behave badly.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tocos_webhooks::{AddressPolicy, Answer, HttpSender, Post, Sender, sign};

/// A server that answers each request on each connection with these bytes, and then does something to the connection.
struct Server {
    url: String,
    /// The requests that arrived.
    requests: Receiver<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// The connection stays open for further requests.
    Stays,
    Closes,
    /// Nothing more comes, and the connection stays open.
    Hangs,
}

impl Server {
    fn start(answer: Vec<u8>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
        let (tell, requests) = channel();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (socket, answer, tell) = (socket.unwrap(), answer.clone(), tell.clone());
                std::thread::spawn(move || serve(socket, &answer, then, |request| drop(tell.send(request))));
            }
        });
        Self { url, requests }
    }

    fn answering(answer: &str) -> Self {
        Self::start(answer.as_bytes().to_vec(), Then::Stays)
    }
}

fn serve(mut socket: TcpStream, answer: &[u8], then: Then, mut tell: impl FnMut(String)) {
    let mut arrived = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&arrived).into_owned();
        if text.contains("\r\n\r\n") && text.ends_with("BODY") {
            tell(text);
            arrived.clear();
            // Whoever reads to a bound may be gone by now.
            let _sent = socket.write_all(answer);
            match then {
                Then::Stays => continue,
                Then::Closes => return drop(socket.shutdown(Shutdown::Both)),
                Then::Hangs => return std::thread::sleep(Duration::from_secs(60)),
            }
        }
        match socket.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(length) => arrived.extend_from_slice(&chunk[..length]),
        }
    }
}

fn sender(policy: AddressPolicy) -> HttpSender {
    HttpSender::new(policy, Duration::from_secs(1), "1.2.3").unwrap()
}

fn this_machine() -> AddressPolicy {
    AddressPolicy::allowing(["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()])
}

fn post<'a>(url: &'a str, secrets: &'a [Vec<u8>]) -> Post<'a> {
    Post { url, secrets, id: "shop-7", timestamp: 1_700_000_000, body: "BODY".into() }
}

async fn send(url: &str) -> Result<Answer, String> {
    sender(this_machine()).post(&mut Default::default(), &post(url, &[vec![7; 32]])).await
}

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_request_is_signed_and_says_what_the_specification_asks_for() {
    let server = Server::answering(FINE);
    let secrets = [vec![7; 32], vec![8; 24]];
    let answer = sender(this_machine()).post(&mut Default::default(), &post(&server.url, &secrets)).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    let request = server.requests.recv().unwrap();
    assert!(request.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{request}");
    let signature = sign(secrets.iter().map(Vec::as_slice), "shop-7", 1_700_000_000, b"BODY");
    assert_eq!(signature.split(' ').count(), 2);
    for line in [
        "content-type: application/json".to_owned(),
        "user-agent: tocos/1.2.3".to_owned(),
        "webhook-id: shop-7".to_owned(),
        "webhook-timestamp: 1700000000".to_owned(),
        format!("webhook-signature: {signature}"),
        "content-length: 4".to_owned(),
    ] {
        assert!(request.contains(&format!("\r\n{line}\r\n")), "{line} in {request}");
    }
}

#[tokio::test]
async fn a_connection_is_used_again_and_made_again_where_the_server_has_closed_it() {
    let (listener, sender) = (TcpListener::bind("127.0.0.1:0").unwrap(), sender(this_machine()));
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (tell, connections) = channel();
    std::thread::spawn(move || {
        for (number, socket) in listener.incoming().enumerate() {
            let (socket, tell) = (socket.unwrap(), tell.clone());
            std::thread::spawn(move || {
                let mut served = 0;
                let then = if number == 0 { Then::Stays } else { Then::Closes };
                // The first connection is closed without an answer to its third request.
                let reader = socket.try_clone().unwrap();
                serve(socket, FINE.as_bytes(), then, |_| {
                    served += 1;
                    tell.send(number).unwrap();
                    if number == 0 && served == 3 {
                        reader.shutdown(Shutdown::Both).unwrap();
                    }
                });
            });
        }
    });
    let mut line = Default::default();
    for _ in 0..3 {
        assert_eq!(sender.post(&mut line, &post(&url, &[vec![7; 32]])).await.unwrap().status, 200);
    }
    let used: Vec<usize> = connections.try_iter().collect();
    assert_eq!(used, [0, 0, 0, 1], "the third came again on another connection");
}

#[tokio::test]
async fn redirects_are_answers_and_nothing_follows_them() {
    let other = Server::answering(FINE);
    for status in [301, 302, 303, 307, 308] {
        let answer = format!("HTTP/1.1 {status} Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", other.url);
        assert_eq!(send(&Server::answering(&answer).url).await.unwrap().status, status);
    }
    assert!(other.requests.try_recv().is_err(), "nobody came");
}

#[tokio::test]
async fn an_answer_that_is_cut_in_its_head_is_none_and_one_that_is_cut_behind_it_counts() {
    let cut = Server::start(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec(), Then::Closes);
    assert!(send(&cut.url).await.unwrap_err().contains("no complete answer"));
    let empty = Server::start(Vec::new(), Then::Closes);
    assert!(send(&empty.url).await.unwrap_err().contains("no complete answer"));
    let garbage = Server::start(b"SSH-2.0-OpenSSH\r\n".to_vec(), Then::Closes);
    assert!(send(&garbage.url).await.is_err());
    let short = Server::start(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this".to_vec(), Then::Closes);
    let answer = send(&short.url).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "only this"));
}

#[tokio::test]
async fn a_huge_answer_is_read_to_a_bound_and_a_huge_head_is_refused() {
    let body = vec![b'x'; 50_000_000];
    let head = format!("HTTP/1.1 500 No\r\ncontent-length: {}\r\n\r\n", body.len());
    let huge = Server::start([head.into_bytes(), body].concat(), Then::Stays);
    let begun = Instant::now();
    let answer = send(&huge.url).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (500, 1024));
    assert!(begun.elapsed() < Duration::from_secs(1));
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(1_000_000));
    assert!(send(&Server::answering(&endless).url).await.is_err());
}

#[tokio::test]
async fn slow_answers_are_given_up() {
    let silent = Server::start(Vec::new(), Then::Hangs);
    let begun = Instant::now();
    assert!(send(&silent.url).await.unwrap_err().contains("within 1 s"));
    assert!(begun.elapsed() < Duration::from_secs(2));
    let slow =
        Server::start(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe rest never comes".to_vec(), Then::Hangs);
    let sender = HttpSender::new(this_machine(), Duration::from_secs(10), "1").unwrap();
    let begun = Instant::now();
    let answer = sender.post(&mut Default::default(), &post(&slow.url, &[vec![7; 32]])).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "the rest never comes"));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_resolves_to_an_address_that_is_not_allowed_is_not_connected_to() {
    let server = Server::answering(FINE);
    // Something is allowed, so names of this machine are resolved; this machine itself is not.
    let elsewhere = || sender(AddressPolicy::allowing(["10.9.0.0/16".parse().unwrap()]));
    let by_name = server.url.replace("127.0.0.1", "localhost");
    let refused = elsewhere().post(&mut Default::default(), &post(&by_name, &[vec![7; 32]])).await.unwrap_err();
    assert!(refused.starts_with("the address of localhost, ") && refused.contains("refused"), "{refused}");
    let mapped = server.url.replace("127.0.0.1", "[::ffff:127.0.0.1]");
    for url in [&server.url, &mapped, &server.url.replace("http:", "https:")] {
        let refused = elsewhere().post(&mut Default::default(), &post(url, &[vec![7; 32]])).await.unwrap_err();
        assert!(refused.contains("refused"), "{url}: {refused}");
    }
    for url in [server.url.clone(), by_name.clone(), by_name.replace("http:", "https:")] {
        assert!(
            sender(AddressPolicy::default()).post(&mut Default::default(), &post(&url, &[vec![7; 32]])).await.is_err()
        );
    }
    assert!(server.requests.try_recv().is_err(), "nobody came");
    assert_eq!(send(&by_name).await.unwrap().status, 200, "allowed in so many words");
}

#[tokio::test]
async fn what_can_not_be_reached_is_said() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(send(&format!("http://{free}/")).await.unwrap_err().contains("can't be connected to"));
    assert!(send("http://name.invalid/").await.unwrap_err().contains("name.invalid"));
    let plain = Server::answering(FINE);
    let tls = send(&plain.url.replace("http:", "https:")).await.unwrap_err();
    assert!(tls.contains("TLS") || tls.contains("within"), "{tls}");
}

#[tokio::test]
async fn an_endpoint_asks_to_be_left_alone_in_seconds() {
    let busy = Server::answering("HTTP/1.1 429 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n");
    let answer = send(&busy.url).await.unwrap();
    assert_eq!((answer.status, answer.retry_after), (429, Some(Duration::from_secs(120))));
}
