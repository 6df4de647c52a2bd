//! The nodes that serve one ledger. One leads: it decides, and appends its frames to the shared log under its epoch. The
//! others follow: they read the shared log on and apply it. This crate has the protocol alone; what a frame means is the
//! ledger's, and how frames are kept is the shared log's.
//!
//! - [`node`]: the roles, as one task
//! - [`local`]: what the protocol needs of the node's own ledger
//! - [`status`]: what a node knows about itself and its group

pub mod local;
pub mod node;
pub mod status;

pub use local::{Local, LocalFault, LocalFrame, Outgoing, Position};
pub use node::{Ended, HandedOver, Handle, Node, Options};
pub use status::{Figures, Leader, NodeStatus, Role, Status};
