//! The program: parse, run, exit. The only place that exits, and that shows an error.

use std::process::ExitCode;

fn main() -> ExitCode {
    skant::cli::main(std::env::args_os())
}
