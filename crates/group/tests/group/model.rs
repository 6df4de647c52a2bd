//! A ledger that the protocol can lead and follow with: a vector of frames, and the sum of what they apply.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use tocos_group::{Local, LocalFault, LocalFrame, Outgoing, Position};
use tocos_sharedlog::Hash;
use tokio::sync::{Notify, oneshot};

use crate::frames::{Event, decode, encode, start};
use crate::recorder::Recorder;

/// How many events are in a frame at most.
const EVENTS_MAX: usize = 4;

/// What a client hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is durable, as this event.
    Done(u64),
    /// It was certainly not done.
    NotLeader,
    /// It may have been done or not.
    Unknown,
}

/// A part of the model that is wrong on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Frames that the shared log forgot are not given out.
    pub(crate) heals_not: bool,
    /// Whoever waits for an event when the leader steps down goes on waiting for an event of that number.
    pub(crate) waiters_survive: bool,
}

/// What the events up to a place make.
#[derive(Clone, Debug, Default)]
struct State {
    event: u64,
    sum: u64,
    keys: BTreeMap<u64, u64>,
}

impl State {
    fn apply(&mut self, event: &Event) {
        self.event += 1;
        if let Event::Op { key, amount } = event {
            self.sum += amount;
            self.keys.insert(*key, self.event);
        }
    }
}

type Waiter = (u64, oneshot::Sender<Answer>);

#[derive(Debug, Default)]
struct Inner {
    files: Vec<LocalFrame>,
    /// As of the files.
    durable: State,
    /// As of the last event that was decided, while it leads.
    decided: State,
    is_leading: bool,
    is_deciding: bool,
    is_dead: bool,
    to_give_out: VecDeque<Vec<Event>>,
    given_out: VecDeque<LocalFrame>,
    waiters: Vec<Waiter>,
}

/// A model of the node's own ledger.
#[derive(Debug)]
pub(crate) struct Model {
    node: String,
    inner: Mutex<Inner>,
    changed: Notify,
    recorder: Arc<Recorder>,
    wrong: Wrong,
}

impl Model {
    pub(crate) fn new(node: &str, files: Vec<LocalFrame>, recorder: Arc<Recorder>, wrong: Wrong) -> Arc<Self> {
        let mut durable = State::default();
        for frame in &files {
            decode(&frame.bytes).unwrap().1.iter().for_each(|event| durable.apply(event));
        }
        let inner = Inner { files, durable, ..Inner::default() };
        let node = node.to_owned();
        Arc::new(Self { node, inner: Mutex::new(inner), changed: Notify::new(), recorder, wrong })
    }

    /// This node at this moment.
    fn by(&self) -> u64 {
        let hash = blake3::hash(format!("{} {:?}", self.node, self.recorder.elapsed()).as_bytes());
        hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(crate) fn files(&self) -> Vec<LocalFrame> {
        self.lock().files.clone()
    }

    /// The process is gone: whoever waits hears nothing more of it.
    pub(crate) fn kill(&self) {
        let mut inner = self.lock();
        inner.is_dead = true;
        inner.waiters.clear();
    }

    /// Applies an amount once under a key.
    pub(crate) async fn write(&self, key: u64, amount: u64) -> Answer {
        let waiting = {
            let mut inner = self.lock();
            if !inner.is_leading || !inner.is_deciding || inner.is_dead {
                return Answer::NotLeader;
            }
            let event = inner.decided.keys.get(&key).copied();
            let event = event.unwrap_or_else(|| {
                inner.decide(Event::Op { key, amount });
                inner.decided.event
            });
            inner.wait_for(event)
        };
        self.changed.notify_waiters();
        waiting.await.unwrap_or(Answer::Unknown)
    }

    /// Event and sum as of the last decision, once that is durable.
    pub(crate) async fn read_decided(&self) -> Option<(u64, u64)> {
        let (event, sum, waiting) = {
            let mut inner = self.lock();
            if !inner.is_leading || inner.is_dead {
                return None;
            }
            let (event, sum) = (inner.decided.event, inner.decided.sum);
            (event, sum, inner.wait_for(event))
        };
        matches!(waiting.await, Ok(Answer::Done(_))).then_some((event, sum))
    }

    pub(crate) fn is_following(&self) -> bool {
        !self.lock().is_leading
    }

    /// Event and sum as of the local files.
    pub(crate) fn read_durable(&self) -> (u64, u64) {
        let inner = self.lock();
        (inner.durable.event, inner.durable.sum)
    }
}

impl Inner {
    fn end(&self) -> Position {
        let hash = self.files.last().map_or_else(start, |frame| frame.hash);
        Position { event: self.durable.event, hash }
    }

    fn decide(&mut self, event: Event) {
        self.decided.apply(&event);
        let is_op = |event: &Event| matches!(event, Event::Op { .. });
        match self.to_give_out.back_mut() {
            Some(events) if events.len() < EVENTS_MAX && events.iter().all(is_op) && is_op(&event) => {
                events.push(event);
            }
            _ => self.to_give_out.push_back(vec![event]),
        }
    }

