//! A receiver of webhooks for tests: it keeps what arrives, and answers as it is told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub id: String,
    pub signatures: Vec<String>,
    pub timestamp: i64,
    pub raw: String,
    pub body: Value,
}

impl Arrived {
    /// The numbers of the events in it.
    pub(crate) fn events(&self) -> Vec<u64> {
        match &self.body["data"] {
            Value::Array(events) => events.iter().map(|event| event["event"].as_u64().unwrap()).collect(),
            event => event["event"].as_u64().into_iter().collect(),
        }
    }
}

/// It listens until the test ends.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub url: String,
    shared: Arc<Mutex<(Vec<Arrived>, String)>>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let answer = "HTTP/1.1 204 Fine\r\ncontent-length: 0\r\n\r\n".to_owned();
        let receiver = Self { url, shared: Arc::new(Mutex::new((Vec::new(), answer))) };
        let ours = receiver.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let ours = ours.clone();
                std::thread::spawn(move || ours.serve(socket.unwrap()));
            }
        });
        receiver
    }

    pub(crate) fn answer(&self, answer: &str) {
        answer.clone_into(&mut self.shared.lock().unwrap().1);
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.shared.lock().unwrap().0.clone()
    }

    /// The numbers of all events that arrived, in order.
    pub(crate) fn events(&self) -> Vec<u64> {
        self.arrived().iter().flat_map(Arrived::events).collect()
    }

    /// Waits until something holds, ten seconds at most.
    pub(crate) fn wait_for(&self, holds: impl Fn(&[Arrived]) -> bool) -> Vec<Arrived> {
        let given_up = Instant::now() + Duration::from_secs(10);
        loop {
            let arrived = self.arrived();
            if holds(&arrived) {
                return arrived;
            }
            assert!(Instant::now() < given_up, "only this arrived: {arrived:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn serve(&self, mut socket: TcpStream) {
        let mut bytes = Vec::new();
        let mut chunk = [0; 65_536];
        loop {
            while let Some((arrived, length)) = parse(&bytes) {
                bytes.drain(..length);
                let answer = {
                    let mut shared = self.shared.lock().unwrap();
                    shared.0.push(arrived);
                    shared.1.clone()
                };
                if socket.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
            match socket.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(length) => bytes.extend_from_slice(&chunk[..length]),
            }
        }
    }
}

/// The first request among bytes, and its length, if all of it is there.
fn parse(bytes: &[u8]) -> Option<(Arrived, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let header = |name: &str| {
        let value = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        value.unwrap_or_else(|| panic!("{name} is missing in {head}")).to_owned()
    };
    let length = end + header("content-length").parse::<usize>().unwrap();
    let raw = String::from_utf8(bytes.get(end..length)?.to_vec()).unwrap();
    let arrived = Arrived {
        id: header("webhook-id"),
        signatures: header("webhook-signature").split(' ').map(str::to_owned).collect(),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        body: serde_json::from_str(&raw).unwrap(),
        raw,
    };
    Some((arrived, length))
}
