//! Noting what events mention, until tables beside the log tell of it.

use crate::event::{Event, Movement};
use crate::ledger::Ledger;
use crate::mention::Mention;

impl Ledger {
    /// The client's reference, or the schedule that led to the event.
    #[cold]
    pub(super) fn note_names(&mut self, event: &Event<'_>) {
        let reference = event.client_reference().map(Mention::Reference);
        if let Some(mention) = reference.or_else(|| event.schedule().map(Mention::Schedule)) {
            self.note(mention, event.number);
        }
    }

    pub(super) fn note_schedule(&mut self, event: u64, id: &str) {
        self.note(Mention::Schedule(id), event);
    }

    /// The grants whose coins are moved. Of plain coins nobody knows.
    pub(super) fn note_grants(&mut self, event: u64, movement: &Movement) {
        // One that comes twice, but for one right behind the other, is noted twice.
        let mut last = 0;
        for lot in movement.legs.iter().flat_map(|leg| &leg.lots).map(|part| part.lot) {
            if lot.grant != last && lot.grant != 0 && lot.grant != event {
                last = lot.grant;
                self.note(Mention::Grant(last), event);
            }
        }
    }

    fn note(&mut self, mention: Mention<'_>, event: u64) {
        self.state.over.mention(mention.number(&self.keys), event);
    }
}
