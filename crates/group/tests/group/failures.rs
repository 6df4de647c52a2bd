//! What must happen after each fault, one test a row.

mod engine;
mod membership;
mod nodes;

use std::time::Duration;

use tocos_group::Role;
use tokio::time::{Instant, sleep, timeout};

use crate::model::Answer;
use crate::nodes::{Group, LEASE};

/// Writes through one node, and waits for the answer.
async fn write(group: &Group, at: usize, key: u64) -> Answer {
    let up = group.up(at).unwrap();
    let answer = timeout(Duration::from_secs(60), up.process.run(up.model.write(key, key))).await;
    answer.expect("each write is answered")
}

/// Writes through whatever node leads, and tries again until it is done. Gives the event.
async fn write_until_done(group: &Group, key: u64) -> u64 {
    let begun = Instant::now();
    loop {
        if let Some(leader) = group.leading()
            && let Answer::Done(event) = write(group, leader, key).await
        {
            return event;
        }
        assert!(begun.elapsed() < LEASE * 10, "key {key} is not done");
        sleep(Duration::from_millis(20)).await;
    }
}

/// How often a key is in the shared log.
fn count(group: &Group, key: u64) -> usize {
    let frames = group.engine.frames();
    let events = frames.iter().filter_map(|frame| crate::frames::decode(&frame.bytes)).flat_map(|(_, events)| events);
    events.filter(|event| matches!(event, crate::frames::Event::Op { key: found, .. } if *found == key)).count()
}

/// How many nodes may answer as the leader.
fn leads(group: &Group) -> usize {
    group.all_up().iter().filter(|up| !up.process.is_stopped() && up.handle.status().leads()).count()
}

fn role(group: &Group, at: usize) -> Role {
    group.up(at).unwrap().role()
}
