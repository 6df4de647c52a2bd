//! Which source wins, and what the errors name.

use clap::{ArgMatches, Args, Command};
use tocos_archive::store::Store;

use super::checked::webhooks;
use super::given::{KEYS, Origin, Value};
use super::group::GroupSettings;
use super::*;
use crate::usage::Usage;

fn of_file(text: &str) -> Result<Config, String> {
    file::parse(text, "tocos.toml").and_then(|given| Config::check(&given)).map_err(|Usage(text)| text)
}

fn flags(arguments: &[&str]) -> ArgMatches {
    let command = ServeArgs::augment_args(Command::new("serve"));
    command.try_get_matches_from(["serve"].iter().chain(arguments)).unwrap()
}

fn of_flags(arguments: &[&str]) -> Result<Config, String> {
    Given::gather(&flags(arguments)).and_then(|given| Config::check(&given)).map_err(|Usage(text)| text)
}

#[test]
fn nothing_given_means_the_defaults() {
    assert_eq!(of_file("").unwrap(), Config::default());
    assert_eq!(of_flags(&[]).unwrap(), Config::default());
}

#[test]
fn every_setting_can_stand_in_the_file() {
    let config = of_file(
        "listen = \"0.0.0.0:80\"\ninternal_listen = \"none\"\ndata_dir = \"/var/lib/tocos\"\nlog_format = \"json\"\n\
         log_level = \"warn\"\nallow_unauthenticated = true\nbench_routes = true\n\
         clock_gap_max = \"36h\"\nclock_trust_kernel = false\n\
         segment_bytes = 1_000_000\nsnapshot_every_events = 5\nkeys_in_memory = 7\nthreads = 3\naddress_file = \"/run/tocos\"\narchive = \"file:///mnt/copy\"\narchive_every_s = 60\nlocal_log_bytes = 300_000_000\nbootstrap_key_file = \"/run/key\"\n\
         restore_from = \"file:///var/backups/tocos\"\n\
         shared_log = \"postgres://tocos:pw@db/tocos?ledger=main\"\nnode = \"a\"\nadvertise = \"http://10.0.0.7:80/\"\nlease_s = 5\n\
         webhooks_allow_private = \"10.1.0.0/16, 127.0.0.1\"\n",
    )
    .unwrap();
    let expected = Config {
        listen: "0.0.0.0:80".parse().unwrap(),
        internal_listen: None,
        data_dir: "/var/lib/tocos".into(),
        log_format: LogFormat::Json,
        log_level: LogLevel::Warn,
        allow_unauthenticated: true,
        bench_routes: true,
        test_clock: false,
        clock_gap_max: Some(std::time::Duration::from_secs(36 * 3_600)),
        clock_trust_kernel: false,
        segment_bytes: 1_000_000,
        snapshot_every_events: 5,
        keys_in_memory: 7,
        threads: 3,
        archive: Some(checked::Archive { store: Store::open("file:///mnt/copy").unwrap() }),
        archive_every_s: 60,
        local_log_bytes: Some(300_000_000),
        address_file: Some("/run/tocos".into()),
        bootstrap_key_file: Some("/run/key".into()),
        restore_from: Some("file:///var/backups/tocos".to_owned()),
        group: GroupSettings {
            shared_log: Some(group::shared_log("postgres://tocos:pw@db/tocos?ledger=main").unwrap()),
            node: Some("a".to_owned()),
            advertise: Some("http://10.0.0.7:80".to_owned()),
            lease: std::time::Duration::from_secs(5),
            leaves: false,
        },
        webhooks: webhooks("10.1.0.0/16,127.0.0.1/32").unwrap(),
    };
    assert_eq!(config, expected);
    // A group has no test clock, and nobody leaves one that they serve.
    assert!(
        of_file("test_clock = true\nleave_group = true\n").is_ok_and(|config| config.test_clock && config.group.leaves)
    );
}

#[test]
fn every_setting_is_a_flag_and_a_variable_of_its_name() {
    let command = ServeArgs::augment_args(Command::new("serve"));
    for key in KEYS {
        let argument = command.get_arguments().find(|argument| argument.get_id() == key).expect(key);
        assert_eq!(argument.get_long(), Some(key.replace('_', "-").as_str()));
        let variable = argument.get_env().and_then(|name| name.to_str()).unwrap();
        assert_eq!(Origin::Variable(key).to_string(), variable);
    }
    assert_eq!(command.get_arguments().count(), KEYS.len() + 1, "all but --config are settings");
}

#[test]
fn a_flag_wins_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tocos.toml");
    std::fs::write(&path, "listen = \"127.0.0.1:1\"\nlog_level = \"debug\"\n").unwrap();
    let config = of_flags(&["--config", path.to_str().unwrap(), "--listen", "localhost:2", "--test-clock"]).unwrap();
    assert_eq!(config.listen, "127.0.0.1:2".parse().unwrap());
    assert_eq!(config.log_level, LogLevel::Debug);
    assert!(config.test_clock);
}

