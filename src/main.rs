//! The program: parse, run, exit. The only place that exits, and that shows an error.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::give_back_memory();
    skant::cli::main(std::env::args_os())
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "what glibc does with memory is set by a function of C's")]
mod glibc {
    use std::ffi::c_int;

    unsafe extern "C" {
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }

    const TRIM_THRESHOLD: c_int = -1;
    const MMAP_THRESHOLD: c_int = -3;

    /// Lets what is large and was given up go back to the system. Unless told, glibc keeps as much again as the largest that
    /// ever was, up to 32 MiB, and what lies in between: of the history of rails/rails 20 MB of 170.
    pub(super) fn give_back_memory() {
        // SAFETY: it takes any number, and no thread was started yet.
        unsafe { mallopt(MMAP_THRESHOLD, 4 << 20) };
        // SAFETY: the same.
        unsafe { mallopt(TRIM_THRESHOLD, 8 << 20) };
    }
}
