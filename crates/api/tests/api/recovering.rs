//! What the service says while its ledger is still being opened.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tocos_api::{Listeners, Settings, answer_while_opening, serve};
use tocos_engine::{Engine, EngineOptions, OpenFailure, Opening};
use tocos_journal::Disk;
use tocos_journal::sim::SimDisk;
use tocos_ledger::{Operation, Request};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::client::{Client, Response};
use crate::disk::{GatedDisk, Keeper};

const USERS: u64 = 200;

/// Small files, so that a short log has many of them.
fn options(opening: &Arc<Opening>) -> EngineOptions {
    EngineOptions { segment_bytes: 4096, opening: Arc::clone(opening), ..EngineOptions::new("in memory") }
}

/// A ledger of many users on a disk in memory, closed again.
fn ledger() -> SimDisk {
    let disk = SimDisk::new(3);
    let (engine, _report) = Engine::open_on(Arc::new(disk.clone()), &options(&Arc::default())).unwrap();
    for number in 1..=USERS {
        let user = format!("user-{number}");
        let request = Request {
            operation: Operation::PutUser { user: &user, name: None },
            key: None,
            metadata: None,
            reference: None,
            by: 0,
        };
        let submitted = engine.submit(&request, false, |event, _| event.number).unwrap();
        engine.seal();
        engine.durable(submitted.seen).wait().unwrap();
    }
    engine.close().unwrap();
    disk
}

/// The file in the middle of the log, and the last event before it.
fn middle(disk: &SimDisk) -> (String, u64) {
    let mut segments: Vec<String> = disk.list().unwrap().into_iter().filter(|name| name.starts_with("log-")).collect();
    segments.sort();
    assert!(segments.len() > 6, "too few files to have a middle: {segments:?}");
    let name = segments.swap_remove(segments.len() / 2);
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    (name, digits.parse::<u64>().unwrap() - 1)
}

/// A service whose recovery stands still in the middle of the log.
struct Held {
    public: SocketAddr,
    internal: SocketAddr,
    /// The event up to which it has come.
    event: u64,
    keeper: Option<Keeper>,
    opening: Arc<Opening>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), OpenFailure>>>,
}

impl Held {
    fn start() -> Self {
        let disk = ledger();
        let (file, event) = middle(&disk);
        let (gated, keeper) = GatedDisk::new(disk, &file);
        let opening = Arc::<Opening>::default();
        let (stop, stopped) = oneshot::channel();
        let (tell, addresses) = channel();
        let watched = Arc::clone(&opening);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let public = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let internal = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send((public.local_addr().unwrap(), internal.local_addr().unwrap())).unwrap();
                let listeners = Listeners { public, internal: Some(internal) };
                let (done, opened) = oneshot::channel();
                let options = options(&watched);
                std::thread::spawn(move || done.send(Engine::open_on(Arc::new(gated), &options)).is_ok());
                let settings = Settings::default();
                let opened = answer_while_opening(&settings, &listeners, watched, opened).await.unwrap();
                let (engine, _report) = opened?;
                serve(settings, engine.clone(), listeners, async { drop(stopped.await) }).await.unwrap();
                engine.close().unwrap();
                Ok(())
            })
        });
        let (public, internal) = addresses.recv().unwrap();
        keeper.reached.recv_timeout(Duration::from_secs(60)).expect("recovery gets to the middle of the log");
        // One thread reads and stands at the gate, another applies what was read before.
        let begun = Instant::now();
        while opening.progress().event < event {
            assert!(begun.elapsed() < Duration::from_secs(60), "what was read is not carried out");
            std::thread::yield_now();
        }
        Self { public, internal, event, keeper: Some(keeper), opening, stop: Some(stop), thread: Some(thread) }
    }

    fn go_on(&mut self) {
        self.keeper.take().unwrap().open();
    }

    fn end(&mut self) -> Result<(), OpenFailure> {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap()
    }
}

fn get(address: SocketAddr, path: &str) -> Response {
    Client::connect(address).request("GET", path, &[], b"")
}

#[test]
fn the_internal_listener_tells_how_far_it_is_and_then_that_it_is_ready() {
    let mut held = Held::start();
    get(held.internal, "/livez").expect(200);
    let response = get(held.internal, "/readyz");
    assert_eq!((response.status, response.header("retry-after")), (503, Some("2")));
    let problem = response.refused("recovering");
    assert_eq!((&problem["stage"], problem["event"].as_u64()), (&"log".into(), Some(held.event)), "{problem}");
    let percent = problem["percent"].as_u64().unwrap();
    assert!((30..70).contains(&percent), "the middle of the log is said to be at {percent} %");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("{percent} %")), "{detail}");
    let figures = get(held.internal, "/metrics");
    assert_eq!(figures.status, 200, "or monitoring would think that it is down");
    let figures = figures.text();
    assert!(figures.lines().any(|line| line == "tocos_ready 0"), "{figures}");
    assert!(figures.contains("\ntocos_recovery_progress_ratio 0."), "{figures}");
    get(held.internal, "/elsewhere").refused("not_found");
    held.go_on();
    let begun = Instant::now();
    while get(held.internal, "/readyz").status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never gets ready");
    }
    let figures = get(held.internal, "/metrics").text();
    assert!(figures.lines().any(|line| line == "tocos_recovery_progress_ratio 1"), "{figures}");
    held.end().unwrap();
}

#[test]
fn the_api_asks_everybody_to_come_back_and_then_has_everything() {
    let mut held = Held::start();
    let mut client = Client::connect(held.public);
    let refused = client.request("POST", "/v1/users", &[("x-request-id", "mine")], b"{\"id\":\"ana\"}");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("2")));
    assert_eq!(refused.header("x-request-id"), Some("mine"));
    assert_eq!(refused.refused("recovering")["retryable"], true);
    assert!(client.is_closed(), "the connection is not for the time after");
    for path in ["/v1/users", "/version", "/readyz", "/nowhere"] {
        get(held.public, path).refused("recovering");
    }
    let mut waiting = Client::connect(held.public);
    held.go_on();
    let begun = Instant::now();
    let last = format!("/v1/users/user-{USERS}");
    while get(held.public, &last).status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never gets ready");
    }
    assert!(waiting.is_closed(), "who connected and said nothing begins anew");
    get(held.public, "/v1/users/ana").refused("user_not_found");
    held.end().unwrap();
}

#[test]
fn what_is_called_off_ends_at_the_next_frame() {
    let mut held = Held::start();
    held.opening.call_off();
    held.go_on();
    let failure = held.end().unwrap_err();
    assert!(matches!(failure, OpenFailure::CalledOff), "{failure}");
    assert!(held.opening.progress().event < USERS, "the rest of the log was read all the same");
}
