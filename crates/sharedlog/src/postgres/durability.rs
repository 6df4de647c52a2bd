//! What an acknowledgement of the engine is worth, by its settings.

use super::channel::Channel;
use super::rows::value;
use crate::fault::Fault;
use crate::shared_log::Durability;

const SETTINGS: &str = "select coalesce(current_setting('synchronous_standby_names', true), ''),
       coalesce(current_setting('synchronous_commit', true), ''), coalesce(current_setting('fsync', true), ''), version(),
       exists (select 1 from pg_catalog.pg_proc where proname = 'aurora_version')";

/// Who is not allowed to see them sees nulls, which don't count.
const STANDBYS: &str =
    "select count(*) filter (where sync_state in ('sync', 'quorum')) from pg_catalog.pg_stat_replication";

/// The settings as they were read.
#[derive(Debug)]
struct Settings {
    names: String,
    commit: String,
    fsync: String,
    version: String,
    is_aurora: bool,
    /// Attached synchronous standbys, if any can be seen.
    standbys: Option<i64>,
}

pub(super) async fn durability(channel: &Channel, is_managed: bool) -> Result<Durability, Fault> {
    if is_managed {
        let because = "the URL says durability=managed: the engine replicates below PostgreSQL".to_owned();
        return Ok(Durability { is_synchronous: true, because });
    }
    let rows = channel.rows(SETTINGS, &[]).await?;
    let Some(row) = rows.first() else { return Err(super::verdict::damaged("no settings")) };
    let standbys = match channel.rows(STANDBYS, &[]).await {
        Ok(rows) => rows.first().map(|row| value(row, 0)).transpose()?,
        // Not every engine lets everybody see it, or has it.
        Err(Fault::Misused(_)) => None,
        Err(fault) => return Err(fault),
    };
    Ok(of(&Settings {
        names: value(row, 0)?,
        commit: value(row, 1)?,
        fsync: value(row, 2)?,
        version: value(row, 3)?,
        is_aurora: value(row, 4)?,
        standbys: standbys.filter(|count| *count > 0),
    }))
}

fn of(settings: &Settings) -> Durability {
    let Settings { names, commit, fsync, version, is_aurora, standbys } = settings;
    let yes = |because: String| Durability { is_synchronous: true, because };
    let no = |because: String| Durability { is_synchronous: false, because };
    if *is_aurora {
        return yes("Aurora keeps each commit in several zones".to_owned());
    }
    if version.contains("-YB-") || version.contains("CockroachDB") {
        return yes("the engine replicates each commit by consensus, as far as its replication factor goes".to_owned());
    }
    if fsync == "off" {
        return no("fsync = off: an acknowledged append is lost with the power".to_owned());
    }
    if names.trim().is_empty() {
        return no(
            "synchronous_standby_names is empty: a standby that takes over may lack the last appends. If the engine \
                   replicates below PostgreSQL, as managed ones may do, say durability=managed in the URL"
                .to_owned(),
        );
    }
    let attached = match standbys {
        Some(count) => format!("; {count} attached"),
        None => String::new(),
    };
    match commit.as_str() {
        "off" | "local" => {
            no(format!("synchronous_commit = {commit}: an append is acknowledged before a standby has it"))
        }
        _ => yes(format!("synchronous_standby_names = '{names}', synchronous_commit = {commit}{attached}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_settings_promise_is_said_in_words() {
        let settings = |names: &str, commit: &str, fsync: &str, version: &str, standbys| Settings {
            names: names.to_owned(),
            commit: commit.to_owned(),
            fsync: fsync.to_owned(),
            version: version.to_owned(),
            is_aurora: false,
            standbys,
        };
        for (settings, is_synchronous, said) in [
            (settings("", "on", "on", "PostgreSQL 15.1", None), false, "synchronous_standby_names is empty"),
            (settings("FIRST 1 (s1)", "on", "on", "PostgreSQL 15.1", Some(1)), true, "1 attached"),
            (settings("*", "remote_write", "on", "PostgreSQL 15.1", None), true, "remote_write"),
            (settings("*", "local", "on", "PostgreSQL 15.1", None), false, "synchronous_commit = local"),
            (settings("*", "on", "off", "PostgreSQL 15.1", None), false, "fsync"),
            (settings("", "on", "on", "PostgreSQL 11.2-YB-2.20", None), true, "consensus"),
            (Settings { is_aurora: true, ..settings("", "on", "on", "PostgreSQL 15.1", None) }, true, "Aurora"),
        ] {
            let durability = of(&settings);
            assert_eq!(durability.is_synchronous, is_synchronous, "{settings:?}");
            assert!(durability.because.contains(said), "{}", durability.because);
        }
    }
}
