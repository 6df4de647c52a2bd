//! Servers that misbehave: busy ones, broken ones, and ones that are no Tocos.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::server::{Outcome, run};

/// Answers the requests on successive connections with these texts, one each.
fn answering(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            read_request(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

fn read_request(stream: &mut TcpStream) {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        text.push(byte[0]);
    }
    let head = String::from_utf8(text).unwrap().to_ascii_lowercase();
    let length =
        head.split("content-length: ").nth(1).map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
}

fn spend(url: &str) -> Outcome {
    run(&["spend", "ana", "5", "--json", "--url", url])
}

const EVENT: &str = "{\"event\":7,\"kind\":\"spend\"}";
const BUSY: &str =
    "{\"title\":\"Too many requests\",\"status\":429,\"code\":\"too_many_requests\",\"detail\":\"Later.\"}";

#[test]
fn a_busy_server_is_asked_again_when_it_says_so() {
    let busy = answer("429 Too Many Requests", "retry-after: 0\r\n", BUSY);
    let down = answer("503 Service Unavailable", "", BUSY);
    let url = answering(vec![busy, down, answer("201 Created", "", EVENT)]);
    assert_eq!(spend(&url).ok(), format!("{EVENT}\n"));
}

#[test]
fn a_server_that_is_busy_for_long_ends_with_3_and_the_key_to_ask_again() {
    let url = answering(vec![answer("503 Service Unavailable", "retry-after: 3600\r\n", BUSY)]);
    let said = spend(&url).fails(3);
    assert!(said.contains("--idempotency-key cli-"), "{said}");
    assert!(said.contains("Too many requests: Later."), "{said}");
}

#[test]
fn a_connection_that_breaks_before_the_answer_is_tried_again() {
    let url = answering(vec![String::new(), answer("201 Created", "", EVENT)]);
    assert_eq!(spend(&url).ok(), format!("{EVENT}\n"));
}

#[test]
fn what_no_key_protects_is_sent_once() {
    let url = answering(vec![String::new(), answer("201 Created", "", "{\"now\":\"2026-11-22T13:00:00Z\"}")]);
    run(&["clock", "advance", "1h", "--url", &url]).fails(3);
}

#[test]
fn an_answer_of_something_else_is_said_to_be_that() {
    let page = answer("404 Not Found", "", "<html>nothing here</html>");
    let said = run(&["users", "--url", &answering(vec![page])]).fails(1);
    assert!(said.contains("status 404, which is not a response of Tocos: <html>nothing here</html>"), "{said}");
    let other = answer("200 OK", "", "{\"hello\":1}");
    let said = run(&["users", "--url", &answering(vec![other])]).fails(1);
    assert!(said.contains("is --url the address of a Tocos server?"), "{said}");
    let moved = answer("301 Moved Permanently", "location: http://127.0.0.1:1/\r\n", "");
    let said = run(&["users", "--url", &answering(vec![moved])]).fails(1);
    assert!(said.contains("status 301"), "{said}");
}
