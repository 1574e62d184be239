//! The ledger of a run: how much there was to scan, and what became of it.
//!
//! Whoever meets things says how many, whoever is done with one says what became of it, and neither knows
//! the other's numbers. What was met and never heard of again is booked as not scanned, so the sum holds:
//! in scope = scanned + left out by a named rule + not scanned for a named reason.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// An enum whose variants have names in reports.
macro_rules! named {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type { $($(#[$doc])* $variant,)* }

        impl $type {
            /// All of them, in order.
            pub const ALL: [$type; [$($name),*].len()] = [$($type::$variant),*];

            /// Its name in reports.
            pub fn as_str(self) -> &'static str {
                match self { $($type::$variant => $name,)* }
            }
        }
    };
}

named! {
    /// What is counted.
    Unit {
        /// Files, and what else is neither folder nor link.
        File = "files",
        /// Folders.
        Folder = "folders",
        /// Symbolic links.
        Link = "links",
        /// Blobs of git's.
        Blob = "blobs",
        /// Commits.
        Commit = "commits",
        /// Refs.
        Ref = "refs",
        /// Repositories within the one that is scanned.
        Submodule = "submodules",
        /// Members of archives.
        Member = "members",
        /// Bytes of what was opened.
        Byte = "bytes",
        /// What holds the rest: an index, a pack, a config.
        Other = "others",
    }
}

named! {
    /// The rule by which something is left out.
    Exclusion {
        /// An ignore rule matches it, and git does not track it.
        Ignored = "ignore-rule",
        /// It is git's own.
        GitFolder = "git-folder",
        /// It is a pipe, a socket or a device.
        Irregular = "no-regular-file",
        /// It was named twice, and scanned once.
        Again = "named-twice",
        /// It is an archive of a format that is not opened; its bytes are scanned as they are.
        Unopened = "format-not-opened",
        /// No ref reaches it.
        Unreachable = "unreachable",
        /// Its content is in another repository.
        OtherRepository = "other-repository",
    }
}

named! {
    /// Why something was not scanned.
    Cause {
        /// It is not there.
        Missing = "missing",
        /// It cannot be read.
        Unreadable = "unreadable",
        /// It is there, and not whole.
        Damaged = "damaged",
        /// The clone is shallow.
        Shallow = "shallow",
        /// What will be committed is not staged yet.
        Conflict = "conflict",
        /// A budget was used up.
        Limit = "limit",
        /// A setting about it is not understood.
        Setting = "setting",
        /// Ignore rules leave nothing of what was asked for.
        AllIgnored = "all-ignored",
        /// It was met, and nobody said what became of it: a fault of ours.
        Unaccounted = "unaccounted",
    }
}

impl Cause {
    /// The cause that an error of the system is.
    pub fn of(error: &io::Error) -> Cause {
        match error.kind() {
            io::ErrorKind::NotFound => Cause::Missing,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Cause::Damaged,
            _ => Cause::Unreadable,
        }
    }
}

const UNITS: usize = Unit::ALL.len();

/// A ledger that is being written, from any thread.
#[derive(Debug, Default)]
pub struct Ledger {
    met: [AtomicU64; UNITS],
    scanned: [AtomicU64; UNITS],
    left_out: [[AtomicU64; Exclusion::ALL.len()]; UNITS],
    missed: [[AtomicU64; Cause::ALL.len()]; UNITS],
}

/// What became of all there was of one unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// What was scanned.
    pub scanned: u64,
    /// What was left out, by rule.
    pub left_out: BTreeMap<Exclusion, u64>,
    /// What was asked for and not scanned, by reason.
    pub not_scanned: BTreeMap<Cause, u64>,
}

/// The accounts of a run: those in which there is something.
pub type Accounts = BTreeMap<Unit, Account>;

