//! The response to a batch.

use tocos_engine::Submitted;

use crate::json::Writer;
use crate::rendering::Problem;

/// What became of the operations so far.
pub(super) struct Summary {
    all_results: bool,
    applied: usize,
    refused: usize,
    replayed: usize,
    first_event: Option<u64>,
    last_event: u64,
    results: Writer,
}

impl Summary {
    pub(super) fn new(operations: usize, all_results: bool) -> Self {
        let bytes = if all_results { operations * 320 } else { 0 };
        Self {
            all_results,
            applied: 0,
            refused: 0,
            replayed: 0,
            first_event: None,
            last_event: 0,
            results: Writer::with_capacity(bytes),
        }
    }

    fn comma(&mut self) {
        self.results.raw(if self.results.len() == 0 { "" } else { "," });
    }

    /// The next operation was applied or replayed; `event` is its event.
    pub(super) fn done<R>(&mut self, submitted: &Submitted<R>, event: &str) {
        if submitted.replayed {
            self.replayed += 1;
        } else {
            self.applied += 1;
            self.first_event.get_or_insert(submitted.event);
            self.last_event = submitted.event;
        }
        if !self.all_results {
            return;
        }
        self.comma();
        match event.strip_suffix('}') {
            Some(open) if submitted.replayed => {
                self.results.raw(open);
                self.results.raw(",\"replayed\":true}");
            }
            _ => self.results.raw(event),
        }
    }

    /// The operation at this place was refused.
    pub(super) fn refused(&mut self, operation: usize, problem: &Problem) {
        self.refused += 1;
        self.comma();
        problem.write(&mut self.results, Some(operation));
    }

    pub(super) fn into_json(self) -> Writer {
        let results = self.results.into_string();
        let mut out = Writer::with_capacity(results.len() + 128);
        for (name, count) in
            [("{\"applied\":", self.applied), (",\"refused\":", self.refused), (",\"replayed\":", self.replayed)]
        {
            out.raw(name);
            out.integer(count);
        }
        match self.first_event {
            Some(first) => {
                out.raw(",\"events\":{\"first\":");
                out.integer(first);
                out.raw(",\"last\":");
                out.integer(self.last_event);
                out.raw("}");
            }
            None => out.raw(",\"events\":null"),
        }
        out.raw(",\"results\":[");
        out.raw(&results);
        out.raw("]}");
        out
    }
}
