//! The nodes of a simulated group: started, stopped, killed and restarted.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tocos_group::{Ended, Handle, LocalFrame, Node, Options, Role};
use tocos_sharedlog::SharedLog;
use tocos_sharedlog::memory::{Engine, Log};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::frames::identity;
use crate::model::{Model, Wrong};
use crate::recorder::Recorder;
use crate::wrapped::{Process, Wrapped, WrongLog};

pub(crate) const LEASE: Duration = Duration::from_secs(3);

/// A running node.
#[derive(Clone, Debug)]
pub(crate) struct Up {
    pub(crate) name: String,
    pub(crate) handle: Handle,
    pub(crate) model: Arc<Model>,
    pub(crate) log: Log,
    pub(crate) process: Process,
    task: Arc<JoinHandle<()>>,
}

impl Up {
    pub(crate) fn role(&self) -> Role {
        self.handle.status().role()
    }

    pub(crate) fn event(&self) -> u64 {
        self.model.read_durable().0
    }

    pub(crate) fn note(&self) -> String {
        self.handle.status().figures().note
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// How it ended, if it has.
    pub(crate) fn ended_now(&self) -> Option<Result<(), Ended>> {
        let mut ended = std::pin::pin!(self.handle.ended());
        match ended.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }
}

#[derive(Debug)]
struct Slot {
    name: String,
    files: Vec<LocalFrame>,
    up: Option<Up>,
}

/// All nodes, and what they share.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) engine: Engine,
    pub(crate) recorder: Arc<Recorder>,
    slots: Arc<Mutex<Vec<Slot>>>,
    instances: Arc<Mutex<u64>>,
    wrong: (Wrong, WrongLog),
}

impl Group {
    /// Nodes that have not been started, with empty files.
    pub(crate) fn new(nodes: usize, seed: u64, recorder: Recorder, wrong: (Wrong, WrongLog)) -> Self {
        let engine = Engine::new(identity(), seed);
        if wrong.1.accepts_any_prev {
            engine.accept_any_prev();
        }
        let slot = |at: usize| Slot { name: format!("node-{at}"), files: Vec::new(), up: None };
        Self {
            engine,
            recorder: Arc::new(recorder),
            slots: Arc::new(Mutex::new((0..nodes).map(slot).collect())),
            instances: Arc::default(),
            wrong,
        }
    }

    /// So many nodes of which one leads and the others follow; without faults.
    pub(crate) async fn started(nodes: usize) -> Self {
        let group = Self::new(nodes, 1, Recorder::new(true), Default::default());
        for at in 0..nodes {
            group.start(at);
        }
        group.leader().await;
        group
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn up(&self, at: usize) -> Option<Up> {
        self.lock()[at].up.clone()
    }

    pub(crate) fn all_up(&self) -> Vec<Up> {
        self.lock().iter().filter_map(|slot| slot.up.clone()).collect()
    }

    pub(crate) fn is_up(&self, at: usize) -> bool {
        self.lock()[at].up.is_some()
    }

    /// Starts a node with the files that it has.
    pub(crate) fn start(&self, at: usize) -> Up {
        let mut slots = self.lock();
        let slot = &mut slots[at];
        assert!(slot.up.is_none(), "{} runs", slot.name);
        let instance = {
            let mut instances = self.instances.lock().unwrap();
            *instances += 1;
            *instances
        };
        let up = self.start_as(&slot.name, instance, slot.files.clone());
        slot.up = Some(up.clone());
        up
    }

    /// Starts a process under a name.
    pub(crate) fn start_as(&self, name: &str, instance: u64, files: Vec<LocalFrame>) -> Up {
        self.recorder.trace(|| format!("{name} starts with {} frames", files.len()));
        let model = Model::new(name, files, Arc::clone(&self.recorder), self.wrong.0);
        let log = self.engine.log();
        let wrapped = Wrapped {
            node: name.to_owned(),
            inner: log.clone(),
            recorder: Arc::clone(&self.recorder),
            wrong: self.wrong.1,
        };
        let options = Options { bytes_max: 400, ..Options::new(name, &format!("http://{name}"), instance, LEASE) };
        let shared: Arc<dyn SharedLog> = Arc::new(wrapped);
        let (handle, running) = Node::prepare(shared, model.clone(), options);
        let process = Process::default();
        let task = Arc::new(tokio::spawn(process.run(running)));
        Up { name: name.to_owned(), handle, model, log, process, task }
    }

    /// Ends a node wherever it is. Its files stay.
    pub(crate) fn kill(&self, at: usize) {
        let mut slots = self.lock();
        let slot = &mut slots[at];
        if let Some(up) = slot.up.take() {
            self.recorder.trace(|| format!("{} is killed", up.name));
            up.task.abort();
            up.model.kill();
            slot.files = up.model.files();
        }
    }

    /// The files of a node that is not running are cut to so many frames, or replaced.
    pub(crate) fn set_files(&self, at: usize, change: impl FnOnce(&mut Vec<LocalFrame>)) {
        let mut slots = self.lock();
        assert!(slots[at].up.is_none());
        change(&mut slots[at].files);
    }

    /// The files of all nodes, running or not.
    pub(crate) fn all_files(&self) -> Vec<(String, Vec<LocalFrame>)> {
        let files = |slot: &Slot| slot.up.as_ref().map_or_else(|| slot.files.clone(), |up| up.model.files());
        self.lock().iter().map(|slot| (slot.name.clone(), files(slot))).collect()
    }

    /// Waits for a node that leads.
    pub(crate) async fn leader(&self) -> usize {
        self.until("a node leads", LEASE * 5, || self.leading().is_some()).await;
        self.leading().unwrap()
    }

    pub(crate) fn leading(&self) -> Option<usize> {
        let leads =
            |slot: &Slot| slot.up.as_ref().is_some_and(|up| up.role() == Role::Leader && !up.process.is_stopped());
        self.lock().iter().position(leads)
    }

    /// A running node that follows.
    pub(crate) fn follower(&self) -> usize {
        let follows = |slot: &Slot| slot.up.as_ref().is_some_and(|up| up.role() == Role::Follower);
        self.lock().iter().position(follows).unwrap()
    }

    /// Waits until something holds.
    pub(crate) async fn until(&self, what: &str, at_most: Duration, holds: impl Fn() -> bool) -> Duration {
        let begun = Instant::now();
        while !holds() {
            if begun.elapsed() > at_most {
                let roles: Vec<_> = self.all_up().iter().map(|up| (up.name.clone(), up.role(), up.note())).collect();
                panic!("after {at_most:?}, not yet: {what}; {roles:?}\n{}", self.recorder.lines().join("\n"));
            }
            sleep(Duration::from_millis(10)).await;
        }
        begun.elapsed()
    }

    /// Waits until all running nodes have all of the shared log.
    pub(crate) async fn until_level(&self) {
        let is_level = || self.all_up().iter().all(|up| up.event() == self.engine.tip().last_event);
        self.until("all nodes are level", LEASE * 3, is_level).await;
    }
}
