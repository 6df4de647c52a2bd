//! The binary.
mod list;
fn main(){}
