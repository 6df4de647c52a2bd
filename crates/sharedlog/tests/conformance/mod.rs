//! What every shared log does: one suite that all of them pass. Each case has an empty log of its own with three handles, as of
//! three nodes.

mod appends;
mod frames;
mod leases;
mod members;
mod pruning;
mod reads;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tocos_sharedlog::SharedLog;

pub(crate) use frames::{next, next_with, stored, whole};

/// An empty log.
pub(crate) struct Subject {
    /// Of three nodes.
    pub(crate) logs: [Arc<dyn SharedLog>; 3],
    /// Pruning drops multiples of so many frames.
    pub(crate) prune_step: u64,
}

pub(crate) type Case = fn(Subject) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! cases {
    ($($module:ident: $($name:ident),+;)+) => {
        /// All cases by name.
        pub(crate) const CASES: &[(&str, Case)] = &[$($((stringify!($name), |subject| Box::pin($module::$name(subject)))),+),+];
    };
}

cases! {
    appends:
        an_empty_log_has_its_start,
        a_frame_comes_back_as_it_was_appended,
        what_does_not_fit_is_refused,
        several_are_under_way_in_the_order_of_their_first_poll,
        nothing_succeeds_behind_a_refused_one,
        a_dropped_append_takes_place_whole_or_not_at_all,
        of_two_that_race_one_wins_each_number,
        a_random_history_agrees_with_a_naive_model;
    reads:
        reads_are_as_large_as_asked_for,
        a_wait_ends_with_a_new_frame,
        a_wait_ends_without_one,
        nothing_is_missed_between_a_read_and_a_wait,
        the_log_says_how_durable_it_is;
    leases:
        a_lease_is_taken_once_and_renewed,
        an_expired_lease_goes_to_another_under_a_greater_epoch,
        a_lease_that_is_handed_over_is_kept_for_one_node,
        of_many_that_want_the_lease_one_gets_it,
        a_new_epoch_is_greater_than_any_that_was_seen;
    members:
        members_are_listed_with_what_they_said,
        a_name_belongs_to_one_process_at_a_time,
        who_leaves_is_off_the_list;
    pruning:
        old_frames_are_dropped_from_the_front,
        young_frames_stay,
        old_numbers_stay_closed,
        a_read_behind_a_pruned_number_shows_the_gap;
}
