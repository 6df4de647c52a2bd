use std::time::Duration;

use tocos_sharedlog::{Announced, Announcement, Member};
use tokio::time::sleep;

use super::Subject;

fn of(node: &str, instance: u64, last_event: u64) -> Announcement {
    let url = format!("http://{node}:{instance}");
    Announcement { node: node.to_owned(), instance, url, last_event, stale_after: Duration::from_secs(30) }
}

fn members(announced: Announced) -> Vec<Member> {
    match announced {
        Announced::Members(mut members) => {
            members.sort_by(|a, b| a.node.cmp(&b.node));
            members
        }
        Announced::NameTaken(ago) => panic!("somebody has the name, seen {ago:?} ago"),
    }
}

pub(crate) async fn members_are_listed_with_what_they_said(Subject { logs: [a, b, _], .. }: Subject) {
    let only = members(a.announce(&of("a", 1, 10)).await.unwrap());
    assert_eq!(only.iter().map(|member| &*member.node).collect::<Vec<_>>(), ["a"]);
    sleep(Duration::from_millis(300)).await;
    let both = members(b.announce(&of("b", 2, 1 << 50)).await.unwrap());
    let [first, second] = &both[..] else { panic!("{both:?}") };
    assert_eq!((&*first.node, &*first.url, first.last_event), ("a", "http://a:1", 10));
    assert_eq!((&*second.node, &*second.url, second.last_event), ("b", "http://b:2", 1 << 50));
    assert!(first.seen_ago >= Duration::from_millis(290) && second.seen_ago < first.seen_ago, "{both:?}");
    let later = members(a.announce(&of("a", 1, 20)).await.unwrap());
    assert_eq!(later[0].last_event, 20);
    assert!(later[0].seen_ago < Duration::from_secs(20));
}

pub(crate) async fn a_name_belongs_to_one_process_at_a_time(Subject { logs: [a, b, _], .. }: Subject) {
    members(a.announce(&of("a", u64::MAX, 10)).await.unwrap());
    sleep(Duration::from_millis(100)).await;
    let Announced::NameTaken(ago) = b.announce(&of("a", 2, 99)).await.unwrap() else { panic!("the name is taken") };
    assert!(ago >= Duration::from_millis(90) && ago < Duration::from_secs(30), "{ago:?}");
    let same = members(a.announce(&of("a", u64::MAX, 11)).await.unwrap());
    assert_eq!((same.len(), same[0].last_event), (1, 11), "the one that has it goes on");

    // It has not been seen for too long: its name goes to the other one, and it notices.
    sleep(Duration::from_millis(200)).await;
    let impatient = Announcement { stale_after: Duration::from_millis(100), ..of("a", 2, 99) };
    let other = members(b.announce(&impatient).await.unwrap());
    assert_eq!((other.len(), &*other[0].url, other[0].last_event), (1, "http://a:2", 99));
    assert!(matches!(a.announce(&of("a", u64::MAX, 12)).await, Ok(Announced::NameTaken(_))));
}

pub(crate) async fn who_leaves_is_off_the_list(Subject { logs: [a, b, _], .. }: Subject) {
    members(a.announce(&of("a", 1, 10)).await.unwrap());
    members(b.announce(&of("b", 2, 10)).await.unwrap());
    a.leave("b", 1).await.unwrap();
    a.leave("nobody", 1).await.unwrap();
    assert_eq!(members(a.announce(&of("a", 1, 10)).await.unwrap()).len(), 2, "another instance can't take it off");
    b.leave("b", 2).await.unwrap();
    assert_eq!(members(a.announce(&of("a", 1, 10)).await.unwrap()).len(), 1);
    // The name is free at once.
    members(b.announce(&of("b", 3, 10)).await.unwrap());
}
