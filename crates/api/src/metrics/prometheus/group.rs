//! The group of nodes: this node's role in it, how far it is behind, and what became of requests that it passed on. The metrics are
//! there without a group too, so that no alert and no panel lacks its data: the role is then `alone`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tocos_group::{Figures, Role};

use super::{Text, seconds};
use crate::metrics::Counters;

/// The role of a node without a group.
const ALONE: &str = "alone";

/// All others, so that one that ends goes to 0.
const ROLES: [Role; 7] =
    [Role::Joining, Role::Follower, Role::Candidate, Role::Leader, Role::HandingOver, Role::Diverged, Role::Stopped];

/// `group` is what this node knows of its group, if it has one.
pub(super) fn put(group: Option<&Figures>, counters: &Counters, out: &mut Text) {
    out.family(
        "tocos_group_role",
        "gauge",
        "1 for what this node is to its group, else 0; alone is one without a group.",
    );
    let role = group.map_or(ALONE, |group| group.role.as_str());
    for known in [ALONE].into_iter().chain(ROLES.map(Role::as_str)) {
        out.sample("tocos_group_role", &format!("role=\"{known}\""), u8::from(known == role));
    }
    let meaning = "1 while this node knows who leads, or has no group; else 0.";
    let is_known = group.is_none_or(|group| group.leader.is_some());
    out.single("tocos_group_leader_known", "gauge", meaning, u8::from(is_known));
    figures(group.unwrap_or(&Figures::default()), out);
    requests(counters, out);
}

/// What the protocol measures and counts.
fn figures(group: &Figures, out: &mut Text) {
    let meaning = "The epoch that this node saw last; it grows with each change of the leader.";
    out.single("tocos_group_epoch", "gauge", meaning, group.epoch);
    let meaning = "Time since the leader renewed its lease; 0 if this node does not lead.";
    let lease_age = if group.role == Role::Leader { group.lease_age } else { Duration::ZERO };
    out.single("tocos_group_lease_age_seconds", "gauge", meaning, lease_age.as_secs_f64());
    let meaning = "Events of the shared log that this node does not have yet.";
    out.single("tocos_group_lag_events", "gauge", meaning, group.tip_event.saturating_sub(group.last_event));
    let meaning = "Time since this node was last level with the shared log.";
    out.single("tocos_group_lag_seconds", "gauge", meaning, group.behind.as_secs_f64());
    let meaning = "Frames on their way into the shared log.";
    out.single("tocos_group_appends_in_flight", "gauge", meaning, group.in_flight);
    let meaning = "Frames of this node that the shared log took.";
    out.single("tocos_group_appends_total", "counter", meaning, group.appends);
    let meaning = "Time that these appends took in all.";
    out.single("tocos_group_append_seconds_total", "counter", meaning, seconds(group.append_us));
    let meaning = "Frames appended again because the shared log had lost them.";
    out.single("tocos_group_healed_frames_total", "counter", meaning, group.healed_frames);
    out.single("tocos_group_faults_total", "counter", "Times that the shared log could not be reached.", group.faults);
    let meaning = "Times that another leader was seen while this node led.";
    out.single("tocos_group_rivals_total", "counter", meaning, group.rivals);
    out.single("tocos_group_changes_total", "counter", "Changes of the leader that this node saw.", group.changes);
    let meaning =
        "1 if the shared log keeps each acknowledged event on more than one machine, 0 if not, -1 if unknown.";
    out.single("tocos_group_synchronous", "gauge", meaning, group.is_synchronous.map_or(-1, i8::from));
    let meaning = "Nodes of the group that have announced themselves.";
    out.single("tocos_group_members", "gauge", meaning, group.members.len());
}

/// What became of requests that only the leader can answer.
fn requests(counters: &Counters, out: &mut Text) {
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let meaning = "Requests passed on to the leader, each try counted.";
    out.single("tocos_group_forwarded_total", "counter", meaning, get(&counters.forwarded));
    let meaning = "Tries of requests of the group after the first.";
    out.single("tocos_group_forward_retries_total", "counter", meaning, get(&counters.forward_retries));
    let meaning = "Requests that no leader answered in time.";
    out.single("tocos_group_forward_given_up_total", "counter", meaning, get(&counters.forward_given_up));
}
