//! What is found is what looking at every user finds, whatever was created, renamed, closed, undone or lost.

use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use tempfile::TempDir;
use tocos_engine::{Batch, ClockOptions, EngineOptions, Member, MemberOptions};
use tocos_journal::Sealed;
use tocos_ledger::{Operation, Request, State};

use super::*;

/// A ledger, and its search.
struct Desk {
    engine: Engine,
    search: Search,
    runtime: tokio::runtime::Runtime,
    _dir: TempDir,
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _closed = self.engine.close();
    }
}

impl Desk {
    fn new() -> Self {
        Self::opened(None)
    }

    /// A member of a group; the test carries its frames.
    fn member(node: &str) -> Self {
        Self::opened(Some(MemberOptions { node: node.to_owned(), ledger_id: [7; 16], seed: [3; 16] }))
    }

    fn opened(member: Option<MemberOptions>) -> Self {
        let dir = TempDir::new().unwrap();
        let options =
            EngineOptions { member, snapshot_every_events: 600, ..EngineOptions::new(dir.path().join("data")) };
        let engine = Engine::open(&options).unwrap().0;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { engine, search: Search::default(), runtime, _dir: dir }
    }

    fn put(&self, user: &str, name: Option<&str>) -> AsOf {
        let request =
            Request { operation: Operation::PutUser { user, name }, key: None, metadata: None, reference: None, by: 0 };
        let submitted = self.engine.submit(&request, false, |_, _| ()).unwrap();
        self.engine.seal();
        submitted.seen
    }

    /// All or none of them; says whether they were done.
    fn batch(&self, operations: Vec<Operation<'_>>, dry_run: bool) -> bool {
        let requests: Vec<_> = operations
            .into_iter()
            .map(|operation| Request { operation, key: None, metadata: None, reference: None, by: 0 })
            .collect();
        let done = self.engine.submit_batch(&requests, Batch { atomic: true, dry_run, next_key: None }, |_, _| ());
        self.engine.seal();
        done.is_ok()
    }

    fn find(&self, part: &str, from: u32, most: usize) -> Vec<u32> {
        let wanted = folded(part);
        let searching = self.runtime.block_on(self.search.begin());
        let found = searching.find(&self.engine, &wanted, from, most).unwrap();
        found.users.into_iter().map(|id| id.0).collect()
    }

    /// The same by looking at every user.
    fn looked_up(&self, part: &str, from: u32, most: usize) -> Vec<u32> {
        let wanted = folded(part);
        let contains = |state: &State, id: UserId| {
            let name = state.profile(id).name.as_deref().unwrap_or_default();
            folded(&state.user(id).id).contains(&wanted) || folded(name).contains(&wanted)
        };
        let look = self.engine.read(|ledger, _| {
            let (state, users) = (ledger.state(), from..ledger.state().user_count() as u32);
            users.filter(|number| contains(state, UserId(*number))).take(most).collect()
        });
        look.unwrap().value
    }

    #[track_caller]
    fn check(&self, part: &str) {
        for (from, most) in [(0, usize::MAX), (0, 3), (1, 1), (511, 2), (512, 600), (700, 5)] {
            assert_eq!(self.find(part, from, most), self.looked_up(part, from, most), "{part:?} from {from}, {most}");
        }
    }

    fn pass(&self, milliseconds: u64) {
        self.runtime.block_on(async { tokio::time::sleep(Duration::from_millis(milliseconds)).await });
    }

    fn is_there(&self) -> bool {
        self.search.held.try_lock().is_ok_and(|held| held.is_some())
    }
}

const NAMES: [Option<&str>; 8] = [
    None,
    Some("José Ñandú"),
    Some("Jose\u{301} nandu"),
    Some("<img src=x onerror=alert(1)>"),
    Some("\u{202e}محمد علي"),
    Some("Straße"),
    Some("annA Ωmega"),
    Some("e"),
];

