//! Order, batches, retries, places: what the delivery promises.

use std::time::Duration;

use tocos_webhooks::{Options, Patience, Report, Why};
use tokio::time::sleep;

use crate::world::{Does, World, switched_off};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn events_arrive_in_order_one_by_one_and_in_batches() {
    let world = World::with_events(250);
    world.endpoint("one", 1);
    world.endpoint("many", 100);
    let delivery = world.deliver(Options::default());
    sleep(SECOND).await;
    assert_eq!(world.ids("one"), numbers(1..=250));
    assert_eq!(world.ids("many"), ["1-100", "101-200", "201-250"]);
    assert!(world.arrived("many")[2].body.starts_with(r#"{"type":"events","timestamp":"now","data":[201,202,"#));
    assert_eq!(world.arrived("one")[6].body, r#"{"type":"event.grant","timestamp":"now","data":7}"#);
    world.add_events(3);
    sleep(SECOND).await;
    assert_eq!(world.ids("many")[3..], ["251-253"]);
    delivery.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_ledger_is_told_every_few_seconds_and_at_the_end_and_an_idle_ledger_does_not_grow() {
    let world = World::with_events(10);
    world.endpoint("one", 1);
    world.endpoint("other", 1);
    let delivery = world.deliver(Options::default());
    sleep(4 * SECOND).await;
    assert_eq!(world.reports("one"), [], "not yet");
    sleep(2 * SECOND).await;
    assert_eq!(world.reports("one"), [Report::Progress { since: 1, through: 10 }]);
    sleep(HOUR).await;
    assert_eq!(world.last_event(), 12, "one report for each, and none because of those");
    world.add_events(1);
    sleep(SECOND).await;
    delivery.stop().await;
    assert_eq!(world.ids("one").last().unwrap(), "13", "what was reported is not delivered");
    assert_eq!(world.reports("one").len(), 2, "told at the end");
    let again = world.deliver(Options::default());
    sleep(60 * SECOND).await;
    again.stop().await;
    assert_eq!(world.ids("one").len(), 11, "it goes on where it was, without a gap and without a repetition");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_with_the_same_id_until_it_succeeds_and_nothing_overtakes_it() {
    let world = World::with_events(3);
    world.endpoint("one", 100);
    world.does("one", Does::Answers(500));
    let delivery = world.deliver(Options::default());
    sleep(SECOND / 2).await;
    world.add_events(5);
    sleep(30 * SECOND).await;
    let ids = world.ids("one");
    assert!(ids.len() > 3 && ids.iter().all(|id| id == "1-3"), "{ids:?}");
    world.does("one", Does::Breaks);
    sleep(30 * SECOND).await;
    world.does("one", Does::Answers(204));
    sleep(60 * SECOND).await;
    let ids = world.ids("one");
    assert_eq!(ids[ids.len() - 2..], ["1-3", "4-8"]);
    let last = delivery.attempts().last("one");
    assert_eq!((last[0].status, last[0].events, last[0].error.as_ref()), (Some(204), Some((4, 8)), None));
    assert_eq!(last.last().unwrap().error.as_deref(), Some("it answered 500"));
    let figures = delivery.attempts().figures("one");
    assert_eq!((figures.events, figures.delivered, figures.failing_since), (8, 2, None));
    assert!(figures.failed > 3);
    delivery.stop().await;
}

#[tokio::test(start_paused = true)]
async fn delays_grow_up_to_four_hours_and_after_three_days_it_is_switched_off_and_told() {
    let world = World::with_events(3);
    world.endpoint("one", 1);
    world.does("one", Does::Breaks);
    let delivery = world.deliver(Options::default());
    sleep(30 * SECOND).await;
    assert_eq!(world.reports("one"), [], "a short failure is not worth an event");
    sleep(120 * SECOND).await;
    assert_eq!(world.reports("one"), [Report::Failing { since: 1 }]);
    sleep(71 * HOUR).await;
    assert_eq!(switched_off(&world.reports("one")), None);
    let gaps: Vec<u64> = world.arrived("one").windows(2).map(|pair| pair[1].at_s - pair[0].at_s).collect();
    assert!(gaps[..3].iter().all(|gap| *gap <= 6), "{gaps:?}");
    assert!(gaps.last().unwrap().abs_diff(4 * 3600) <= 1441, "{gaps:?}");
    assert!((25..40).contains(&gaps.len()), "{gaps:?}");
    sleep(10 * HOUR).await;
    assert_eq!(switched_off(&world.reports("one")), Some(Why::Failing));
    let tried = world.arrived("one").len();
    world.does("one", Does::Answers(200));
    sleep(24 * HOUR).await;
    assert_eq!(world.arrived("one").len(), tried, "nothing is sent any more");
    // Switched on again it goes on where it was.
    world.change("one", |endpoint| (endpoint.is_off, endpoint.since) = (false, 99));
    delivery.changed();
    sleep(SECOND).await;
    assert_eq!(world.ids("one")[tried..], numbers(1..=3));
    delivery.stop().await;
}

#[tokio::test(start_paused = true)]
async fn how_long_it_has_been_failing_survives_a_restart() {
    let world = World::with_events(3);
    world.endpoint("one", 1);
    world.does("one", Does::Breaks);
    for _ in 0..4 {
        let delivery = world.deliver(Options::default());
        sleep(18 * HOUR + 600 * SECOND).await;
        delivery.stop().await;
    }
    assert_eq!(switched_off(&world.reports("one")), None);
    let tries = world.arrived("one").len();
    assert!(tries < 50, "a restart does not begin from the shortest delay: {tries}");
    let delivery = world.deliver(Options::default());
    sleep(5 * SECOND).await;
    assert_eq!(switched_off(&world.reports("one")), Some(Why::Failing));
    delivery.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_gone_is_switched_off_at_once_and_a_redirect_is_a_failure() {
    let world = World::with_events(3);
    world.endpoint("gone", 1);
    world.endpoint("moved", 1);
    world.does("gone", Does::Answers(410));
    world.does("moved", Does::Answers(308));
    let delivery = world.deliver(Options::default());
    sleep(SECOND / 2).await;
    assert_eq!(switched_off(&world.reports("gone")), Some(Why::Gone));
    assert_eq!(world.arrived("gone").len(), 1);
    let last = delivery.attempts().last("moved");
    assert!(last[0].error.as_ref().unwrap().contains("not followed"), "{last:?}");
    assert_eq!(switched_off(&world.reports("moved")), None);
    delivery.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_may_ask_to_be_left_alone_within_bounds() {
    let world = World::with_events(1);
    world.endpoint("one", 1);
    world.endpoint("forever", 1);
    world.does("one", Does::AsksFor(503, 120 * SECOND));
    world.does("forever", Does::AsksFor(429, Duration::MAX));
    let delivery = world.deliver(Options::default());
    sleep(119 * SECOND).await;
    assert_eq!(world.arrived("one").len(), 1);
    sleep(5 * SECOND).await;
    assert_eq!(world.arrived("one").len(), 2);
    assert_eq!(world.arrived("forever").len(), 1);
    sleep(HOUR).await;
    assert_eq!(world.arrived("forever").len(), 2, "an hour at most");
    delivery.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_and_a_slow_endpoint_cost_others_nothing() {
    let world = World::with_events(0);
    for id in ["dead", "slow", "live"] {
        world.endpoint(id, 1);
    }
    world.does("dead", Does::Breaks);
    world.does("slow", Does::Hangs);
    let delivery = world.deliver(Options::default());
    for count in 1..=500 {
        world.add_events(1);
        sleep(SECOND / 10).await;
        assert_eq!(world.arrived("live").len(), count, "it arrives at once");
    }
    assert_eq!(world.arrived("slow").len(), 1);
    delivery.stop().await;
}

#[tokio::test(start_paused = true)]
async fn redelivery_begins_where_it_is_told_and_what_was_on_its_way_does_not_count() {
    let world = World::with_events(10);
    world.endpoint("one", 1);
    let delivery = world.deliver(Options::default());
    sleep(SECOND).await;
    world.change("one", |endpoint| (endpoint.since, endpoint.through) = (11, 6));
    world.add_events(1);
    delivery.changed();
    sleep(SECOND).await;
    assert_eq!(world.ids("one")[10..], numbers(7..=11));
    sleep(10 * SECOND).await;
    assert_eq!(world.reports("one"), [Report::Progress { since: 11, through: 11 }]);
    delivery.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_failing_endpoint_is_tried_at_once_and_that_of_another_is_not() {
    let world = World::with_events(1);
    world.endpoint("one", 1);
    world.endpoint("other", 1);
    world.does("one", Does::Breaks);
    let delivery = world.deliver(Options::default());
    sleep(HOUR).await;
    let tried = world.arrived("one").len();
    world.change("other", |endpoint| endpoint.batch = 5);
    delivery.changed();
    sleep(SECOND).await;
    assert_eq!(world.arrived("one").len(), tried);
    world.change("one", |endpoint| endpoint.url = "https://two.example/".into());
    delivery.changed();
    sleep(SECOND).await;
    assert_eq!(world.ids("two").len(), 1);
    delivery.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_lead_sends_nothing_and_one_that_leads_again_goes_on() {
    let world = World::with_events(5);
    world.endpoint("one", 1);
    world.follow(true);
    let delivery = world.deliver(Options::default());
    sleep(10 * SECOND).await;
    assert_eq!(world.arrived("one"), []);
    world.follow(false);
    sleep(2 * SECOND).await;
    assert_eq!(world.ids("one"), numbers(1..=5));
    world.follow(true);
    sleep(2 * SECOND).await;
    world.add_events(2);
    sleep(2 * SECOND).await;
    assert_eq!(world.arrived("one").len(), 5);
    // Nothing was kept, so it begins again: at least once.
    world.follow(false);
    sleep(2 * SECOND).await;
    assert_eq!(world.ids("one")[5..], numbers(1..=7));
    delivery.stop().await;
}

#[tokio::test(start_paused = true)]
async fn endpoints_that_come_go_and_are_switched_off_are_noticed() {
    let world = World::with_events(2);
    let delivery = world.deliver(Options::default());
    sleep(10 * SECOND).await;
    world.endpoint("one", 1);
    delivery.changed();
    sleep(SECOND / 10).await;
    assert_eq!(world.ids("one"), numbers(1..=2));
    world.change("one", |endpoint| endpoint.is_off = true);
    delivery.changed();
    world.add_events(1);
    sleep(10 * SECOND).await;
    assert_eq!(world.get("one").through, 2, "told when it is switched off");
    assert_eq!(world.arrived("one").len(), 2);
    world.change("one", |endpoint| endpoint.is_off = false);
    delivery.changed();
    sleep(SECOND).await;
    assert_eq!(world.ids("one")[2..], ["3"]);
    world.remove("one");
    delivery.changed();
    sleep(SECOND).await;
    assert_eq!(delivery.attempts().last("one"), [], "nothing is left of it");
    delivery.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_hangs_at_the_end_is_not_waited_for() {
    let world = World::with_events(2);
    world.endpoint("one", 1);
    world.does("one", Does::Hangs);
    let delivery = world.deliver(Options::default());
    sleep(SECOND).await;
    let begun = tokio::time::Instant::now();
    delivery.stop().await;
    assert!(begun.elapsed() < 3 * SECOND, "{:?}", begun.elapsed());
    assert_eq!(world.get("one").through, 0);
}

#[tokio::test(start_paused = true)]
async fn a_test_is_sent_at_once_and_shown_and_counts_for_nothing() {
    let world = World::with_events(0);
    world.endpoint("one", 1);
    let delivery = world.deliver(Options { patience: Patience::default(), ..Options::default() });
    let attempt = delivery.test("one").await.unwrap();
    assert_eq!((attempt.status, attempt.events), (Some(200), None));
    assert!(world.arrived("one")[0].body.starts_with(r#"{"type":"ping","timestamp":""#));
    assert_eq!(delivery.attempts().last("one").len(), 1);
    assert_eq!(delivery.attempts().figures("one").delivered, 0);
    assert_eq!(delivery.test("none").await, None);
    delivery.stop().await;
}
