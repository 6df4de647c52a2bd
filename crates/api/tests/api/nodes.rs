//! Nodes of a group under test: real servers whose role is what the test says, and other ends that answer as the test says.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tocos_api::{GroupHandle, NotHandedOver};
use tocos_group::{Leader, Role, Status};

use crate::app::{Setup, TestApp};

/// The URL of a server.
pub(crate) fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// Longer than any test takes.
const LEASE: Duration = Duration::from_secs(3_600);

/// Says that this node leads from now on, or follows it.
pub(crate) fn set(status: &Status, role: Role, leader: Option<(&str, String)>) {
    status.holds((role == Role::Leader).then(|| (tokio::time::Instant::now(), LEASE)));
    status.update(|figures| {
        figures.role = role;
        figures.epoch += 1;
        let epoch = figures.epoch;
        figures.leader = leader.map(|(node, url)| Leader { node: node.to_owned(), url, epoch });
    });
}

/// A node without a leader yet, with a ledger of its own.
pub(crate) fn node(name: &str) -> (TestApp, Status) {
    node_with(name, Setup::default())
}

/// Likewise, set up in another way.
pub(crate) fn node_with(name: &str, mut setup: Setup) -> (TestApp, Status) {
    let status = Status::default();
    status.update(|figures| {
        figures.node = name.to_owned();
        figures.role = Role::Follower;
    });
    let successor = status.clone();
    setup.settings.group = Some(GroupHandle::new(status.clone(), move || {
        let status = successor.clone();
        Box::pin(async move {
            if status.role() != Role::Leader {
                return Err(NotHandedOver::NotLeader);
            }
            let Some(member) = status.figures().members.first().cloned() else {
                return Err(NotHandedOver::NoSuccessor("no other node is there".to_owned()));
            };
            set(&status, Role::Follower, Some((&member.node, member.url)));
            Ok(status.leader().unwrap())
        })
    }));
    (setup.start(), status)
}

/// A node that leads.
pub(crate) fn leader() -> (TestApp, Status) {
    let (app, status) = node("lead");
    set(&status, Role::Leader, Some(("lead", url(app.address))));
    (app, status)
}

/// A node that follows the one at this address.
pub(crate) fn follower_of(address: SocketAddr) -> (TestApp, Status) {
    let (app, status) = node("follow");
    set(&status, Role::Follower, Some(("lead", url(address))));
    (app, status)
}

/// What a server that is none does with each request, by the order of the requests.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Answers so.
    Say(String),
    /// Says this and closes the connection.
    SayAndClose(String),
    /// Never answers.
    Hang,
}

/// A server that does as it is told, and tells what it was sent.
pub(crate) struct Puppet {
    pub address: SocketAddr,
    requests: Receiver<(usize, String)>,
}

impl Puppet {
    /// It acts so, and then as at last.
    pub(crate) fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, requests) = channel();
        std::thread::spawn(move || {
            let next = std::sync::Arc::new(std::sync::Mutex::new(acts.into_iter()));
            let last = std::sync::Arc::new(std::sync::Mutex::new(Act::Hang));
            for (number, stream) in listener.incoming().enumerate() {
                let (next, last, tell) = (next.clone(), last.clone(), tell.clone());
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    while let Some(request) = read_request(&mut stream) {
                        if tell.send((number, request)).is_err() {
                            return;
                        }
                        let act = {
                            let mut last = last.lock().unwrap();
                            if let Some(act) = next.lock().unwrap().next() {
                                *last = act;
                            }
                            last.clone()
                        };
                        match act {
                            Act::Say(text) => stream.write_all(text.as_bytes()).unwrap(),
                            Act::SayAndClose(text) => {
                                stream.write_all(text.as_bytes()).unwrap();
                                return;
                            }
                            Act::Hang => std::thread::sleep(Duration::from_secs(60)),
                        }
                    }
                });
            }
        });
        Self { address, requests }
    }

    /// The next request, head and body, and the number of its connection.
    pub(crate) fn request(&self) -> (usize, String) {
        self.requests.recv_timeout(Duration::from_secs(10)).expect("a request comes")
    }

    /// How many further requests have come.
    pub(crate) fn count(&self) -> usize {
        self.requests.try_iter().count()
    }
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

/// An answer of HTTP/1.1 with a JSON body.
pub(crate) fn answer(status: u16, body: &str) -> String {
    let media = if status < 400 { "application/json" } else { "application/problem+json" };
    format!(
        "HTTP/1.1 {status} Words\r\ncontent-type: {media}\r\ntocos-event: 77\r\nx-request-id: other\r\nx-mine: 1\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A problem with this code.
pub(crate) fn problem(status: u16, code: &str) -> String {
    answer(status, &format!("{{\"code\":\"{code}\",\"status\":{status}}}"))
}
