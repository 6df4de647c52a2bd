//! The engine fails: it is away, slow, loses answers, or is replaced by a standby that lacks something.

use std::time::Duration;

use tocos_group::{Local, LocalFrame, Role};
use tocos_sharedlog::memory::Faults;
use tocos_sharedlog::{Appended, Head, NewFrame, SharedLog};
use tokio::time::{Instant, sleep};

use super::{count, role, write, write_until_done};
use crate::frames::{Event, encode};
use crate::model::Answer;
use crate::nodes::{Group, LEASE};

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Everything but appends works; appends can be read, and get no answer.
fn unreplicated() -> Faults {
    Faults { unreplicated_per_mille: 1_000, away_after: ms(5)..=ms(5), ..Faults::default() }
}

/// A frame behind another one.
fn new_frame(head: &Head, key: u64) -> (NewFrame, LocalFrame) {
    let frame = encode(head.hash, head.last_event + 1, head.last_event, &[Event::Op { key, amount: key }]);
    let (first_event, last_event, hash) = (frame.first_event, frame.last_event, frame.hash);
    let new = Head { n: head.n + 1, epoch: head.epoch, first_event, last_event, hash };
    (NewFrame { head: new, prev: head.hash, bytes: frame.bytes.clone() }, frame)
}

#[tokio::test(start_paused = true)]
async fn writes_go_on_when_a_synchronous_standby_takes_over() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    for key in 1..=10 {
        write(&group, leader, key).await;
    }
    assert_eq!(group.engine.promote_without(0), 0);
    let begun = Instant::now();
    write_until_done(&group, 11).await;
    assert!(begun.elapsed() < LEASE, "it took {:?}", begun.elapsed());
    group.until_level().await;
    assert!((1..=11).all(|key| count(&group, key) == 1));
}

#[tokio::test(start_paused = true)]
async fn a_leader_appends_again_what_the_engine_forgot() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    for key in 1..=10 {
        write(&group, leader, key).await;
    }
    let before = group.engine.frames();
    assert_eq!(group.engine.promote_without(3), 3);
    write_until_done(&group, 11).await;
    let up = group.up(leader).unwrap();
    assert_eq!((up.role(), up.handle.status().figures().healed_frames), (Role::Leader, 3));
    for (before, after) in before.iter().zip(group.engine.frames()) {
        assert_eq!((before.head, &before.bytes), (after.head, &after.bytes));
    }
    group.until_level().await;
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_has_nothing_to_do_notices_too_that_the_engine_forgot() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    for key in 1..=10 {
        write(&group, leader, key).await;
    }
    group.until_level().await;
    group.engine.promote_without(3);
    group.until("it is appended again", LEASE * 3, || group.engine.tip().last_event == 11).await;
    group
        .until("nobody is behind", LEASE, || group.all_up().iter().all(|up| up.note().is_empty() || up.event() == 11))
        .await;
    assert!((1..=10).all(|key| count(&group, key) == 1));
}

#[tokio::test(start_paused = true)]
async fn the_next_leader_appends_again_what_the_engine_forgot() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    for key in 1..=10 {
        write(&group, leader, key).await;
    }
    group.until_level().await;
    group.kill(leader);
    group.engine.promote_without(4);
    assert_eq!(group.engine.tip().last_event, 7);
    write_until_done(&group, 11).await;
    assert!((1..=11).all(|key| count(&group, key) == 1));
    let next = group.up(group.leading().unwrap()).unwrap();
    assert_eq!(next.handle.status().figures().healed_frames, 4);
}

