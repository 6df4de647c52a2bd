//! What a node is told at its start, and the times that follow from it.

use std::time::Duration;

/// What a node is told at its start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name, unlike that of all other nodes of the group.
    pub node: String,
    /// Where the other nodes can reach it.
    pub url: String,
    /// Random for each start of the process.
    pub instance: u64,
    /// How long the right to lead lasts without being renewed.
    pub lease: Duration,
    /// How many frames may be on their way to the shared log at a time.
    pub in_flight_max: usize,
    /// How many bytes of frames may be on their way or are read at a time, about.
    pub bytes_max: usize,
}

impl Options {
    /// With three frames and 8 MiB at a time.
    #[must_use]
    pub fn new(node: &str, url: &str, instance: u64, lease: Duration) -> Self {
        let (node, url) = (node.to_owned(), url.to_owned());
        Self { node, url, instance, lease, in_flight_max: 3, bytes_max: 8 << 20 }
    }

    /// Between two announcements, and between two renewals of the lease.
    pub(super) fn beat(&self) -> Duration {
        self.lease / 3
    }

    /// Between two looks at a lease that somebody has. Not the same for all nodes, so that they don't all try at once.
    pub(super) fn look_every(&self) -> Duration {
        self.lease / 4 + self.jitter()
    }

    /// Between two looks at the lease while nobody has it.
    pub(super) fn look_soon(&self) -> Duration {
        self.lease / 16 + self.jitter() / 8
    }

    /// Between two looks at the lease while there is news of the shared log.
    pub(super) fn look_at_news(&self) -> Duration {
        self.lease / 64
    }

    /// Up to an eighth of the lease, always the same for a name.
    pub(super) fn jitter(&self) -> Duration {
        // FNV-1a, and a factor that spreads it: names that differ little get other numbers.
        let hash =
            self.node.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        self.lease / 8 * (hash.wrapping_mul(0x9e37_79b9) >> 16) / 0x1_0000
    }

    /// The longest wait for news of the shared log at a time.
    pub(super) fn wait_max(&self) -> Duration {
        self.lease / 12
    }

    /// How long the end of a node waits for the shared log.
    pub(super) fn patience(&self) -> Duration {
        self.lease / 3
    }

    /// Pauses after faults.
    pub(super) fn backoff(&self) -> Backoff {
        Backoff { next: self.lease / 128, most: self.lease / 8 }
    }
}

/// Pauses between attempts, each twice as long as the one before up to a limit.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    next: Duration,
    most: Duration,
}

impl Backoff {
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.most);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(node: &str) -> Options {
        Options::new(node, "", 1, Duration::from_secs(3))
    }

    #[test]
    fn names_that_differ_little_look_at_different_times() {
        let mut at: Vec<Duration> = ["node-1", "node-2", "node-3", "node-4"].map(|node| options(node).jitter()).into();
        assert!(at.iter().all(|jitter| *jitter < Duration::from_millis(375)), "{at:?}");
        at.sort();
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] > Duration::from_millis(5)), "{at:?}");
    }

    #[test]
    fn pauses_grow_up_to_an_eighth_of_the_lease() {
        let mut backoff = options("a").backoff();
        let pauses: Vec<u128> = (0..7).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(pauses, [23, 46, 93, 187, 375, 375, 375]);
    }
}
