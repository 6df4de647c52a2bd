//! What the path of a request holds where its route has names.

use std::ops::Range;

/// No path has more segments that vary.
const PARAMS_MAX: usize = 2;

/// The segments of a path that are the values of a route's parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    pub(super) found: [Option<(&'static str, Range<usize>)>; PARAMS_MAX],
}

impl Params {
    /// Names and texts, still escaped as in the path.
    pub(crate) fn iter<'p>(&'p self, path: &'p str) -> impl Iterator<Item = (&'static str, &'p str)> {
        self.found.iter().flatten().map(|(name, range)| (*name, &path[range.clone()]))
    }
}
