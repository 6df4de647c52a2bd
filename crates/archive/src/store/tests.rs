//! Each kind of store does the same, and URLs that make no sense are named.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use object_store::memory::InMemory;

use super::*;
use crate::runtime::runtime;

fn reason(url: &str) -> String {
    Store::open(url).unwrap_err().to_string()
}

#[test]
fn a_bad_url_is_named_with_what_would_be_right() {
    let check = |url: &str, expected: &str| {
        let reason = reason(url);
        assert!(reason.starts_with(url) && reason.contains(expected), "{reason}");
    };
    check("my-bucket", "this is no URL");
    check("ftp://host/x", "there are no archives in ftp://; give s3://BUCKET/PREFIX, gs://");
    check("memory:///x", "there are no archives in memory://");
    check("s3:///prefix", "the bucket is missing");
    check("file://./backups", "must be absolute, as in file:///var/backups/tocos");
    check("file:///", "must be absolute");
    check("s3://bucket/x?secret=1", "credentials come from the environment");
}

#[test]
fn a_password_in_a_url_is_not_shown() {
    let reason = reason("s3://me:hunter2@bucket/x");
    assert!(reason.starts_with("s3://me:***@bucket/x: ") && !reason.contains("hunter2"), "{reason}");
}

#[test]
fn buckets_are_opened_without_asking_them() {
    for url in ["s3://bucket/a/b", "s3://bucket", "gs://bucket/a"] {
        assert_eq!(Store::open(url).unwrap().url(), url);
    }
}

/// What must hold for every store.
async fn conforms(store: Store) {
    assert_eq!(store.put_new("a/x", Bytes::from_static(b"one")).await.unwrap(), Put::Done);
    assert_eq!(store.put_new("a/x", Bytes::from_static(b"two")).await.unwrap(), Put::Exists);
    assert_eq!(store.get("a/x").await.unwrap().unwrap(), "one");
    assert_eq!(store.get_range("a/x", 1..9).await.unwrap().unwrap(), "ne");
    assert_eq!(store.get("a/y").await.unwrap(), None);
    assert_eq!((store.size("a/x").await.unwrap(), store.size("a/y").await.unwrap()), (Some(3), None));

    let mut parts = store.put_in_parts("a/z").await.unwrap();
    parts.put(Bytes::from(vec![b'p'; 5 << 20])).await.unwrap();
    parts.put(Bytes::from_static(b"q")).await.unwrap();
    assert_eq!(store.get("a/z").await.unwrap(), None);
    parts.complete().await.unwrap();
    let streamed: Vec<Bytes> = store.stream("a/z").await.unwrap().unwrap().try_collect().await.unwrap();
    assert_eq!(streamed.iter().map(Bytes::len).sum::<usize>(), (5 << 20) + 1);
    let mut left = store.put_in_parts("a/w").await.unwrap();
    left.put(Bytes::from_static(b"x")).await.unwrap();
    left.abort().await;

    store.put_new("top.json", Bytes::from_static(b"{}")).await.unwrap();
    store.put_new("b/x", Bytes::from_static(b"one")).await.unwrap();
    let names = |listed: Vec<Listed>| {
        let mut names: Vec<String> = listed.into_iter().map(|listed| listed.name).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(store.list_top().await.unwrap()), ["top.json"]);
    assert_eq!(names(store.list("a", None).try_collect().await.unwrap()), ["a/x", "a/z"]);
    assert_eq!(names(store.list("a", Some("a/x")).try_collect().await.unwrap()), ["a/z"]);
    assert!(names(store.list("none", None).try_collect().await.unwrap()).is_empty());
    let listed: Vec<Listed> = store.list("b", None).try_collect().await.unwrap();
    assert!(listed[0].bytes == 3 && listed[0].put_at_us > 1_600_000_000_000_000, "{listed:?}");

    store.remove("a/x").await.unwrap();
    store.remove("a/x").await.unwrap();
    assert_eq!(store.get("a/x").await.unwrap(), None);
}

#[test]
fn a_store_in_memory_conforms() {
    runtime().unwrap().block_on(conforms(Store::of(Arc::new(InMemory::new()), "some/prefix")));
    runtime().unwrap().block_on(conforms(Store::of(Arc::new(InMemory::new()), "")));
}

#[test]
fn a_folder_conforms_and_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}/new one/archive/", folder.path().display());
    runtime().unwrap().block_on(conforms(Store::open(&url).unwrap()));
    assert!(folder.path().join("new one/archive/top.json").exists());
}

/// An S3 that says of every put that it met another one, and has no objects.
fn conflicting_s3() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                connection.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            let status = if head.starts_with(b"PUT") { "409 Conflict" } else { "404 Not Found" };
            let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            connection.write_all(response.as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn a_conflict_without_an_object_is_a_put_that_failed() {
    let builder = AmazonS3Builder::new().with_client_options(client_options().with_allow_http(true));
    let builder = builder.with_retry(retries()).with_bucket_name("bucket").with_endpoint(conflicting_s3());
    let objects = builder.with_access_key_id("any").with_secret_access_key("any").build().unwrap();
    let store = Store::of(Arc::new(objects), "ledger");
    let put = runtime().unwrap().block_on(store.put_new("branch-1.json", Bytes::new()));
    assert!(matches!(put, Err(StoreError::Failed { doing: "putting", .. })), "{put:?}");
}
