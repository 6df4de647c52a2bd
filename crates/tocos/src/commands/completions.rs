//! `tocos completions SHELL`: what a shell needs to complete our commands.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::terminal::print_bytes;

/// Print the completion script for a shell
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

impl CompletionsArgs {
    /// Prints the script for `command`.
    pub(crate) fn run(self, mut command: Command) -> anyhow::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "tocos", &mut script);
        Ok(print_bytes(&script)?)
    }
}
