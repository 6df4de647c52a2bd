//! Names, and nodes that come from the past.

use std::time::Duration;

use tocos_group::{Ended, Role};
use tocos_sharedlog::SharedLog;
use tokio::time::{Instant, sleep, timeout};

use super::{role, write, write_until_done};
use crate::nodes::{Group, LEASE};

#[tokio::test(start_paused = true)]
async fn the_second_process_with_a_name_ends_and_the_first_goes_on() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    for (at, name) in [(leader, format!("node-{leader}")), (1 - leader, format!("node-{}", 1 - leader))] {
        let files = group.up(at).unwrap().model.files();
        let second = group.start_as(&name, 77, files);
        let ended = timeout(LEASE * 2, second.handle.ended()).await.expect("it ends");
        let Err(Ended::NameTaken { node, seen_ago }) = ended else { panic!("it ended with {ended:?}") };
        assert_eq!(node, name);
        assert!(seen_ago < LEASE);
        assert_eq!(second.role(), Role::Stopped);
        assert!(second.note().contains("another process is node"), "{}", second.note());
        sleep(LEASE).await;
        assert_eq!(group.leading(), Some(leader));
        assert!(matches!(role(&group, at), Role::Leader | Role::Follower));
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_whose_name_was_taken_while_it_stood_still_ends() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    let first = group.up(leader).unwrap();
    let files = first.model.files();
    first.process.stop();
    sleep(LEASE * 2).await;
    let second = group.start_as(&first.name, 77, files);
    group.until("it follows", LEASE * 2, || second.role() == Role::Follower).await;
    first.process.go_on();
    let ended = timeout(LEASE * 2, first.handle.ended()).await.expect("it ends");
    assert!(matches!(ended, Err(Ended::NameTaken { .. })), "{ended:?}");
    assert_eq!(second.role(), Role::Follower);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_killed_comes_back_under_its_name() {
    let group = Group::started(2).await;
    let follower = group.follower();
    sleep(LEASE).await;
    group.kill(follower);
    let begun = Instant::now();
    group.start(follower);
    group.until("it follows", LEASE * 2, || role(&group, follower) == Role::Follower).await;
    assert!(begun.elapsed() <= LEASE + Duration::from_millis(500), "it took {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_left_behind_says_that_it_must_start_from_the_archive() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    let follower = group.follower();
    write(&group, leader, 1).await;
    group.until_level().await;
    group.kill(follower);
    for key in 2..=20 {
        write(&group, leader, key).await;
    }
    assert!(group.engine.log().prune(15, Duration::ZERO).await.unwrap() > 0);
    let again = group.start(follower);
    let ended = timeout(LEASE * 3, again.handle.ended()).await.expect("it ends");
    assert_eq!(ended, Err(Ended::Pruned { last_event: 2, first_event: 15 }));
    assert!(again.note().contains("Empty this node's data directory"), "{}", again.note());
    // With what the archive has it follows.
    group.kill(follower);
    let files = group.up(leader).unwrap().model.files();
    group.set_files(follower, |old| *old = files[..16].to_vec());
    group.start(follower);
    group.until_level().await;
    assert_eq!(role(&group, follower), Role::Follower);
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_last_frame_was_just_pruned_goes_on() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    let follower = group.follower();
    for key in 1..=9 {
        write(&group, leader, key).await;
    }
    group.until_level().await;
    group.kill(follower);
    write(&group, leader, 10).await;
    assert_eq!(group.engine.log().prune(11, Duration::ZERO).await.unwrap(), 11);
    group.start(follower);
    group.until_level().await;
    assert_eq!(role(&group, follower), Role::Follower);
}

#[tokio::test(start_paused = true)]
async fn a_fork_is_noticed_also_where_the_frames_before_it_were_pruned() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    for key in 1..=9 {
        write(&group, leader, key).await;
    }
    group.until_level().await;
    let follower = group.follower();
    group.kill(follower);
    let other = Group::started(1).await;
    for key in 101..=109 {
        write_until_done(&other, key).await;
    }
    let forked = other.up(0).unwrap().model.files();
    assert_eq!(forked.last().unwrap().last_event, 10);
    group.set_files(follower, |files| *files = forked);
    write(&group, leader, 10).await;
    assert_eq!(group.engine.log().prune(11, Duration::ZERO).await.unwrap(), 11);
    let again = group.start(follower);
    group.until("it has diverged", LEASE * 3, || again.role() == Role::Diverged).await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_node_reads_the_whole_log_in_parts() {
    let group = Group::started(1).await;
    for key in 1..=200 {
        write(&group, 0, key).await;
    }
    let (handle, late) = {
        let late = group.start_as("late", 5, Vec::new());
        (late.handle.clone(), late)
    };
    group.until("it has all", LEASE, || late.event() == group.engine.tip().last_event).await;
    assert_eq!(handle.status().figures().role, Role::Follower);
    // The log has more bytes than are read at a time.
    let reads = group.recorder.lines().iter().filter(|line| line.contains("late reads behind")).count();
    assert!(reads > 20, "only {reads} reads");
}
