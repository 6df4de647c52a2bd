//! A ledger as a member of a group: one decides, others follow, and a leader that loses goes back to what is certain.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tempfile::TempDir;
use tocos_engine::{
    AsOf, ClockOptions, Durable, Engine, EngineOptions, FollowError, Member, MemberOptions, Rejection, Submitted,
    Unavailable, verify,
};
use tocos_journal::Sealed;
use tocos_ledger::{CreateKey, Marks, Operation, Request, Right};

const LEDGER: [u8; 16] = [0x87; 16];

/// A node of a group, whose frames the test carries.
struct Node {
    dir: TempDir,
    options: EngineOptions,
    engine: Option<Engine>,
}

impl Node {
    fn new(name: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let member = MemberOptions { node: name.to_owned(), ledger_id: LEDGER, seed: [3; 16] };
        let options = EngineOptions {
            segment_bytes: 4 << 10,
            snapshot_every_events: 40,
            member: Some(member),
            ..EngineOptions::new(dir.path().join("data"))
        };
        let engine = Engine::open(&options).unwrap().0;
        Self { dir, options, engine: Some(engine) }
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    fn member(&self) -> Member {
        self.engine().member().unwrap()
    }

    fn lead(&self, epoch: u64) {
        self.member().lead(epoch, ClockOptions::default()).unwrap();
    }

    /// What went out and has not been taken yet.
    fn outgoing(&self) -> Vec<Sealed> {
        let member = self.member();
        let context = Context::from_waker(Waker::noop());
        let mut frames = Vec::new();
        while let Poll::Ready(frame) = member.poll_outgoing(&context) {
            frames.push(frame);
        }
        frames
    }

    /// All that goes out is acknowledged, and followed by others.
    fn carry(&self, others: &[&Self]) -> usize {
        let mut count = 0;
        loop {
            let frames = self.outgoing();
            if frames.is_empty() {
                return count;
            }
            count += frames.len();
            for frame in &frames {
                self.member().acknowledge().unwrap();
                for other in others {
                    other.follow(frame).unwrap();
                }
            }
        }
    }

    /// Acknowledges what goes out until this is durable.
    fn settle(&self, seen: AsOf) {
        while self.poll(seen).is_pending() {
            self.outgoing();
            let _nothing_went_out = self.member().acknowledge();
        }
    }

    fn follow(&self, frame: &Sealed) -> Result<(), FollowError> {
        self.member().follow(&Sealed::parse(frame.bytes().to_vec()).unwrap())
    }

    fn submit(&self, key: Option<&str>, operation: Operation<'_>) -> Result<Submitted<()>, Rejection> {
        let request = Request { operation, key, metadata: None, reference: None, by: 0 };
        let submitted = self.engine().submit(&request, false, |_, _| ());
        self.engine().seal();
        submitted
    }

    fn grant(&self, user: &str, amount: u64) -> AsOf {
        self.submit(None, Operation::Grant { user, coin: "toco", amount, marks: Marks::PLAIN, lot: false })
            .unwrap()
            .seen
    }

    fn total(&self, user: &str) -> Result<i64, Unavailable> {
        let seen = self.engine().read(|ledger, now| {
            let user = ledger.find_user(user)?;
            let coin = ledger.require_coin("toco").ok()?;
            let account = ledger.state().account_of(user, coin)?;
            Some(ledger.state().account(account).balance(now).total)
        })?;
        Ok(seen.value.unwrap_or(0))
    }

    /// Ends the process without closing anything, as far as a test can, and starts it again.
    fn restart(&mut self) {
        self.engine.take().unwrap().close().unwrap();
        self.engine = Some(Engine::open(&self.options).unwrap().0);
    }

    fn poll(&self, seen: AsOf) -> Poll<Result<(), Unavailable>> {
        let mut durable: Durable = self.engine().durable(seen);
        Pin::new(&mut durable).poll(&mut Context::from_waker(Waker::noop()))
    }
}

use std::future::Future as _;

/// A leader and a follower, with two users.
fn group() -> (Node, Node) {
    let (leader, follower) = (Node::new("a"), Node::new("b"));
    leader.lead(1);
    for user in ["ana", "bob"] {
        leader.submit(None, Operation::PutUser { user, name: None }).unwrap();
    }
    leader.grant("ana", 100);
    leader.carry(&[&follower]);
    (leader, follower)
}

#[test]
fn the_first_frame_of_a_leader_says_that_it_leads_and_nothing_else() {
    let node = Node::new("a");
    node.lead(7);
    let frames = node.outgoing();
    assert_eq!(frames.len(), 1);
    assert_eq!((frames[0].header().first, frames[0].header().count), (1, 1));
    node.member().acknowledge().unwrap();
    let stored = node.engine().event(1).unwrap();
    let event = stored.decode().unwrap();
    assert_eq!(event.fact, tocos_ledger::Fact::Leader { epoch: 7, node: "a" });
}

#[test]
fn a_follower_has_what_the_leader_has_and_decides_nothing() {
    let (leader, follower) = group();
    assert_eq!(leader.member().position(), follower.member().position());
    assert_eq!(follower.total("ana"), Ok(100));
    let refused = follower.submit(None, Operation::PutUser { user: "eve", name: None });
    assert_eq!(refused, Err(Rejection::Unavailable(Unavailable::NotLeader)));
    assert_eq!(follower.outgoing().len(), 0);
    assert!(matches!(leader.follow(&leader.member().frames_after(0, 1).unwrap()[0]), Err(FollowError::NotNext(_))));
}

#[test]
fn nothing_is_answered_or_written_before_it_was_acknowledged() {
    let (leader, _follower) = group();
    let before = leader.member().position();
    let seen = leader.grant("ana", 5);
    assert_eq!(leader.poll(seen), Poll::Pending);
    assert_eq!(leader.outgoing().len(), 1);
    assert_eq!(leader.poll(seen), Poll::Pending);
    assert_eq!(leader.member().position(), before);
    leader.member().acknowledge().unwrap();
    assert_eq!(leader.poll(seen), Poll::Ready(Ok(())));
    assert_eq!(leader.member().position().event, seen.event);
    assert!(matches!(leader.member().acknowledge(), Err(FollowError::NotNext(_))));
}

#[test]
fn a_frame_fills_while_another_is_on_its_way_unless_it_is_large() {
    let (leader, _follower) = group();
    leader.grant("ana", 5);
    assert_eq!(leader.outgoing().len(), 1);
    let (second, third) = (leader.grant("ana", 6), leader.grant("bob", 7));
    assert_eq!(leader.outgoing().len(), 0);
    leader.member().acknowledge().unwrap();
    let frames = leader.outgoing();
    assert_eq!(frames.iter().map(|frame| frame.header().count).collect::<Vec<_>>(), [2]);
    let large: Vec<_> = (0..1_100).map(|_| leader.grant("ana", 1)).collect();
    assert!(!leader.outgoing().is_empty(), "so many do not wait");
    leader.settle(*large.last().unwrap());
    for seen in [second, third].into_iter().chain(large) {
        assert_eq!(leader.poll(seen), Poll::Ready(Ok(())));
    }
}

#[test]
fn what_confirms_the_lead_does_not_wait_for_what_is_on_its_way() {
    let (leader, _follower) = group();
    let waiting = leader.grant("ana", 5);
    assert_eq!(leader.outgoing().len(), 1);
    let behind = leader.grant("ana", 6);
    assert_eq!(leader.outgoing().len(), 0, "it fills");
    leader.member().confirm_lead().unwrap();
    assert_eq!(leader.outgoing().len(), 1, "it can acknowledge the one before");
    leader.member().acknowledge().unwrap();
    leader.member().acknowledge().unwrap();
    for seen in [waiting, behind] {
        assert_eq!(leader.poll(seen), Poll::Ready(Ok(())));
    }
}

#[test]
fn a_leader_that_loses_forgets_what_was_not_acknowledged_and_says_so_to_whoever_waits() {
    let (leader, follower) = group();
    let kept = leader.grant("ana", 5);
    leader.carry(&[&follower]);
    let (on_its_way, pending) = (leader.grant("ana", 7), leader.grant("bob", 9));
    assert_eq!(leader.outgoing().len(), 1);
    let later = leader.grant("bob", 1);
    leader.member().step_down().unwrap();
    assert_eq!(leader.poll(kept), Poll::Ready(Ok(())));
    for lost in [on_its_way, pending, later] {
        assert_eq!(leader.poll(lost), Poll::Ready(Err(Unavailable::LeadershipLost)));
    }
    assert_eq!((leader.total("ana"), leader.total("bob")), (Ok(105), Ok(0)));

    // Another one goes on under the same numbers: who waited for them before still hears that they were lost.
    follower.lead(2);
    follower.grant("bob", 30);
    follower.carry(&[&leader]);
    assert!(leader.member().position().event >= on_its_way.event);
    assert_eq!(leader.poll(on_its_way), Poll::Ready(Err(Unavailable::LeadershipLost)));
    assert_eq!((leader.total("ana"), leader.total("bob")), (Ok(105), Ok(30)));
    assert_eq!(leader.member().position(), follower.member().position());
}

#[test]
fn keys_of_what_was_lost_are_free_and_those_of_what_was_kept_are_not() {
    let (leader, follower) = group();
    let grant = |amount| Operation::Grant { user: "ana", coin: "toco", amount, marks: Marks::PLAIN, lot: false };
    // More than one snapshot and tables lie between.
    for number in 0..150 {
        leader.submit(Some(&format!("kept-{number}")), grant(1)).unwrap();
        leader.carry(&[&follower]);
    }
    leader.submit(Some("lost"), grant(1)).unwrap();
    leader.member().step_down().unwrap();
    assert_eq!(leader.total("ana"), Ok(250));
    leader.lead(3);
    for number in 0..150 {
        assert!(leader.submit(Some(&format!("kept-{number}")), grant(1)).unwrap().replayed, "kept-{number}");
    }
    let again = leader.submit(Some("lost"), grant(1)).unwrap();
    assert!(!again.replayed);
    leader.carry(&[&follower]);
    assert_eq!((leader.total("ana"), follower.total("ana")), (Ok(251), Ok(251)));
    follower.lead(4);
    assert!(follower.submit(Some("lost"), grant(1)).unwrap().replayed);
}

#[test]
fn a_handover_drops_nothing() {
    let (leader, follower) = group();
    let seen = leader.grant("ana", 5);
    let member = leader.member();
    let context = Context::from_waker(Waker::noop());
    assert_eq!(member.poll_stop_deciding(&context), Poll::Pending);
    assert_eq!(
        leader.submit(None, Operation::PutUser { user: "eve", name: None }),
        Err(Rejection::Unavailable(Unavailable::NotLeader))
    );
    assert_eq!(leader.carry(&[&follower]), 1);
    assert_eq!(member.poll_stop_deciding(&context), Poll::Ready(()));
    assert_eq!(leader.poll(seen), Poll::Ready(Ok(())));
    member.step_down().unwrap();
    assert_eq!(leader.total("ana"), Ok(105));
    follower.lead(2);
    assert_eq!(follower.carry(&[&leader]), 1);
}

#[test]
fn a_copy_ends_its_segments_where_the_leader_did_and_passes_verify() {
    let (leader, mut follower) = group();
    for _ in 0..200 {
        leader.grant("ana", 1);
        leader.carry(&[&follower]);
    }
    let segments = leader.engine().reader().segments();
    assert!(segments.len() > 3, "{}", segments.len());
    let of = |node: &Node| node.engine().reader().segments().iter().map(|one| one.header).collect::<Vec<_>>();
    assert_eq!(of(&leader), of(&follower));
    follower.restart();
    assert_eq!(follower.total("ana"), Ok(300));
    assert_eq!(follower.member().position(), leader.member().position());
    assert!(follower.member().known_durable() > 0);
    leader.grant("bob", 2);
    leader.carry(&[&follower]);
    follower.engine.take().unwrap().close().unwrap();
    let report = verify(&follower.options.data_dir).unwrap();
    assert_eq!(report.events, leader.member().position().event);
    drop(follower.dir);
}

#[test]
fn frames_of_another_place_or_another_ledger_are_refused_and_change_nothing() {
    let (leader, follower) = group();
    leader.grant("ana", 1);
    leader.carry(&[]);
    leader.grant("ana", 1);
    leader.carry(&[]);
    let frames = leader.member().frames_after(follower.member().position().event, usize::MAX).unwrap();
    assert_eq!(frames.len(), 2);
    let before = follower.member().position();
    // One too far, one again, one with a flipped bit.
    assert!(matches!(follower.follow(&frames[1]), Err(FollowError::NotNext(_))));
    follower.follow(&frames[0]).unwrap();
    assert!(matches!(follower.follow(&frames[0]), Err(FollowError::NotNext(_))));
    for at in [0, 40, 70, 100, frames[1].bytes().len() - 1] {
        let mut bytes = frames[1].bytes().to_vec();
        bytes[at] ^= 1;
        assert!(Sealed::parse(bytes).is_err(), "byte {at}");
    }
    assert!(follower.member().position().event > before.event);
    let other = Node::new("c");
    assert!(matches!(other.follow(&frames[1]), Err(FollowError::NotNext(_))));
    assert_eq!(other.member().position().event, 0);
}

#[test]
fn what_comes_due_is_expired_by_the_leader_alone() {
    let (leader, follower) = group();
    let at = leader.engine().read(|_, now| now).unwrap().value;
    let marks = Marks { expires_at: Some(at + 50_000), ..Marks::PLAIN };
    leader.submit(None, Operation::Grant { user: "bob", coin: "toco", amount: 8, marks, lot: false }).unwrap();
    leader.carry(&[&follower]);
    std::thread::sleep(Duration::from_millis(400));
    // The follower shows the ledger as of its last event, and writes nothing by itself.
    assert_eq!(follower.total("bob"), Ok(8));
    assert_eq!(follower.outgoing().len(), 0);
    assert!(leader.carry(&[&follower]) > 0, "an idle leader expires by itself");
    assert_eq!(follower.total("bob"), Ok(0));
}

#[test]
fn changes_of_api_keys_are_counted_where_they_are_followed() {
    let (leader, follower) = group();
    assert_eq!(follower.engine().key_changes(), 0);
    let create = CreateKey { name: "k", hash: [1; 32], right: Right::Admin, expires_at: None };
    leader.submit(None, Operation::CreateKey(create)).unwrap();
    leader.carry(&[&follower]);
    assert_eq!(follower.engine().key_changes(), 1);
    leader.grant("ana", 1);
    leader.carry(&[&follower]);
    assert_eq!(follower.engine().key_changes(), 1);
}

#[test]
fn an_alone_ledger_is_no_member_and_a_member_needs_its_own_ledger() {
    let mut node = Node::new("a");
    node.engine.take().unwrap().close().unwrap();
    let other = MemberOptions { node: "a".to_owned(), ledger_id: [0x99; 16], seed: [3; 16] };
    let options = EngineOptions { member: Some(other), ..node.options.clone() };
    let error = Engine::open(&options).unwrap_err().to_string();
    assert!(error.contains("another ledger than the shared log"), "{error}");
    let alone = EngineOptions { member: None, ..node.options.clone() };
    let (engine, _) = Engine::open(&alone).unwrap();
    assert!(engine.member().is_none());
    engine.close().unwrap();
}