    fn wait_for(&mut self, event: u64) -> oneshot::Receiver<Answer> {
        let (sender, waiting) = oneshot::channel();
        self.waiters.push((event, sender));
        self.answer();
        waiting
    }

    fn answer(&mut self) {
        let durable = self.durable.event;
        for (event, waiter) in self.waiters.extract_if(.., |(event, _)| *event <= durable) {
            // The client may have gone.
            waiter.send(Answer::Done(event)).ok();
        }
    }

    fn give_out(&mut self) -> Option<LocalFrame> {
        let events = self.to_give_out.pop_front()?;
        let (prev, event) = self
            .given_out
            .back()
            .map_or_else(|| (self.end().hash, self.durable.event), |frame: &LocalFrame| (frame.hash, frame.last_event));
        let frame = encode(prev, event + 1, self.durable.event, &events);
        self.given_out.push_back(frame.clone());
        Some(frame)
    }

    fn write(&mut self, frame: LocalFrame) {
        decode(&frame.bytes).unwrap().1.iter().for_each(|event| self.durable.apply(event));
        self.files.push(frame);
    }
}

#[async_trait]
impl Local for Model {
    fn position(&self) -> Position {
        self.lock().end()
    }

    fn durable_event(&self) -> u64 {
        self.lock().files.last().map_or(0, |frame| frame.durable)
    }

    async fn frame_ending_at(&self, event: u64) -> Result<Option<Position>, LocalFault> {
        if event == 0 {
            return Ok(Some(Position { event, hash: start() }));
        }
        let inner = self.lock();
        let frame = inner.files.iter().rfind(|frame| frame.last_event == event);
        Ok(frame.map(|frame| Position { event, hash: frame.hash }))
    }

    async fn frames_after(&self, event: u64, bytes_max: usize) -> Result<Vec<LocalFrame>, LocalFault> {
        let (mut frames, mut bytes) = (Vec::new(), 0);
        for frame in self.lock().files.iter().filter(|frame| frame.first_event > event && !self.wrong.heals_not) {
            frames.push(frame.clone());
            bytes += frame.bytes.len();
            if bytes > bytes_max {
                break;
            }
        }
        Ok(frames)
    }

    async fn follow(&self, frames: Vec<Bytes>) -> Result<(), LocalFault> {
        let mut inner = self.lock();
        assert!(!inner.is_leading, "{} follows while it leads", self.node);
        for bytes in frames {
            let end: Hash = inner.end().hash;
            let decoded = decode(&bytes).filter(|(frame, _)| frame.prev == end);
            let Some((frame, _)) = decoded.filter(|(frame, _)| frame.first_event == inner.durable.event + 1) else {
                return Err(LocalFault::NotNext("a frame does not follow".to_owned()));
            };
            inner.write(frame);
        }
        Ok(())
    }

    async fn lead(&self, epoch: u64) -> Result<(), LocalFault> {
        let mut inner = self.lock();
        assert!(!inner.is_leading, "{} leads twice", self.node);
        (inner.is_leading, inner.is_deciding) = (true, true);
        inner.decided = inner.durable.clone();
        inner.decide(Event::Lead { epoch, by: self.by() });
        Ok(())
    }

    async fn next_outgoing(&self) -> Outgoing {
        loop {
            let changed = self.changed.notified();
            let mut given_out = None;
            {
                let mut inner = self.lock();
                if inner.is_leading {
                    given_out = inner.give_out();
                }
            }
            match given_out {
                Some(frame) => {
                    self.changed.notify_waiters();
                    return frame;
                }
                None => changed.await,
            }
        }
    }

    async fn confirm_lead(&self) -> Result<(), LocalFault> {
        let by = self.by();
        self.lock().decide(Event::Lead { epoch: 0, by });
        self.changed.notify_waiters();
        Ok(())
    }

    async fn acknowledge(&self) -> Result<(), LocalFault> {
        let mut inner = self.lock();
        let frame = inner.given_out.pop_front().expect("only what was given out is acknowledged");
        self.recorder.acknowledged(&self.node, &frame);
        inner.write(frame);
        inner.answer();
        Ok(())
    }

    async fn stop_deciding(&self) {
        self.lock().is_deciding = false;
        loop {
            let changed = self.changed.notified();
            if self.lock().to_give_out.is_empty() {
                return;
            }
            changed.await;
        }
    }

    async fn step_down(&self) -> Result<(), LocalFault> {
        let mut inner = self.lock();
        (inner.is_leading, inner.is_deciding) = (false, false);
        inner.to_give_out.clear();
        inner.given_out.clear();
        if !self.wrong.waiters_survive {
            for (_, waiter) in inner.waiters.drain(..) {
                waiter.send(Answer::Unknown).ok();
            }
        }
        Ok(())
    }
}
