//! Rules of the repository, as ordinary tests.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on says so by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All files that are in the repository or would be added to it.
fn files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files of the repository");
    assert!(listed.status.success(), "git could not list the files");
    let names = String::from_utf8(listed.stdout).unwrap();
    names.lines().map(|name| root().join(name)).filter(|path| path.is_file()).collect()
}

fn rust_files() -> Vec<PathBuf> {
    let found: Vec<_> = files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs")).collect();
    assert!(found.len() > 50, "only {} Rust files were found", found.len());
    found
}

/// Lines before the tests of a file begin.
fn lines_of_code(text: &str) -> usize {
    text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count()
}

#[test]
fn arrows_between_crates_point_one_way() {
    let allowed = BTreeMap::from([
        ("ledger", vec![]),
        ("journal", vec![]),
        ("timex", vec![]),
        ("engine", vec!["ledger", "journal", "timex"]),
        ("archive", vec!["journal"]),
        ("sharedlog", vec![]),
        ("group", vec!["sharedlog"]),
        ("copy", vec!["sharedlog"]),
        ("http", vec![]),
        ("webhooks", vec!["http"]),
        ("api", vec!["http", "engine", "group", "ledger", "webhooks"]),
        ("tocos", vec!["api", "archive", "copy", "engine", "group", "ledger", "sharedlog", "webhooks"]),
    ]);
    let rooms: Vec<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(rooms.len(), allowed.len(), "the rooms are {rooms:?}");
    for (room, may_use) in &allowed {
        let text = fs::read_to_string(root().join("crates").join(room).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let Some(dependencies) = manifest.get("dependencies").and_then(toml::Value::as_table) else { continue };
        for name in dependencies.keys().filter_map(|name| name.strip_prefix("tocos-")) {
            assert!(may_use.contains(&name), "{room} uses {name}, and may use only {may_use:?}");
        }
    }
}

/// The room of a file: the first part of its path in a crate's `src`, without its ending.
fn room_of(path: &Path, src: &Path) -> String {
    let first = path.strip_prefix(src).unwrap().components().next().unwrap();
    Path::new(first.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned()
}

/// The rooms of a crate, and which rooms each of them uses. Files directly in `src` are rooms of their own; `lib.rs` and
/// `main.rs` are the doors, and belong to none.
fn rooms_of(src: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let files: Vec<PathBuf> = rust_files().into_iter().filter(|path| path.starts_with(src)).collect();
    let mut rooms: BTreeMap<String, BTreeSet<String>> =
        files.iter().map(|path| (room_of(path, src), BTreeSet::new())).collect();
    rooms.remove("lib");
    rooms.remove("main");
    let names: Vec<String> = rooms.keys().cloned().collect();
    for path in &files {
        let room = room_of(path, src);
        // Tests may look everywhere.
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests" || stem == "simulation");
        let Some(uses) = rooms.get_mut(&room).filter(|_| !is_test) else { continue };
        // From the outermost file of a room `super` leads out of it.
        let is_outermost = path.parent().unwrap() == src || path.ends_with(format!("{room}/mod.rs"));
        let text = fs::read_to_string(path).unwrap();
        let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        for line in code.filter(|line| !line.trim_start().starts_with("//")) {
            let from_root = line.split("crate::").skip(1);
            let from_here = line.split("super::").skip(1).filter(|_| is_outermost);
            for rest in from_root.chain(from_here) {
                let listed = rest.strip_prefix('{').map_or(rest, |rest| rest.split('}').next().unwrap());
                for part in if rest.starts_with('{') { listed.split(',').collect() } else { vec![listed] } {
                    let name: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    if name != room && names.contains(&name) {
                        uses.insert(name);
                    }
                }
            }
        }
    }
    rooms
}

#[test]
fn only_http_knows_sockets_and_how_heads_are_read() {
    for name in ["ledger", "journal", "engine", "api"] {
        let text = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let dependencies = manifest["dependencies"].as_table().unwrap();
        for library in ["hyper", "hyper-util", "http-body-util", "httparse"] {
            assert!(!dependencies.contains_key(library), "{name} uses {library}");
        }
    }
}

/// A way from a room back to itself, if there is one.
fn circle(rooms: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn walk(rooms: &BTreeMap<String, BTreeSet<String>>, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> bool {
        let here = way.last().unwrap().clone();
        for next in &rooms[&here] {
            if way.contains(next) {
                way.push(next.clone());
                return true;
            }
            if !done.contains(next) {
                way.push(next.clone());
                if walk(rooms, way, done) {
                    return true;
                }
                way.pop();
            }
        }
        done.insert(here);
        false
    }
    let mut done = BTreeSet::new();
    rooms.keys().find_map(|room| {
        let mut way = vec![room.clone()];
        walk(rooms, &mut way, &mut done).then_some(way)
    })
}

#[test]
fn arrows_between_the_rooms_of_a_crate_point_one_way() {
    for name in
        ["http", "ledger", "journal", "archive", "engine", "group", "sharedlog", "copy", "webhooks", "api", "tocos"]
    {
        let mut rooms = rooms_of(&root().join("crates").join(name).join("src"));
        if name == "ledger" {
            // One thought: what a ledger does, and taking back what it did.
            rooms.get_mut("undo").unwrap().remove("ledger");
        }
        let arrows: usize = rooms.values().map(BTreeSet::len).sum();
        assert!(arrows > rooms.len() / 2, "{name} has {} rooms and only {arrows} arrows were found", rooms.len());
        assert_eq!(circle(&rooms), None, "{name}");
    }
}

#[test]
fn rooms_of_the_api_use_only_those_below_them() {
    // As `crates/api/src/lib.rs` lists them.
    const FLOORS: [&str; 10] =
        ["service", "openapi", "resources", "routing", "app", "access", "metrics", "tracing", "rendering", "json"];
    let rooms = rooms_of(&root().join("crates/api/src"));
    let names: BTreeSet<&str> = rooms.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(FLOORS), "each room has its floor");
    let floor = |name: &str| FLOORS.iter().position(|room| *room == name).unwrap();
    for (room, used) in rooms.iter().flat_map(|(room, uses)| uses.iter().map(move |used| (room, used))) {
        assert!(floor(room) < floor(used), "{room} uses {used}, which stands above it");
    }
}

#[test]
fn a_circle_is_found() {
    let rooms = |arrows: &[(&str, &str)]| {
        let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in arrows {
            rooms.entry((*to).to_owned()).or_default();
            rooms.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        rooms
    };
    assert_eq!(circle(&rooms(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])), None);
    let found = circle(&rooms(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")])).unwrap();
    assert_eq!(found, ["a", "b", "c", "d", "b"]);
}

#[test]
fn the_rules_use_no_io_clock_threads_or_frameworks() {
    let banned = ["std::fs", "std::net", "std::io", "std::time", "std::thread", "std::sync::Mutex", "serde", "tokio"];
    for path in rust_files().iter().filter(|path| path.starts_with(root().join("crates/ledger/src"))) {
        let text = fs::read_to_string(path).unwrap();
        for word in banned {
            let used = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            assert!(!used, "{} uses {word}", path.display());
        }
    }
}

#[test]
fn only_the_journal_opens_files_of_the_ledger() {
    for path in rust_files() {
        let inside = |room: &str| path.starts_with(root().join("crates").join(room).join("src"));
        if inside("engine") || inside("api") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(!text.contains("File::open") && !text.contains("File::create"), "{}", path.display());
        }
    }
}

#[test]
fn files_stay_small_enough_to_read() {
    for path in rust_files() {
        let text = fs::read_to_string(&path).unwrap();
        let lines = lines_of_code(&text);
        assert!(lines <= 500, "{} has {lines} lines before its tests", path.display());
        if !path.components().any(|part| part.as_os_str() == "tests") {
            let tests = text.lines().count() - lines;
            assert!(tests <= 150, "{} has {tests} lines of tests; give them a file of their own", path.display());
        }
    }
}

#[test]
fn nothing_but_sources_is_in_the_repository() {
    const BYTES_MAX: u64 = 1024 * 1024;
    for path in files() {
        let bytes = fs::metadata(&path).unwrap().len();
        assert!(bytes <= BYTES_MAX, "{} has {bytes} bytes; no source is that large", path.display());
        let inside = path.strip_prefix(root()).unwrap();
        let is_scratch = inside.components().any(|part| {
            let name = part.as_os_str().to_str().unwrap();
            name.starts_with(".tmp") || ["tmp", "scratch", "target", "node_modules"].contains(&name)
        });
        assert!(!is_scratch, "{} lies in a scratch folder", inside.display());
    }
}

#[test]
fn modules_have_names_that_say_something() {
    for path in files() {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let says_nothing = ["util", "utils", "common", "helper", "helpers", "misc", "manager"].contains(&stem);
        assert!(!says_nothing, "{}", path.display());
    }
}

#[test]
fn each_module_begins_by_saying_what_it_is_for() {
    // Files of a test binary are named after what they test; their main.rs says the rest.
    let in_tests =
        |path: &Path| path.components().any(|part| part.as_os_str() == "tests") && !path.ends_with("main.rs");
    for path in rust_files().into_iter().filter(|path| !in_tests(path)) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} does not begin with what it is for", path.display());
    }
}

#[test]
fn each_dependency_has_its_reason_beside_it() {
    for path in files().iter().filter(|path| path.ends_with("Cargo.toml")) {
        let text = fs::read_to_string(path).unwrap();
        let mut in_dependencies = false;
        let mut before = "";
        for line in text.lines() {
            if line.starts_with('[') {
                in_dependencies = line.ends_with("dependencies]");
            } else if in_dependencies && line.contains(" = ") && !line.starts_with('#') {
                let explained = before.starts_with('#') || line.contains(" # ");
                assert!(explained, "{}: why {line}?", path.display());
            }
            before = line;
        }
    }
}

#[test]
fn lints_are_switched_off_only_with_a_reason() {
    for path in rust_files() {
        let text = fs::read_to_string(&path).unwrap();
        let bare = text
            .lines()
            .any(|line| line.trim_start().starts_with("#[allow(") || line.trim_start().starts_with("#![allow("));
        assert!(!bare, "{} has a bare allow; use expect with a reason", path.display());
        let ignored = text.lines().any(|line| line.trim_start().starts_with("#[ignore"));
        assert!(!ignored, "{} has an ignored test", path.display());
    }
}

#[test]
fn the_changelog_names_the_version() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(changelog.contains(env!("CARGO_PKG_VERSION")) || changelog.contains("Unreleased"));
}

#[test]
fn files_that_documents_name_are_there() {
    let mut named = 0;
    for path in files().iter().filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = fs::read_to_string(path).unwrap();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        for word in text.split(|c: char| !is_part(c)).map(|word| word.trim_end_matches('.')) {
            let is_source =
                ["rs", "sh", "py", "toml", "sql", "ts"].iter().any(|end| word.ends_with(&format!(".{end}")));
            let folder = word.split('/').next().unwrap();
            if is_source && word.contains('/') && !folder.is_empty() && root().join(folder).is_dir() {
                let beside = path.parent().unwrap().join(word);
                assert!(root().join(word).exists() || beside.exists(), "{} names {word}", path.display());
                named += 1;
            }
        }
    }
    assert!(named > 30, "only {named} files are named");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut links = 0;
    for path in files().iter().filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = fs::read_to_string(path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            assert!(path.parent().unwrap().join(target).exists(), "{} links to {target}", path.display());
            links += 1;
        }
    }
    assert!(links > 0, "no document links to another");
}