const PARTS: [&str; 14] = [
    "jose",
    "JOSÉ",
    "n",
    "user-1",
    "USER-12",
    "محمد",
    "onerror=alert(1)>",
    "strasse",
    "ann",
    "ωMEGA",
    "nobody",
    "e u",
    "9",
    "user-0001e",
];

#[derive(Clone, Debug)]
enum Step {
    Put(u16, usize),
    Close(u16),
    /// A batch that fails at its end, or is only tried.
    Undone(Vec<(u16, usize)>, bool),
    Batch(Vec<(u16, usize)>),
    Find(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let puts = || prop::collection::vec((0..1_300_u16, 0..NAMES.len()), 1..20);
    let step = prop_oneof![
        4 => (0..1_300_u16, 0..NAMES.len()).prop_map(|(user, name)| Step::Put(user, name)),
        1 => (0..1_300_u16).prop_map(Step::Close),
        2 => (puts(), any::<bool>()).prop_map(|(puts, dry_run)| Step::Undone(puts, dry_run)),
        1 => puts().prop_map(Step::Batch),
        3 => (0..PARTS.len()).prop_map(Step::Find),
    ];
    prop::collection::vec(step, 1..25)
}

fn id(number: u16) -> String {
    format!("user-{number:04}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn searching_finds_what_looking_at_every_user_finds(
        first in prop::sample::select(vec![0_u16, 3, 255, 256, 511, 512, 513, 1_100]),
        steps in steps(),
    ) {
        let desk = Desk::new();
        let ids: Vec<String> = (0..1_300).map(id).collect();
        let put = |(user, name): (u16, usize)| Operation::PutUser { user: &ids[usize::from(user)], name: NAMES[name] };
        if first > 0 {
            prop_assert!(desk.batch((0..first).map(|user| put((user, usize::from(user) % NAMES.len()))).collect(), false));
        }
        for step in steps {
            match step {
                Step::Put(user, name) => {
                    // A closed user can't be renamed.
                    desk.batch(vec![put((user, name))], false);
                }
                Step::Close(user) => {
                    desk.batch(vec![Operation::CloseUser { user: &ids[usize::from(user)] }], false);
                }
                Step::Undone(puts, dry_run) => {
                    let mut operations: Vec<_> = puts.into_iter().map(put).collect();
                    if !dry_run {
                        operations.push(Operation::CloseUser { user: "nobody at all" });
                    }
                    let done = desk.batch(operations, dry_run);
                    prop_assert!(dry_run || !done);
                }
                Step::Batch(puts) => {
                    desk.batch(puts.into_iter().map(put).collect(), false);
                }
                Step::Find(part) => desk.check(PARTS[part]),
            }
        }
        for part in PARTS {
            desk.check(part);
        }
    }
}

#[test]
fn any_part_of_a_name_finds_it_and_no_match_goes_from_one_text_into_the_next() {
    let desk = Desk::new();
    for (number, name) in NAMES.into_iter().flatten().enumerate() {
        desk.put(&format!("u{number}"), Some(name));
    }
    for (number, name) in NAMES.into_iter().flatten().enumerate() {
        let places: Vec<usize> = name.char_indices().map(|(at, _)| at).chain([name.len()]).collect();
        for (place, start) in places.iter().enumerate() {
            for end in &places[place + 1..] {
                let part = &name[*start..*end];
                if !folded(part).is_empty() {
                    assert!(desk.find(part, 0, 100).contains(&(number as u32)), "{part:?} of {name:?}");
                }
            }
        }
    }
    for part in ["u0j", "u0 j", "nandu u1", "nanduu1", "u1jose"] {
        assert_eq!(desk.find(part, 0, 100), [0_u32; 0], "{part}");
    }
}

#[test]
fn only_runs_that_changed_are_filled_again() {
    let desk = Desk::new();
    let ids: Vec<String> = (0..1_300).map(id).collect();
    let puts = ids.iter().map(|user| Operation::PutUser { user, name: Some("Ann") });
    assert!(desk.batch(puts.collect(), false));
    assert_eq!(desk.find("ann", 0, usize::MAX).len(), 1_300);
    let stale = || {
        let held = desk.search.held.try_lock().unwrap();
        desk.engine.read(|ledger, _| held.as_ref().unwrap().index.stale(ledger.state())).unwrap().value
    };
    assert_eq!(stale(), [0_usize; 0]);
    desk.put(&ids[600], Some("Bob"));
    desk.put("one more", None);
    assert_eq!(stale(), [1, 2]);
    assert_eq!(desk.find("bob", 0, usize::MAX), [600]);
    let undone = vec![
        Operation::PutUser { user: &ids[0], name: Some("Bob") },
        Operation::PutUser { user: "another", name: Some("Bob") },
        Operation::CloseUser { user: "nobody at all" },
    ];
    assert!(!desk.batch(undone, false));
    assert_eq!(stale(), [0_usize; 0], "what was undone changed nothing");
    let grant =
        Operation::Grant { user: &ids[7], coin: "toco", amount: 5, marks: tocos_ledger::Marks::PLAIN, lot: false };
    assert!(desk.batch(vec![grant, Operation::CloseUser { user: &ids[8] }], false));
    assert_eq!(stale(), [0_usize; 0], "coins have no names");
    // Two bytes for the ends of id and name, and four for where they are.
    let held = desk.search.held.try_lock().unwrap();
    let bytes = held.as_ref().unwrap().index.bytes();
    assert!(bytes <= 1_301 * (9 + 3 + 6), "{bytes} bytes");
}

/// All that goes out of `leader` is acknowledged, and followed by `follower`.
fn carry(leader: &Member, follower: &Member) {
    while let Poll::Ready(frame) = leader.poll_outgoing(&Context::from_waker(Waker::noop())) {
        leader.acknowledge().unwrap();
        follower.follow(&Sealed::parse(frame.bytes().to_vec()).unwrap()).unwrap();
    }
}

#[test]
fn a_node_that_loses_the_lead_forgets_the_users_whom_nobody_else_saw() {
    let (one, two) = (Desk::member("one"), Desk::member("two"));
    let (a, b) = (one.engine.member().unwrap(), two.engine.member().unwrap());
    a.lead(1, ClockOptions::default()).unwrap();
    // More than one run, and a snapshot, after which nothing is known of when a name changed.
    for number in 0..700 {
        one.put(&id(number), Some("kept"));
        carry(&a, &b);
    }
    assert_eq!((one.find("kept", 0, 9_999).len(), two.find("kept", 0, 9_999).len()), (700, 700));
    // So many that what others do afterwards has lower numbers.
    for _ in 0..50 {
        one.put(&id(3), Some("lost"));
    }
    one.put("lost too", None);
    assert_eq!(one.find("lost", 0, 9), [3, 700]);
    assert_eq!(two.find("lost", 0, 9), [0_u32; 0]);
    a.step_down().unwrap();
    b.lead(2, ClockOptions::default()).unwrap();
    two.put("other", Some("Öther"));
    two.put(&id(5), Some("Öther"));
    two.put(&id(600), Some("Öther"));
    carry(&b, &a);
    for desk in [&one, &two] {
        assert_eq!(desk.find("lost", 0, 9), [0_u32; 0]);
        assert_eq!(desk.find("other", 0, 9), [5, 600, 700]);
        assert_eq!(desk.find("kept", 0, 9_999).len(), 698);
    }
}

#[test]
fn an_index_that_nobody_uses_is_dropped_and_made_again() {
    let mut desk = Desk::new();
    desk.search.idle_max = Duration::from_millis(300);
    desk.put("ann", None);
    assert!(!desk.is_there());
    for _ in 0..2 {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(600) {
            assert_eq!(desk.find("ann", 0, 9), [0]);
            desk.pass(20);
            assert!(desk.is_there(), "it is used");
        }
        desk.pass(700);
        assert!(!desk.is_there());
    }
}
