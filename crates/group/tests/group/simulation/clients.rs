//! Clients that write and read through any node, and try again.

use std::time::Duration;

use tocos_group::Role;
use tokio::time::{sleep, timeout};

use crate::model::Answer;
use crate::nodes::{Group, Up};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client: it does one thing after the other.
pub(crate) struct Client {
    pub(crate) group: Group,
    pub(crate) rng: fastrand::Rng,
    /// Unlike those of all other clients.
    pub(crate) next_key: u64,
    /// The last event that it has seen.
    pub(crate) seen: u64,
    /// Its longest pause, in milliseconds.
    pub(crate) pause_ms: u64,
}

impl Client {
    pub(crate) async fn run(mut self) {
        loop {
            let longest = [5, 50, 500, self.pause_ms][self.rng.usize(0..4)];
            sleep(Duration::from_millis(self.rng.u64(0..=longest))).await;
            match self.rng.u32(0..12) {
                10..12 => self.write_many().await,
                0..6 => self.write_with_key().await,
                6..8 => self.write_without_key().await,
                8 => self.read_anywhere().await,
                _ => self.read_from_leader().await,
            }
        }
    }

    /// A node: mostly the one that somebody says leads.
    fn node(&mut self) -> Option<Up> {
        let any = self.group.up(self.rng.usize(0..self.group.len()));
        if self.rng.u32(0..4) == 0 {
            return any;
        }
        let leader = any.as_ref()?.handle.status().leader()?.node;
        self.group.all_up().into_iter().find(|up| up.name == leader)
    }

    async fn write_once(&mut self, key: u64, amount: u64) -> Answer {
        let Some(up) = self.node() else { return Answer::NotLeader };
        let writing = up.process.run(up.model.write(key, amount));
        let answer = timeout(PATIENCE, writing).await.unwrap_or(Answer::Unknown);
        self.group.recorder.trace(|| format!("client: key {key} through {}: {answer:?}", up.name));
        answer
    }

    fn next_write(&mut self) -> (u64, u64) {
        self.next_key += 1;
        (self.next_key, self.rng.u64(1..1_000_000))
    }

    /// Tries again until it is known, or it loses patience.
    async fn write_with_key(&mut self) {
        let (key, amount) = self.next_write();
        for _ in 0..self.rng.u32(1..30) {
            if let Answer::Done(event) = self.write_once(key, amount).await {
                self.group.recorder.done(key, event);
                self.seen = self.seen.max(event);
                return;
            }
            sleep(Duration::from_millis(self.rng.u64(10..400))).await;
        }
    }

    /// More than a frame at a time, each once.
    async fn write_many(&mut self) {
        let Some(up) = self.node() else { return };
        let mut writing = Vec::new();
        for _ in 0..self.rng.usize(5..15) {
            let (key, amount) = self.next_write();
            let (up, recorder) = (up.clone(), self.group.recorder.clone());
            writing.push(tokio::spawn(async move {
                let answer = timeout(PATIENCE, up.process.run(up.model.write(key, amount))).await;
                match answer.unwrap_or(Answer::Unknown) {
                    Answer::Done(event) => recorder.done(key, event),
                    Answer::NotLeader => recorder.not_done(key),
                    Answer::Unknown => {}
                }
            }));
        }
        for write in writing {
            write.await.unwrap();
        }
    }

    /// Tries again only while it was certainly not done.
    async fn write_without_key(&mut self) {
        let (key, amount) = self.next_write();
        for _ in 0..10 {
            match self.write_once(key, amount).await {
                Answer::Done(event) => {
                    self.group.recorder.done(key, event);
                    self.seen = self.seen.max(event);
                    return;
                }
                Answer::Unknown => return,
                Answer::NotLeader => sleep(Duration::from_millis(self.rng.u64(10..400))).await,
            }
        }
        self.group.recorder.not_done(key);
    }

    /// From whatever node, as of what it has seen or later.
    async fn read_anywhere(&mut self) {
        let Some(up) = self.group.up(self.rng.usize(0..self.group.len())) else { return };
        let seen = self.seen;
        let reading = up.process.run(async {
            loop {
                let (event, sum) = up.model.read_durable();
                let serves = matches!(up.role(), Role::Follower | Role::Candidate | Role::Leader | Role::HandingOver);
                if event >= seen && serves {
                    return (event, sum);
                }
                sleep(Duration::from_millis(20)).await;
            }
        });
        if let Ok((event, sum)) = timeout(PATIENCE, reading).await {
            self.group.recorder.read(event, sum);
            self.seen = event;
        }
    }

    /// It must have all that any client was told before.
    async fn read_from_leader(&mut self) {
        let Some(up) = self.node() else { return };
        let done = self.group.recorder.last_done();
        let reading = up.process.run(async {
            let read = up.model.read_decided().await?;
            up.handle.status().leads().then_some(read)
        });
        if let Ok(Some((event, sum))) = timeout(PATIENCE, reading).await {
            self.group.recorder.read_from_leader(event, done, &up.name);
            self.group.recorder.read(event, sum);
            self.seen = self.seen.max(event);
        }
    }
}
