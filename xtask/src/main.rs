//! The project's chores.
//!
//! `cargo xtask ci` runs the checks in the order in which they are likely to fail. Each check says what
//! it is and how long it took. The quick ones come first, one after the other; then the slow suites run side by side. After
//! a failure nothing further begins. Checks install what they need beyond Rust and Terraform
//! when they run on Debian as root, and say what to install elsewhere.

mod console;
mod gate;
mod instructions;
mod lanes;
mod served;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "The project's chores", version)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// The gate before anything lands: all checks, or those named.
    Ci {
        /// Only these checks, in the order of the gate.
        #[arg(value_name = "CHECK")]
        only: Vec<String>,
    },
    /// The names of the checks and what each proves.
    Checks,
    /// Builds the console's bundle, which is checked in, from `console/`.
    Console,
    /// Counts the instructions of fixed work, and fails if they grew beyond what was accepted.
    Instructions {
        /// Accept the new counts instead.
        #[arg(long)]
        accept: bool,
    },
}

fn main() -> Result<()> {
    match Cli::parse().chore {
        Chore::Ci { only } => gate::run(&only),
        Chore::Checks => gate::list(),
        Chore::Console => console::run(),
        Chore::Instructions { accept } => instructions::run(accept),
    }
}
