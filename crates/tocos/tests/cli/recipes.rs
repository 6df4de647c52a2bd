//! The recipes, run as they stand there: each on a new ledger with a test clock.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::server::Server;

/// Commands with the output that is shown behind them.
fn commands(recipe: &str) -> Vec<(&str, String)> {
    let blocks = recipe.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, shown))) => shown.push_str(&format!("{line}\n")),
            (None, None) => panic!("{line} is the output of nothing"),
        }
    }
    commands
}

/// Times differ from day to day; those in a far century are the commands' own.
fn without_times(text: &str) -> String {
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("20") {
        let bytes = &rest.as_bytes()[at..];
        let is_time =
            bytes.len() > 10 && is_digit(bytes[2]) && is_digit(bytes[3]) && bytes[4] == b'-' && bytes[10] == b'T';
        let end = if is_time { rest[at..].find('Z').map_or(rest.len(), |end| at + end + 1) } else { at + 2 };
        out.push_str(&rest[..at]);
        out.push_str(if is_time { "TIME" } else { "20" });
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn every_recipe_gives_what_it_shows() {
    let page = include_str!("../../../../docs/recipes.md");
    let mut recipes = 0;
    for recipe in page.split("\n## ").skip(1) {
        let server = Server::start_with(&["--test-clock"]);
        let bin = server.path("bin");
        std::fs::create_dir(&bin).unwrap();
        symlink(env!("CARGO_BIN_EXE_tocos"), format!("{bin}/tocos")).unwrap();
        let path = format!("{bin}:{}", std::env::var("PATH").unwrap());
        let commands = commands(recipe);
        assert!(commands.len() >= 5, "only {} commands in {recipe}", commands.len());
        for (command, shown) in commands {
            let mut shell = Command::new("sh");
            let output = shell.args(["-c", command]).env("PATH", &path).env("TOCOS_URL", &server.url).output().unwrap();
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert_eq!(without_times(&said), shown, "{command}");
        }
        recipes += 1;
    }
    assert!(recipes >= 8, "only {recipes} recipes were found");
}
