//! A shared log in memory, for simulations: it fails on request, by a seed, and its time is that of tokio's clock, which may be
//! paused. Nothing outside of a test uses it.
//!
//! - [`Engine`]: what several handles share, and what a test does to it: stopping it, promoting a standby, cutting a handle off.
//! - [`Log`]: a handle, one for each node.
//! - [`Faults`]: how often what fails, and how long things take.
//! - `tables`: what the engine has stored. `queue`: calls on their way to it, and what becomes of them.

mod engine;
mod faults;
mod log;
mod queue;
mod tables;

pub use engine::Engine;
pub use faults::Faults;
pub use log::Log;
