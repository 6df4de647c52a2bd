//! Which node leads the group that serves the ledger.

use crate::amount::Micros;
use crate::event::{Event, Fact};
use crate::ledger::Ledger;

impl Ledger {
    /// The next event, at `now`, which says that `node` leads under `epoch`. It changes nothing but the last event's number and time, so
    /// it may come before what is due at `now` has expired. [`Ledger::apply`] refuses it where `now` is before the last event, and
    /// where `node` is not 1 to 63 bytes long ([`check_node_name`](crate::check_node_name) says which names a node may have).
    #[must_use]
    pub fn leader<'a>(&self, epoch: u64, node: &'a str, now: Micros) -> Event<'a> {
        let fact = Fact::Leader { epoch, node };
        Event { number: self.state.last_event + 1, at: now, by: 0, key: None, metadata: None, reference: None, fact }
    }
}