#[test]
fn errors_of_the_file_name_the_file_and_the_line() {
    let check = |text, expected: &str| assert_eq!(of_file(text).unwrap_err(), expected);
    check(
        "\n# here\nlisten = \"here\"\n",
        "tocos.toml, line 3, listen: \"here\" is not an address and port such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080",
    );
    check(
        "log_level = \"info\"\nsegment_bytes = 5\n",
        "tocos.toml, line 2, segment_bytes: 5 is not between 65536 and 17179869184",
    );
    check("test_clock = \"maybe\"\n", "tocos.toml, line 1, test_clock: \"maybe\" is neither true nor false");
    check(
        "data_dir = [1]\n",
        "tocos.toml, line 1, data_dir: a setting is a text in quotes, a whole number, true or false",
    );
    check("snapshot_every_events = 0\n", "tocos.toml, line 1, snapshot_every_events: 0 is less than 1");
    assert!(of_file("a = 1\nlisten = \n").unwrap_err().starts_with("tocos.toml, line 2: "));
    let unknown = of_file("listn = \"127.0.0.1:1\"\n").unwrap_err();
    assert!(
        unknown.starts_with("tocos.toml, line 1: there is no setting `listn`; the settings are listen,"),
        "{unknown}"
    );
}

#[test]
fn settings_of_a_group_that_contradict_each_other_are_refused_in_words() {
    const LOG: &str = "postgres://tocos:secret@db/tocos";
    let refused = |arguments: &[&str]| of_flags(arguments).unwrap_err();
    for (arguments, words) in [
        (vec!["--node", "a"], "node is for a node of a group. Give --shared-log too"),
        (vec!["--advertise", "http://a:1"], "advertise is for a node of a group. Give --shared-log too"),
        (vec!["--shared-log", LOG, "--test-clock"], "a ledger with a test clock can't be served by a group"),
        (vec!["--shared-log", LOG, "--leave-group"], "leave_group is for a ledger that is served alone"),
        (vec!["--shared-log", LOG, "--listen", "0.0.0.0:80"], "Say with --advertise where they reach this one"),
        (vec!["--shared-log", LOG, "--node", "a b"], "--node: \"a b\" can't be a node's name"),
        (vec!["--shared-log", LOG, "--lease-s", "0"], "--lease-s: 0 is not between 1 and 300"),
        (vec!["--shared-log", "db:5432/tocos"], "--shared-log: \"db:5432/tocos\" is no URL such as postgres://"),
        (vec!["--shared-log", LOG, "--advertise", "10.0.0.7:80"], "--advertise: \"10.0.0.7:80\" is no URL"),
    ] {
        let error = refused(&arguments);
        assert!(error.contains(words) && !error.contains("secret"), "{arguments:?}: {error}");
    }
    let config = of_flags(&["--shared-log", LOG, "--node", "a", "--listen", "10.0.0.7:80"]).unwrap();
    assert_eq!(config.group.url(config.listen), "http://10.0.0.7:80");
    assert_eq!(config.group.name().unwrap(), "a");
    assert!(!format!("{config:?}").contains("secret"), "{config:?}");
}

#[test]
fn errors_of_flags_and_variables_name_them() {
    let check = |arguments: &[&str], expected: &str| assert_eq!(of_flags(arguments).unwrap_err(), expected);
    check(&["--log-format", "xml"], "--log-format: \"xml\" is neither text nor json");
    check(&["--test-clock=perhaps"], "--test-clock: \"perhaps\" is neither true nor false");
    check(
        &["--listen", "127.0.0.1:9", "--internal-listen", "127.0.0.1:9"],
        "listen and internal_listen are both 127.0.0.1:9; they are two listeners, so give one of them another port",
    );
    let mut given = Given::default();
    given.0.insert("log_level", Value { text: "loud".to_owned(), origin: Origin::Variable("log_level") });
    let Usage(text) = Config::check(&given).unwrap_err();
    assert_eq!(text, "TOCOS_LOG_LEVEL: \"loud\" is none of error, warn, info, debug and trace");
    check(&["--archive-every-s", "0"], "--archive-every-s: 0 is not between 1 and 3600");
    check(
        &["--local-log-bytes", "1000", "--archive", "file:///mnt/copy"],
        "local_log_bytes is 1000; it must be at least 4 files of the log, which are 268435456 bytes",
    );
    check(
        &["--local-log-bytes", "300000000"],
        "local_log_bytes needs an archive: what leaves the disk is there alone. Give --archive too",
    );
    assert_eq!(of_flags(&["--local-log-bytes", "none"]).unwrap().local_log_bytes, None);
    let url = of_flags(&["--archive", "backups"]).unwrap_err();
    assert!(url.starts_with("--archive: backups: this is no URL") && url.contains("s3://BUCKET/PREFIX"), "{url}");
    let missing = of_flags(&["--config", "/nowhere/tocos.toml"]).unwrap_err();
    assert!(missing.starts_with("/nowhere/tocos.toml: can't be read: "), "{missing}");
}

#[test]
fn webhooks_may_be_in_ranges_that_are_named_and_in_no_others() {
    assert_eq!(webhooks("none"), Ok(tocos_webhooks::AddressPolicy::default()));
    assert_eq!(webhooks("all"), Ok(tocos_webhooks::AddressPolicy::everything()));
    assert!(of_flags(&["--webhooks-allow-private", "10.0.0.0/8,fd00::/8"]).is_ok());
    for wrong in ["10.0.0.0/33", "example.com", "10.0.0.0/8,", "true"] {
        let refused = of_flags(&["--webhooks-allow-private", wrong]).unwrap_err();
        assert!(refused.starts_with("--webhooks-allow-private: ") && refused.ends_with("or none, or all"), "{refused}");
    }
}
