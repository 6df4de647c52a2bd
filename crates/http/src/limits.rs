//! Bounds on what clients can make a server hold or wait for.

use std::time::Duration;

/// Bounds on what clients can make a server hold or wait for. Each has a default that suits a small machine.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections served at a time; further ones are rejected with 429.
    pub connections_max: usize,
    /// Bytes of large bodies held in memory at a time, over all connections.
    pub bodies_in_flight_bytes_max: usize,
    /// How long the head of a request may take from its first byte.
    pub head_timeout: Duration,
    /// How long the body of a request may take after its head.
    pub body_timeout: Duration,
    /// How long a connection may be silent between requests, or not take the response.
    pub idle_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            bodies_in_flight_bytes_max: 256 * 1024 * 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
        }
    }
}
