//! A system clock that is implausible, from an operator's side.

use std::thread::sleep;
use std::time::Duration;

use crate::server::Server;

#[test]
fn after_a_gap_the_clock_is_shown_accepted_and_followed() {
    let mut server = Server::start_with(&["--clock-gap-max", "1s", "--clock-trust-kernel", "false"]);
    server.cli(&["user", "put", "ana"]).ok();
    server.cli(&["grant", "ana", "50"]).ok();
    assert!(server.cli(&["clock", "show"]).ok().contains("clock   followed"));
    assert_eq!(server.terminate(), Some(0));
    sleep(Duration::from_millis(1_500));
    server.restart();
    let said = server.cli(&["grant", "ana", "1"]);
    assert!(said.code != 0 && said.stderr.contains("tocos clock accept"), "{said:?}");
    assert!(server.cli(&["user", "show", "ana"]).ok().contains("50"));
    assert!(server.cli(&["clock", "show"]).ok().contains("implausible"));
    let said = server.cli(&["clock", "accept", "--system-time", "2020-01-01T00:00:00Z"]).fails(1);
    assert!(said.contains("system_time"), "{said}");
    assert!(server.cli(&["clock", "accept"]).ok().contains("clock   followed"));
    server.cli(&["grant", "ana", "1"]).ok();
    assert!(server.cli(&["user", "show", "ana"]).ok().contains("51"));
}

#[test]
fn a_bound_that_is_none_takes_any_gap() {
    let mut server = Server::start_with(&["--clock-gap-max", "none", "--clock-trust-kernel", "false"]);
    server.cli(&["user", "put", "ana"]).ok();
    assert_eq!(server.terminate(), Some(0));
    sleep(Duration::from_millis(200));
    server.restart();
    server.cli(&["grant", "ana", "1"]).ok();
}
