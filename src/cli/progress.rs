//! A line on the terminal that tells how far a long scan has come.

use std::io::{IsTerminal, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar};

use crate::ledger::{Ledger, Unit};

/// A scan that takes less is not worth a line.
const PATIENCE: Duration = Duration::from_millis(800);
const TICK: Duration = Duration::from_millis(100);

/// Does some work, and meanwhile shows how far it has come when a person is looking.
pub(super) fn watch<T>(ledger: &Ledger, work: impl FnOnce() -> T) -> T {
    if !someone_looks() {
        return work();
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| show(ledger, &done));
        let result = work();
        done.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        result
    })
}

fn show(ledger: &Ledger, done: &AtomicBool) {
    thread::park_timeout(PATIENCE);
    if done.load(Ordering::Relaxed) {
        return;
    }
    let line = ProgressBar::new_spinner();
    while !done.load(Ordering::Relaxed) {
        let files = HumanCount(ledger.scanned(Unit::File) + ledger.scanned(Unit::Blob));
        let bytes = HumanBytes(ledger.scanned(Unit::Byte));
        line.set_message(format!("{files} files, {bytes}"));
        line.tick();
        thread::park_timeout(TICK);
    }
    line.finish_and_clear();
}

/// Hook frameworks give a terminal to programs nobody watches.
fn someone_looks() -> bool {
    stderr().is_terminal() && std::env::var_os("CI").is_none() && std::env::var_os("PRE_COMMIT").is_none()
}

/// How wide a report may be.
pub(super) fn terminal_width() -> usize {
    const USUAL: usize = 100;
    const WIDEST: usize = 140;
    if !stdout().is_terminal() {
        return USUAL;
    }
    let (_, columns) = console::Term::stdout().size();
    usize::from(columns).clamp(40, WIDEST)
}