impl Ledger {
    /// So many are in scope.
    pub fn meet(&self, unit: Unit, count: u64) {
        self.met[unit as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// So many were scanned.
    pub fn scan(&self, unit: Unit, count: u64) {
        self.scanned[unit as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// So many were left out.
    pub fn leave_out(&self, unit: Unit, rule: Exclusion, count: u64) {
        self.left_out[unit as usize][rule as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// One was not scanned.
    pub fn miss(&self, unit: Unit, cause: Cause) {
        self.missed[unit as usize][cause as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many were scanned so far.
    pub fn scanned(&self, unit: Unit) -> u64 {
        self.scanned[unit as usize].load(Ordering::Relaxed)
    }

    /// The accounts, when the run is over.
    pub fn close(&self) -> Accounts {
        let accounts = Unit::ALL.into_iter().map(|unit| (unit, self.account(unit)));
        accounts.filter(|(_, account)| account.in_scope() > 0).collect()
    }

    fn account(&self, unit: Unit) -> Account {
        let at = unit as usize;
        let mut account = Account {
            scanned: self.scanned(unit),
            left_out: counted(Exclusion::ALL, &self.left_out[at]),
            not_scanned: counted(Cause::ALL, &self.missed[at]),
        };
        let lost = self.met[at].load(Ordering::Relaxed).saturating_sub(account.in_scope());
        if lost > 0 {
            *account.not_scanned.entry(Cause::Unaccounted).or_default() += lost;
        }
        account
    }
}

impl Account {
    /// How many there were.
    pub fn in_scope(&self) -> u64 {
        [self.scanned, self.left_out(), self.not_scanned()].into_iter().fold(0, u64::saturating_add)
    }

    /// How many were left out.
    pub fn left_out(&self) -> u64 {
        self.left_out.values().copied().fold(0, u64::saturating_add)
    }

    /// How many were not scanned.
    pub fn not_scanned(&self) -> u64 {
        self.not_scanned.values().copied().fold(0, u64::saturating_add)
    }

    /// Adds another of the same unit.
    fn add(&mut self, other: &Account) {
        self.scanned = self.scanned.saturating_add(other.scanned);
        add_counts(&mut self.left_out, &other.left_out);
        add_counts(&mut self.not_scanned, &other.not_scanned);
    }
}

/// How many of a unit were scanned.
pub fn scanned(accounts: &Accounts, unit: Unit) -> u64 {
    accounts.get(&unit).map_or(0, |account| account.scanned)
}

/// Adds the accounts of another run.
pub fn add(sums: &mut Accounts, more: &Accounts) {
    for (unit, account) in more {
        sums.entry(*unit).or_default().add(account);
    }
}

fn add_counts<K: Copy + Ord>(sums: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, count) in more.iter().filter(|(_, count)| **count > 0) {
        let sum = sums.entry(*key).or_default();
        *sum = sum.saturating_add(*count);
    }
}

fn counted<K: Ord, const N: usize>(keys: [K; N], counts: &[AtomicU64; N]) -> BTreeMap<K, u64> {
    let counts = counts.iter().map(|count| count.load(Ordering::Relaxed));
    keys.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_and_never_heard_of_again_was_not_scanned() {
        let ledger = Ledger::default();
        ledger.meet(Unit::File, 7);
        ledger.scan(Unit::File, 3);
        ledger.leave_out(Unit::File, Exclusion::Ignored, 2);
        ledger.miss(Unit::File, Cause::Missing);
        let accounts = ledger.close();
        let account = &accounts[&Unit::File];
        assert_eq!(account.not_scanned, BTreeMap::from([(Cause::Missing, 1), (Cause::Unaccounted, 1)]));
        assert_eq!((accounts.len(), account.in_scope()), (1, 7));
    }

    #[test]
    fn names_are_all_different() {
        let names = |all: &[&'static str]| all.iter().collect::<std::collections::BTreeSet<_>>().len();
        assert_eq!(names(&Unit::ALL.map(Unit::as_str)), UNITS);
        assert_eq!(names(&Cause::ALL.map(Cause::as_str)), Cause::ALL.len());
    }
}
