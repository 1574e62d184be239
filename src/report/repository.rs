//! One repository of many: what came of it, and how that becomes part of the report of all.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Provenance, Report, Skipped};
use crate::finding::Means;
use crate::ledger::{Account, Accounts, Cause, Unit, add};
use crate::scan::Dismissal;

/// What came of one repository of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its name: its folder, as the list has it.
    pub name: Arc<str>,
    /// Whether all of it was scanned.
    pub status: Status,
    /// What stands for the options it was scanned with.
    pub settings: String,
    /// What stands for what there was to scan; nothing when it could not be opened.
    pub state: String,
    /// Where it can be had.
    pub provenance: Option<Provenance>,
    /// The config that was in force.
    pub config: Option<String>,
    /// How many findings are reported.
    pub findings: u64,
    /// What became of all there was to scan.
    pub accounts: Accounts,
    /// How many findings are suppressed, by each means.
    pub suppressed: BTreeMap<Means, u64>,
    /// How many candidates were not believed, by reason.
    pub dismissed: BTreeMap<Dismissal, u64>,
    /// What was asked for and not scanned, in order of path.
    pub skipped: Vec<Skipped>,
    /// What else a person should know.
    pub notices: Vec<String>,
}

/// A share of a list of repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Which one, counted from 1.
    pub number: u64,
    /// How many there are.
    pub of: u64,
    /// What stands for the whole list.
    pub list: String,
}

/// Whether all of a repository was scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All of it.
    Scanned,
    /// Not all of it.
    Partial,
    /// It could not be opened.
    Failed,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 3] = [Status::Scanned, Status::Partial, Status::Failed];

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Scanned => "scanned",
            Status::Partial => "partial",
            Status::Failed => "failed",
        }
    }
}

impl Report {
    /// The report of a repository that could not be opened.
    pub(crate) fn failed(reason: String) -> Report {
        let account = Account { not_scanned: [(Cause::Unreadable, 1)].into(), ..Account::default() };
        let accounts = [(Unit::Other, account)].into();
        Report { skipped: vec![Skipped { path: String::new(), reason }], accounts, ..Report::default() }
    }

    /// What the report of one repository comes to, in that of many.
    pub(crate) fn as_repository(&self, name: &Arc<str>, settings: &str, state: &str) -> Repository {
        let status = match (self.is_complete(), self.source) {
            (true, _) => Status::Scanned,
            // Nothing ran.
            (false, "") => Status::Failed,
            (false, _) => Status::Partial,
        };
        Repository {
            name: Arc::clone(name),
            status,
            settings: settings.to_owned(),
            state: state.to_owned(),
            provenance: self.provenance.clone(),
            config: self.config.clone(),
            findings: self.findings.len() as u64,
            accounts: self.accounts.clone(),
            suppressed: Means::ALL.map(|means| (means, self.suppressed_by(means))).into(),
            dismissed: self.dismissed.clone(),
            skipped: self.skipped.clone(),
            notices: self.notices.clone(),
        }
    }

    /// Shares of a list are not there: these, and as many in all.
    pub(super) fn miss_shares(&mut self, some: &[u64], missing: u64, of: u64) {
        let named: Vec<String> = some.iter().map(u64::to_string).collect();
        let more = missing - some.len() as u64;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let path = format!("--shard {}{more} of {of}", named.join(", "));
        let reason = "its report of this list is not among those that were joined".to_owned();
        self.skipped.push(Skipped { path, reason });
        let account = Account { not_scanned: [(Cause::Missing, 1)].into(), ..Account::default() };
        add(&mut self.accounts, &[(Unit::Other, account)].into());
    }

    /// Takes in the report of one repository.
    pub(crate) fn take_in(&mut self, mut part: Report, repository: Repository) {
        let name = &repository.name;
        let explained = part.explained.iter_mut().map(|one| &mut one.finding);
        for finding in part.findings.iter_mut().chain(&mut part.suppressed).chain(explained) {
            finding.location.origin.repository = Some(Arc::clone(name));
        }
        self.findings.append(&mut part.findings);
        self.suppressed.append(&mut part.suppressed);
        self.explained.append(&mut part.explained);
        for (means, count) in part.suppressed_elsewhere {
            let sum = self.suppressed_elsewhere.entry(means).or_default();
            *sum = sum.saturating_add(count);
        }
        for (reason, count) in part.dismissed {
            let sum = self.dismissed.entry(reason).or_default();
            *sum = sum.saturating_add(count);
        }
        self.skipped.extend(part.skipped.into_iter().map(|Skipped { path, reason }| {
            let path = if path.is_empty() { name.to_string() } else { format!("{name}: {path}") };
            Skipped { path, reason }
        }));
        self.notices.extend(part.notices.iter().map(|notice| format!("{name}: {notice}")));
        self.below += part.below;
        self.dead += part.dead;
        add(&mut self.accounts, &part.accounts);
        self.repositories.push(repository);
    }
}