#[tokio::test(start_paused = true)]
async fn the_node_that_is_furthest_leads_when_the_engine_forgot() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    let behind = group.follower();
    let further = (0..3).find(|at| *at != leader && *at != behind).unwrap();
    write(&group, leader, 1).await;
    group.until_level().await;
    group.up(behind).unwrap().process.stop();
    for key in 2..=6 {
        write(&group, leader, key).await;
    }
    group.until("the other one has it", LEASE, || group.up(further).unwrap().event() == 7).await;
    group.kill(leader);
    // The engine forgets all that the one behind lacks; it comes back first.
    group.engine.promote_without(5);
    group.up(behind).unwrap().process.go_on();
    write_until_done(&group, 7).await;
    assert_eq!(group.leading(), Some(further));
    assert!((1..=7).all(|key| count(&group, key) == 1));
    group.until_level().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_frames_the_group_lost_sets_itself_aside() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    write(&group, leader, 1).await;
    group.until_level().await;
    let lost = group.up(leader).unwrap();
    // The followers do not get what comes.
    let others: Vec<_> = group.all_up().into_iter().filter(|up| up.name != lost.name).collect();
    others.iter().for_each(|up| up.process.stop());
    assert_eq!(write(&group, leader, 2).await, Answer::Done(3));
    lost.log.cut();
    group.engine.promote_without(1);
    others.iter().for_each(|up| up.process.go_on());
    write_until_done(&group, 3).await;
    lost.log.heal();
    group.until("it has diverged", LEASE * 3, || lost.role() == Role::Diverged).await;
    assert!(
        lost.note().contains("went on without frames of this node: here the log ends with event 3"),
        "{}",
        lost.note()
    );
    assert!(!lost.handle.status().leads());
    // It stays so, is no member, and nothing of it is changed.
    sleep(LEASE * 3).await;
    assert_eq!((lost.role(), lost.event()), (Role::Diverged, 3));
    let leader_now = group.up(group.leading().unwrap()).unwrap();
    assert_eq!(leader_now.handle.status().figures().members.len(), 2);
    assert_eq!(lost.handle.stop().await, Ok(()));
    // After a start it is the same.
    group.kill(leader);
    let again = group.start(leader);
    group.until("it has diverged", LEASE * 2, || again.role() == Role::Diverged).await;
    assert_eq!(again.event(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_slow_engine_makes_slow_writes() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    group.engine.set_faults(Faults { before: ms(100)..=ms(100), after: ms(100)..=ms(100), ..Faults::default() });
    let begun = Instant::now();
    for key in 1..=20 {
        assert_eq!(write(&group, leader, key).await, Answer::Done(key + 1));
    }
    assert!(begun.elapsed() < Duration::from_secs(9), "it took {:?}", begun.elapsed());
    sleep(LEASE * 3).await;
    assert_eq!(group.leading(), Some(leader));
    let figures = group.up(leader).unwrap().handle.status().figures();
    assert_eq!(figures.append_us_max, 200_000);
    assert!(figures.lease_age < LEASE);
}

#[tokio::test(start_paused = true)]
async fn frames_are_on_their_way_together_and_not_more_than_allowed() {
    let group = Group::started(1).await;
    group.engine.set_faults(Faults { before: ms(100)..=ms(100), ..Faults::default() });
    let up = group.up(0).unwrap();
    // Four are in a frame at most.
    let writes: Vec<_> = (1..=24)
        .map(|key| {
            let up = up.clone();
            tokio::spawn(async move { up.model.write(key, key).await })
        })
        .collect();
    let begun = Instant::now();
    sleep(ms(50)).await;
    assert_eq!(up.handle.status().figures().in_flight, 3);
    for written in writes {
        assert!(matches!(written.await.unwrap(), Answer::Done(_)));
    }
    // Six frames or one more, three at a time.
    assert!((ms(200)..=ms(300)).contains(&begun.elapsed()), "it took {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn writes_are_refused_while_the_engine_is_away_and_go_on_after() {
    let group = Group::started(3).await;
    let leader = group.leader().await;
    write(&group, leader, 1).await;
    group.engine.stop();
    let begun = Instant::now();
    // It may have been done or not.
    assert_eq!(write(&group, leader, 2).await, Answer::Unknown);
    assert!(begun.elapsed() <= LEASE);
    for _ in 0..60 {
        sleep(Duration::from_secs(1)).await;
        assert_eq!(write(&group, leader, 3).await, Answer::NotLeader);
        assert_eq!(super::leads(&group), 0);
    }
    group.engine.start();
    let begun = Instant::now();
    write_until_done(&group, 4).await;
    // Calls that were under way take up to three seconds to fail.
    assert!(begun.elapsed() < LEASE * 2, "it took {:?}", begun.elapsed());
    group.until_level().await;
    assert_eq!((count(&group, 1), count(&group, 3), count(&group, 4)), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_append_without_an_answer_is_found_and_not_done_twice() {
    for seed in 0..40 {
        let group = Group::started(2).await;
        sleep(ms(seed)).await;
        let faults = Faults { lost_per_mille: 400, away_after: ms(5)..=ms(5), ..Faults::default() };
        group.engine.set_faults(faults);
        for key in 1..=10 {
            write_until_done(&group, key).await;
        }
        group.engine.set_faults(Faults::default());
        group.until_level().await;
        assert!((1..=10).all(|key| count(&group, key) == 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_visible_is_not_acknowledged_before_an_append_is() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    group.engine.set_faults(unreplicated());
    let up = group.up(leader).unwrap();
    let written = {
        let up = up.clone();
        tokio::spawn(async move { up.model.write(1, 1).await })
    };
    group.until("it can be read", LEASE, || group.up(group.follower()).unwrap().event() >= 2).await;
    sleep(LEASE / 2).await;
    assert!(!written.is_finished(), "no append was acknowledged");
    assert_eq!(up.event(), 1);
    group.engine.set_faults(Faults::default());
    assert_eq!(written.await.unwrap(), Answer::Done(2));
    let confirmed = crate::frames::decode(&group.engine.frames().last().unwrap().bytes).unwrap().1;
    assert!(matches!(confirmed[..], [Event::Lead { .. }]));
    assert_eq!((count(&group, 1), role(&group, leader)), (1, Role::Leader));
}

#[tokio::test(start_paused = true)]
async fn what_was_visible_and_is_lost_was_never_acknowledged() {
    let group = Group::started(1).await;
    let up = group.up(0).unwrap();
    group.engine.set_faults(unreplicated());
    let written = tokio::spawn(async move { up.model.write(1, 1).await });
    sleep(ms(10)).await;
    assert_eq!(count(&group, 1), 1);
    group.kill(0);
    assert!(group.engine.promote_without(0) > 0);
    assert_eq!(written.await.unwrap(), Answer::Unknown);
    assert_eq!(count(&group, 1), 0);
}

#[tokio::test(start_paused = true)]
async fn a_frame_of_the_leader_before_that_wins_the_race_is_part_of_the_log() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    write(&group, leader, 1).await;
    group.until_level().await;
    group.kill(leader);
    // It arrives when the next leader has read all, and before its first frame does.
    let (late, _) = new_frame(&group.engine.tip(), 2);
    group.engine.set_faults(Faults { before: ms(30)..=ms(30), ..Faults::default() });
    let next = group.follower();
    group.until("it is about to lead", LEASE * 2, || !group.up(next).unwrap().model.is_following()).await;
    assert_eq!(group.engine.append_now(&late), Appended::Durable);
    write_until_done(&group, 3).await;
    assert_eq!((count(&group, 1), count(&group, 2), count(&group, 3)), (1, 1, 1));
    assert_eq!(group.up(next).unwrap().handle.status().figures().rivals, 0);
}

#[tokio::test(start_paused = true)]
async fn a_late_frame_of_the_leader_before_is_refused() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    write(&group, leader, 1).await;
    let (late, _) = new_frame(&group.engine.tip(), 2);
    group.kill(leader);
    write_until_done(&group, 3).await;
    assert_eq!(group.engine.append_now(&late), Appended::Refused);
    assert_eq!(count(&group, 2), 0);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_sees_a_greater_epoch_follows() {
    let group = Group::started(1).await;
    let up = group.up(0).unwrap();
    let tip = group.engine.tip();
    let other = Head { epoch: tip.epoch + 5, ..tip };
    assert_eq!(group.engine.append_now(&new_frame(&other, 7).0), Appended::Durable);
    assert_eq!(write(&group, 0, 1).await, Answer::Unknown);
    group.until("it leads again", LEASE * 3, || up.role() == Role::Leader).await;
    let figures = up.handle.status().figures();
    assert_eq!(figures.rivals, 1);
    assert_eq!(up.model.position().event, group.engine.tip().last_event);
    assert_eq!((count(&group, 7), count(&group, 1)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_frame_is_neither_applied_nor_skipped() {
    let group = Group::started(2).await;
    let leader = group.leader().await;
    group.until_level().await;
    group.kill(leader);
    let follower = group.up(group.follower()).unwrap();
    let (mut frame, _) = new_frame(&group.engine.tip(), 1);
    frame.bytes = frame.bytes.slice(..frame.bytes.len() - 1);
    assert_eq!(group.engine.append_now(&frame), Appended::Durable);
    sleep(LEASE * 4).await;
    assert_eq!((follower.role(), follower.event()), (Role::Follower, 1));
    let figures = follower.handle.status().figures();
    assert!(figures.note.contains("can't be applied"), "{}", figures.note);
    assert!((10..200).contains(&figures.faults), "{} faults", figures.faults);
    // It never leads behind a frame that it does not have.
    assert_eq!(group.engine.tip().n, 2);
    assert!(group.engine.log().lease().await.unwrap().unwrap().remaining.is_zero());
}
