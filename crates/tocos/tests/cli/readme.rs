//! The README's tour, run as it stands there. Needs `curl`, as its reader does.

use std::process::Command;

use crate::server::Server;

/// The tour's commands, each with the output that the README shows.
fn tour() -> Vec<(String, String)> {
    let readme = include_str!("../../../../README.md");
    let mut blocks = readme.split("```").skip(1).step_by(2).peekable();
    let mut tour = Vec::new();
    while let Some(block) = blocks.next() {
        let Some(command) = block.strip_prefix("sh\n").filter(|command| command.starts_with("curl")) else { continue };
        let shown = blocks.peek().and_then(|next| next.strip_prefix("json\n"));
        tour.push((
            command.to_owned(),
            shown.unwrap_or_else(|| panic!("no output behind {command}")).trim().to_owned(),
        ));
    }
    tour
}

/// Times differ from day to day; those in a far future are the commands' own.
fn without_times(text: &str) -> String {
    let mut pieces = text.split("\"20");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_time = piece.as_bytes().get(2) == Some(&b'-') && !piece.starts_with("99");
        let rest = if is_time { piece.split_once('"').map_or("", |(_, rest)| rest) } else { piece };
        out.push_str(if is_time { "\"TIME\"" } else { "\"20" });
        out.push_str(rest);
    }
    out
}

#[test]
fn the_tour_in_the_readme_gives_what_it_shows() {
    let server = Server::start();
    let host = server.url.strip_prefix("http://").unwrap();
    let tour = tour();
    assert!(tour.len() >= 10, "the tour has only {} commands", tour.len());
    for (command, shown) in tour {
        let output = Command::new("sh").args(["-c", &command.replace("localhost:8080", host)]).output().unwrap();
        assert!(output.status.success(), "{command}: install curl (apt-get install curl) and look again: {output:?}");
        let answered = String::from_utf8(output.stdout).unwrap();
        assert_eq!(without_times(answered.trim()), without_times(&shown), "{command}");
    }
}
