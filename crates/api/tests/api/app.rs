//! A server under test, in words of the domain.

#![expect(clippy::needless_pass_by_value, reason = "requests read better with json!({...}) as it is")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use serde_json::{Value, json};
use tempfile::TempDir;
use tocos_api::{Limits, Listeners, ServeError, Settings, serve};
use tocos_engine::{ClockOptions, Engine, EngineOptions};
use tocos_journal::sim::SimDisk;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::client::{Client, Response};

/// A running server with a ledger of its own. It ends, and its data goes, when it is dropped.
pub(crate) struct TestApp {
    pub address: SocketAddr,
    pub internal: SocketAddr,
    pub engine: Engine,
    pub key: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
    pub dir: TempDir,
}

/// How a server is started.
#[derive(Default)]
pub(crate) struct Setup {
    pub settings: Settings,
    pub test_clock: bool,
    pub clock: ClockOptions,
    pub dir: Option<TempDir>,
    /// A disk in memory instead of the directory.
    pub disk: Option<SimDisk>,
}

impl Setup {
    pub(crate) fn start(self) -> TestApp {
        let dir = self.dir.unwrap_or_else(|| TempDir::new().unwrap());
        let mut options = EngineOptions::new(dir.path());
        options.test_clock = self.test_clock;
        options.clock = self.clock;
        let (engine, _report) = match self.disk {
            Some(disk) => Engine::open_on(Arc::new(disk), &options).unwrap(),
            None => Engine::open(&options).unwrap(),
        };
        let (tell, addresses) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let (serving, mut settings) = (engine.clone(), self.settings);
        // All tests hold however many threads serve: this runs them on more.
        if let Ok(more) = std::env::var("TOCOS_MORE_THREADS") {
            settings.more_threads = more.parse().unwrap();
        }
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let public = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let internal = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send((public.local_addr().unwrap(), internal.local_addr().unwrap())).unwrap();
                let listeners = Listeners { public, internal: Some(internal) };
                serve(settings, serving, listeners, async { drop(stopped.await) }).await
            })
        });
        let (address, internal) = addresses.recv().unwrap();
        TestApp { address, internal, engine, key: None, stop: Some(stop), thread: Some(thread), dir }
    }
}

impl TestApp {
    /// With default settings.
    pub(crate) fn start() -> Self {
        Setup::default().start()
    }

    /// With other limits than the default.
    pub(crate) fn with_limits(change: impl FnOnce(&mut Limits)) -> Self {
        let mut setup = Setup::default();
        change(&mut setup.settings.limits);
        setup.start()
    }

    pub(crate) fn with_test_clock() -> Self {
        Setup { test_clock: true, ..Setup::default() }.start()
    }

    /// Asks the server to stop, without waiting for it.
    pub(crate) fn ask_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _already_gone = stop.send(());
        }
    }

    /// Waits until the server has stopped.
    pub(crate) fn wait(&mut self) -> Result<(), ServeError> {
        self.thread.take().map_or(Ok(()), |thread| thread.join().unwrap())
    }

    /// Stops the server and starts another one on the same ledger.
    pub(crate) fn restart(self) -> Self {
        self.restart_with(Setup::default(), std::time::Duration::ZERO)
    }

    /// Likewise, after a while and with another setup.
    pub(crate) fn restart_with(mut self, setup: Setup, after: std::time::Duration) -> Self {
        self.ask_to_stop();
        self.wait().unwrap();
        self.engine.close().unwrap();
        let dir = std::mem::replace(&mut self.dir, TempDir::new().unwrap());
        // The directory is locked for as long as anybody has the engine.
        drop(self);
        std::thread::sleep(after);
        Setup { dir: Some(dir), ..setup }.start()
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// One request on a connection of its own, with the key if there is one.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let bearer = self.key.as_ref().map(|key| format!("Bearer {key}"));
        let mut headers = headers.to_vec();
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer));
        }
        self.client().request(method, path, &headers, body)
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.request("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Response {
        self.request("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    pub(crate) fn put(&self, path: &str, body: Value) -> Response {
        self.request("PUT", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    /// A body that is no JSON value, sent as if it were one.
    pub(crate) fn post_text(&self, path: &str, body: &str) -> Response {
        self.request("POST", path, &[("content-type", "application/json")], body.as_bytes())
    }

    pub(crate) fn post_with_key(&self, key: &str, path: &str, body: Value) -> Response {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.request("POST", path, &headers, body.to_string().as_bytes())
    }

    #[track_caller]
    pub(crate) fn user(&self, id: &str) -> &Self {
        self.post("/v1/users", json!({"id": id})).expect(201);
        self
    }

    /// A user with so many toco.
    #[track_caller]
    pub(crate) fn user_with(&self, id: &str, amount: u64) -> &Self {
        self.user(id);
        self.grant(id, amount);
        self
    }

    #[track_caller]
    pub(crate) fn grant(&self, user: &str, amount: u64) -> Value {
        self.post("/v1/grants", json!({"user": user, "coin": "toco", "amount": amount})).expect(201)
    }

    #[track_caller]
    pub(crate) fn spend(&self, user: &str, amount: u64) -> Value {
        self.post("/v1/spends", json!({"user": user, "coin": "toco", "amount": amount})).expect(201)
    }

    #[track_caller]
    pub(crate) fn transfer(&self, from: &str, to: &str, amount: u64) -> Value {
        self.post("/v1/transfers", json!({"from": from, "to": to, "coin": "toco", "amount": amount})).expect(201)
    }

    #[track_caller]
    pub(crate) fn hold(&self, user: &str, amount: u64) -> u64 {
        let held = self.post("/v1/holds", json!({"user": user, "coin": "toco", "amount": amount})).expect(201);
        held["id"].as_u64().unwrap()
    }

    /// How many toco a user has.
    #[track_caller]
    pub(crate) fn total(&self, user: &str) -> i64 {
        let found = self.get(&format!("/v1/users/{user}")).expect(200);
        found["coins"]["toco"].as_i64().unwrap_or(0)
    }

    #[track_caller]
    pub(crate) fn advance(&self, seconds: u64) -> Value {
        self.post("/v1/test-clock/advance", json!({"seconds": seconds})).expect(200)
    }

    /// The number of the last event.
    pub(crate) fn last_event(&self) -> u64 {
        self.get("/v1/events?limit=1").expect(200)["last_event"].as_u64().unwrap()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.ask_to_stop();
        if let Some(thread) = self.thread.take() {
            // A test that failed has more to say than this.
            let _ended = thread.join();
        }
        let _closed = self.engine.close();
    }
}
