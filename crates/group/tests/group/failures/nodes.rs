//! Nodes that are killed, stopped and cut off, and handovers.

use std::time::Duration;

use tocos_group::{HandedOver, Role};
use tokio::time::{Instant, sleep};

use super::{count, leads, role, write, write_until_done};
use crate::model::Answer;
use crate::nodes::{Group, LEASE};

#[tokio::test(start_paused = true)]
async fn a_group_gets_one_leader_and_all_have_what_it_writes() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    for key in 1..=20 {
        assert_eq!(write(&group, leader, key).await, Answer::Done(key + 1));
    }
    group.until_level().await;
    let all_know = || group.all_up().iter().all(|up| up.handle.status().leader().is_some());
    group.until("all know who leads", LEASE / 4, all_know).await;
    assert_eq!(leads(&group), 1);
    for up in group.all_up() {
        let figures = up.handle.status().figures();
        assert_eq!((figures.last_event, figures.tip_event, figures.epoch), (21, 21, 1), "{}", up.name);
        assert_eq!(figures.leader.unwrap().node, format!("node-{leader}"));
        assert!(figures.behind <= LEASE / 6, "{} is {:?} behind", up.name, figures.behind);
    }
    let figures = group.up(leader).unwrap().handle.status().figures();
    assert_eq!((figures.appends, figures.faults, figures.rivals), (21, 0, 0));
    assert_eq!(figures.members.len(), 3);
    assert_eq!(figures.is_synchronous, Some(true));
}

