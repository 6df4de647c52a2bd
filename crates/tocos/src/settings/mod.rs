//! What can be set about `tocos serve`, in two steps: as given (flags, variables, a file, each value with
//! where it came from) and as checked (one struct of proper types). A flag wins over a variable, a variable
//! over the file, the file over the default. Errors name the place the value came from.

mod checked;
mod file;
mod given;
mod group;

pub(crate) use self::checked::{Config, LogFormat, LogLevel};
pub(crate) use self::given::{Given, ServeArgs};

#[cfg(test)]
mod tests;
