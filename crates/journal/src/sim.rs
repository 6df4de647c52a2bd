//! A disk in memory that crashes and fails on request, for tests.