#[tokio::test(start_paused = true)]
async fn writes_go_on_within_the_lease_and_two_seconds_when_the_leader_is_killed() {
    for number in 0..20 {
        let group = Group::started(3).await;
        let leader = group.leader().await;
        sleep(Duration::from_millis(number * 77)).await;
        assert_eq!(write(&group, leader, 1).await, Answer::Done(2));
        let up = group.up(leader).unwrap();
        let under_way = tokio::spawn(async move { up.model.write(2, 2).await });
        group.kill(leader);
        let begun = Instant::now();
        assert_eq!(under_way.await.unwrap(), Answer::NotLeader);
        write_until_done(&group, 2).await;
        let took = begun.elapsed();
        assert!(took < LEASE + Duration::from_secs(2), "it took {took:?}");
        assert_eq!((count(&group, 1), count(&group, 2)), (1, 1));
        // The one that was killed comes back, and follows.
        group.start(leader);
        group.until("it follows", LEASE * 2, || role(&group, leader) == Role::Follower).await;
        group.until_level().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_stood_still_past_its_lease_answers_nothing_as_the_leader() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    let up = group.up(leader).unwrap();
    assert_eq!(write(&group, leader, 1).await, Answer::Done(2));
    up.process.stop();
    // Its clients have sent something that it reads when it goes on.
    let late = {
        let up = up.clone();
        tokio::spawn(async move { up.process.run(up.model.write(2, 2)).await })
    };
    sleep(LEASE * 2).await;
    let next = group.leader().await;
    assert_ne!(next, leader);
    write_until_done(&group, 3).await;
    up.process.go_on();
    // Before any task of it has run it knows by the clock.
    assert!(!up.handle.status().leads());
    assert_eq!(up.role(), Role::Leader);
    assert!(matches!(late.await.unwrap(), Answer::Unknown | Answer::NotLeader));
    group.until("it follows", LEASE, || up.role() == Role::Follower).await;
    group.until_level().await;
    assert_eq!((count(&group, 2), count(&group, 3)), (0, 1));
    assert_eq!(leads(&group), 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_stops_leading_before_another_leads() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    let up = group.up(leader).unwrap();
    up.log.cut();
    let under_way = {
        let up = up.clone();
        tokio::spawn(async move { up.model.write(1, 1).await })
    };
    let begun = Instant::now();
    let mut changed_after = None;
    while begun.elapsed() < LEASE * 2 {
        assert!(leads(&group) <= 1, "two nodes answer as the leader");
        if up.role() != Role::Leader {
            changed_after.get_or_insert(begun.elapsed());
            assert_eq!(write(&group, leader, 2).await, Answer::NotLeader);
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(changed_after.unwrap() <= LEASE, "it stopped after {changed_after:?}");
    assert_eq!(under_way.await.unwrap(), Answer::Unknown);
    assert!(up.handle.status().figures().faults > 0);
    write_until_done(&group, 3).await;
    up.log.heal();
    group.until_level().await;
    assert_eq!(up.role(), Role::Follower);
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_is_cut_off_says_how_far_it_is_behind_and_catches_up() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    let follower = group.up(group.follower()).unwrap();
    follower.log.cut();
    sleep(LEASE * 4).await;
    for key in 1..=50 {
        write(&group, leader, key).await;
    }
    let figures = follower.handle.status().figures();
    assert_eq!((figures.role, figures.last_event), (Role::Follower, 1));
    assert!(figures.behind > LEASE * 3, "it says {:?}", figures.behind);
    assert_eq!(follower.model.read_durable(), (1, 0));
    follower.log.heal();
    group.until_level().await;
    assert!(follower.handle.status().figures().behind < LEASE / 3);
    assert_eq!(group.leading(), Some(leader));
}

#[tokio::test(start_paused = true)]
async fn a_leader_hands_over_without_losing_anything() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    let up = group.up(leader).unwrap();
    let mut writes = Vec::new();
    for key in 1..=30 {
        let up = up.clone();
        writes.push(tokio::spawn(async move { up.model.write(key, key).await }));
    }
    sleep(Duration::from_millis(1)).await;
    sleep(LEASE / 2).await;
    let HandedOver::To(next) = up.handle.hand_over().await else { panic!("there are two others") };
    assert_eq!(up.role(), Role::Follower);
    assert!(!up.handle.status().leads());
    let begun = Instant::now();
    group.leader().await;
    // A look at the lease takes place about every third of it.
    assert!(begun.elapsed() < LEASE / 2, "it took {:?}", begun.elapsed());
    assert_eq!(group.up(group.leading().unwrap()).unwrap().name, next);
    for (key, written) in writes.into_iter().enumerate() {
        assert_eq!(written.await.unwrap(), Answer::Done(key as u64 + 2));
    }
    assert_eq!(write(&group, leader, 99).await, Answer::NotLeader);
    assert_eq!(up.handle.hand_over().await, HandedOver::NotLeading);
}

#[tokio::test(start_paused = true)]
async fn what_was_decided_before_a_handover_is_appended_first() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    let up = group.up(leader).unwrap();
    sleep(LEASE).await;
    let slow = Duration::from_millis(50)..=Duration::from_millis(100);
    group.engine.set_faults(tocos_sharedlog::memory::Faults { before: slow, ..Default::default() });
    let mut writes = Vec::new();
    for key in 1..=100 {
        let up = up.clone();
        writes.push(tokio::spawn(async move { up.model.write(key, key).await }));
    }
    sleep(Duration::from_millis(1)).await;
    assert!(matches!(up.handle.hand_over().await, HandedOver::To(_)));
    for written in writes {
        assert!(matches!(written.await.unwrap(), Answer::Done(_)));
    }
    assert_eq!(up.event(), 101);
}

#[tokio::test(start_paused = true)]
async fn a_leader_without_a_successor_leads_on() {
    let group = Group::started(1).await;
    let up = group.up(0).unwrap();
    assert_eq!(up.handle.hand_over().await, HandedOver::NoSuccessor);
    assert_eq!(up.role(), Role::Leader);
    assert_eq!(write(&group, 0, 1).await, Answer::Done(2));
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_ends_lets_the_next_one_lead_at_once() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    sleep(LEASE / 2).await;
    let up = group.up(leader).unwrap();
    assert_eq!(up.handle.stop().await, Ok(()));
    assert_eq!(up.role(), Role::Stopped);
    group.kill(leader);
    let begun = Instant::now();
    let next = group.leader().await;
    assert!(begun.elapsed() < LEASE / 2, "it took {:?}", begun.elapsed());
    let last = group.up(next).unwrap();
    // It is the only one, so that anybody may lead after it, also itself.
    sleep(LEASE).await;
    assert_eq!(last.handle.status().figures().members.len(), 1);
    assert_eq!(last.handle.stop().await, Ok(()));
    group.kill(next);
    group.start(next);
    let begun = Instant::now();
    group.leader().await;
    assert!(begun.elapsed() < LEASE / 4, "it took {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_leader_ends_in_time_also_while_the_engine_is_away() {
    let group = Group::started(2).await;
    let up = group.up(group.leader().await).unwrap();
    group.engine.stop();
    let begun = Instant::now();
    assert_eq!(up.handle.stop().await, Ok(()));
    assert!(begun.elapsed() < LEASE * 2, "it took {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_node_ends_when_nobody_holds_it_any_more() {
    let group = Group::started(1).await;
    let mut status = group.up(0).unwrap().handle.status();
    // The handles in the group are gone with it.
    drop(group);
    sleep(LEASE).await;
    status.update(|_| {});
    assert_eq!(status.role(), Role::Stopped);
    status = Default::default();
    assert_eq!(status.role(), Role::Joining);
}
