use std::sync::Arc;
use std::time::{Duration, Instant};

use tocos_sharedlog::postgres::{Log, init};
use tocos_sharedlog::{Appended, Fault, SharedLog};
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::conformance::next;
use crate::{fill, identity, is_away, made};

fn misused<T: std::fmt::Debug>(result: Result<T, Fault>, said: &str) {
    match result {
        Err(Fault::Misused(text)) => assert!(text.contains(said), "{text}"),
        other => panic!("{other:?}"),
    }
}

fn url(cluster: &Cluster, user: &str, database: &str) -> String {
    format!("postgres://{user}@127.0.0.1:{}/{database}?sslmode=disable&ledger=a", cluster.port)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_its_own_is_enough_and_what_is_wrong_with_it_is_said() {
    let cluster = Arc::new(Cluster::start(""));
    cluster.sql("create role ana login password 'secret'");
    cluster.sql("create database money owner ana");
    cluster.sql("create role bob login password 'secret'");
    // What an administrator sets for all connections does not count here.
    cluster.sql("alter role ana set statement_timeout = '40ms'");
    cluster.sql("alter role ana set default_transaction_isolation = 'serializable'");
    cluster.sql("alter role ana set synchronous_commit = 'off'");
    cluster.sql("alter role ana set search_path = ''");
    let log = made(&url(&cluster, "ana:secret", "money"), "a").await;
    let start = log.tip().await.unwrap();
    let tip = fill(&log, start, 5).await[4].head;
    let other = Log::connect(&url(&cluster, "ana:secret", "money")).await.unwrap();
    assert_eq!(other.append(next(&tip, 2)).await, Ok(Appended::Durable));
    assert_eq!(log.append(next(&tip, 1)).await, Ok(Appended::Refused));
    // It waits longer than that limit.
    let lock = "begin; lock table tocos.frames in exclusive mode; select pg_sleep(0.5); commit";
    let busy = Arc::clone(&cluster);
    let locking = tokio::task::spawn_blocking(move || busy.sql_in("money", lock));
    sleep(Duration::from_millis(150)).await;
    let begun = Instant::now();
    let tip = log.tip().await.unwrap();
    assert_eq!(log.append(next(&tip, 1)).await, Ok(Appended::Durable));
    assert!(begun.elapsed() > Duration::from_millis(100), "{:?}", begun.elapsed());
    locking.await.unwrap();
    let settings = "select string_agg(distinct setting, ',') from pg_db_role_setting, unnest(setconfig) as setting";
    assert!(cluster.sql(settings).contains("statement_timeout"), "they are set");

    misused(Log::connect(&url(&cluster, "ana:wrong", "money")).await, "password");
    misused(Log::connect(&url(&cluster, "ana", "money")).await, "password");
    misused(Log::connect(&url(&cluster, "carl:secret", "money")).await, "pg_hba.conf");
    misused(Log::connect(&url(&cluster, "ana:secret", "none")).await, "create the database");
    misused(Log::connect(&url(&cluster, "bob:secret", "money")).await, "rights");
    misused(init(&url(&cluster, "bob:secret", "postgres"), &identity("a"), None).await, "rights");
    misused(Log::connect(&url(&cluster, "postgres", "postgres")).await, "tocos shared-log init");
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_taken_away_are_missed_and_found_again() {
    let cluster = Cluster::start("");
    cluster.sql("create role ana login password 'secret'");
    let log = made(&cluster.url("ledger=a"), "a").await;
    cluster.sql("grant usage on schema tocos to ana; grant select on all tables in schema tocos to ana");
    let poor = Log::connect(&url(&cluster, "ana:secret", "postgres")).await.unwrap();
    let start = log.tip().await.unwrap();
    misused(poor.append(next(&start, 1)).await, "rights");
    assert_eq!(poor.tip().await, Ok(start));
    cluster.sql("grant insert on tocos.frames to ana");
    assert_eq!(poor.append(next(&start, 1)).await, Ok(Appended::Durable));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_away_and_the_next_host_is_tried() {
    let cluster = Cluster::start("");
    let log = made(&cluster.url("ledger=a"), "a").await;
    drop(log);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = nobody.local_addr().unwrap().port();
    let begun = Instant::now();
    let connected = Log::connect(&format!("postgres://postgres@127.0.0.1:{silent}/postgres")).await;
    assert!(is_away(&connected), "it takes connections and says nothing");
    assert!((1..4).contains(&begun.elapsed().as_secs()));
    assert!(is_away(&Log::connect("postgres://postgres@127.0.0.1:1/postgres").await));
    assert!(is_away(&Log::connect("postgres://postgres@no-such-host.invalid/postgres").await));

    let hosts = format!("127.0.0.1:{silent},127.0.0.1:1,127.0.0.1:{}", cluster.port);
    let log = Log::connect(&format!("postgres://postgres@{hosts}/postgres?ledger=a&sslmode=disable")).await.unwrap();
    let begun = Instant::now();
    let start = log.tip().await.unwrap();
    fill(&log, start, 1).await;
    assert!(begun.elapsed().as_secs() < 2, "the host that was there is tried first");
    drop(nobody);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_were_changed_by_hand_are_not_believed() {
    let cluster = Cluster::start("");
    let log = made(&cluster.url("ledger=a"), "a").await;
    let start = log.tip().await.unwrap();
    fill(&log, start, 3).await;
    for (change, back) in [
        ("hash = '\\x1234'", "hash = decode(repeat('00', 32), 'hex')"),
        ("epoch = -1", "epoch = 1"),
        ("last_event = -5", "last_event = 5"),
    ] {
        cluster.sql(&format!("update tocos.frames set {change} where n = 3"));
        misused(log.tip().await, "not as Tocos writes them");
        misused(log.read(0, 1000).await, "not as Tocos writes them");
        cluster.sql(&format!("update tocos.frames set {back} where n = 3"));
        log.tip().await.unwrap();
    }
    cluster.sql("alter table tocos.frames alter column epoch type text");
    let outcome = Log::connect(&cluster.url("ledger=a")).await.unwrap().tip().await;
    misused(outcome, "not as Tocos writes them");
    cluster.sql("drop table tocos.frames");
    misused(log.tip().await, "tocos shared-log init");
    misused(log.append(next(&start, 1)).await, "tocos shared-log init");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_about_the_database_costs_no_append() {
    let cluster = Cluster::start("");
    cluster.sql("create database old template template0 locale_provider icu icu_locale 'en' encoding 'UTF8'");
    cluster.sql("update pg_database set datcollversion = '1.2.3' where datname = 'old'");
    let log = made(&url(&cluster, "postgres", "old"), "a").await;
    let start = log.tip().await.unwrap();
    fill(&log, start, 5).await;
    // As it was at the last upgrade of a library: said to everybody who connects.
    assert!(cluster.said("collation version mismatch"));
}
