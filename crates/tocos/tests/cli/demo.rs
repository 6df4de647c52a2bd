//! `tocos demo`: what a newcomer sees first.

use std::net::TcpListener;

use crate::server::tocos;

#[test]
fn the_demo_shows_the_users_and_runs_a_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let demo = |listen: &str| {
        let output = tocos().args(["demo", "--exit", "--listen", listen]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let first = demo("127.0.0.1:0");
    assert!(first.contains("./demo.tocos-data (remove the folder to start afresh)"), "{first}");
    assert!(first.contains("340 created"), "{first}");
    for name in ["Ada Lovelace", "陈建国", "ნინო", "ሰላም", "👩‍🚀"] {
        assert!(first.contains(name), "{name} is missing");
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let second = demo(&taken.local_addr().unwrap().to_string());
    assert!(second.contains("is taken, so the demo listens on a free one"), "{second}");
    assert!(second.contains("340 already there"), "{second}");
    assert!(second.contains("curl -s http://127.0.0.1:"), "{second}");
}
