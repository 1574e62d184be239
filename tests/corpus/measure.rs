//! What scanning the corpus comes to: for each rule, and for all.

use std::collections::BTreeMap;
use std::fmt::Write;

use skant::blob::{Blob, Origin};
use skant::finding::Confidence;
use skant::rule::RuleSet;
use skant::scan::{Scanner, Scratch};

use super::{Case, Planted};

/// What became of the secrets that one rule, or one kind of rule, should find.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    /// How many there are.
    pub(crate) planted: usize,
    /// How many of them are reported, by that rule or another.
    pub(crate) found: usize,
    /// How many of them are reported by that rule.
    pub(crate) named: usize,
    /// How many findings there are where nothing was planted.
    pub(crate) false_alarms: usize,
}

impl Tally {
    /// The share of what is there that is found.
    pub(crate) fn recall(self) -> f64 {
        share(self.found, self.planted)
    }

    /// The share of what is found that is there.
    pub(crate) fn precision(self) -> f64 {
        share(self.found, self.found + self.false_alarms)
    }

    /// The share of what is found that is called what it is.
    pub(crate) fn naming(self) -> f64 {
        share(self.named, self.found)
    }

    /// Both together.
    pub(crate) fn and(self, other: Tally) -> Tally {
        Tally {
            planted: self.planted + other.planted,
            found: self.found + other.found,
            named: self.named + other.named,
            false_alarms: self.false_alarms + other.false_alarms,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are some thousand")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// The kinds of cases that no vendor issues.
pub(crate) const COMMON: [&str; 3] = ["key", "password", "quiet"];

/// Scans every case as a user would who asked for nothing; tells of each that does not come out as it should.
pub(crate) fn tallies(cases: &[Case], mut tell: impl FnMut(String)) -> BTreeMap<String, Tally> {
    let (scanner, mut scratch) = (Scanner::new(&RuleSet::builtin()), Scratch::default());
    let mut tallies = BTreeMap::<String, Tally>::new();
    for case in cases {
        let name = case.path.rsplit('/').next().unwrap_or(&case.path);
        let origin = Origin::file(name);
        let findings = scanner.scan(&Blob { bytes: case.text.as_bytes(), origin: &origin }, &mut scratch).findings;
        let tally = tallies.entry(case.about.clone()).or_default();
        tally.planted += usize::from(case.planted.is_some());
        let (mut found, mut named) = (false, false);
        for finding in findings.iter().filter(|finding| finding.confidence >= Confidence::Medium) {
            let text = finding.secret.expose();
            let overlaps = |secret: &[u8]| {
                memchr::memmem::find(secret, text).is_some() || memchr::memmem::find(text, secret).is_some()
            };
            let is_planted =
                |planted: &Planted| overlaps(planted.secret.as_bytes()) || overlaps(planted.written.as_bytes());
            if case.planted.as_ref().is_some_and(is_planted) {
                found = true;
                named |= finding.rule.id == case.about;
            } else {
                tally.false_alarms += 1;
                tell(format!(
                    "{} in {}: {} in {}",
                    finding.rule.id,
                    case.path,
                    String::from_utf8_lossy(text),
                    case.text
                ));
            }
        }
        if !found && case.planted.is_some() {
            tell(format!("missed in {}: {}", case.path, case.text));
        }
        tally.found += usize::from(found);
        tally.named += usize::from(named);
    }
    tallies
}

/// Those of rules, or those of common secrets and of what is quiet.
pub(crate) fn sum(tallies: &BTreeMap<String, Tally>, common: bool) -> Tally {
    let of_kind = tallies.iter().filter(|(about, _)| COMMON.contains(&about.as_str()) == common);
    of_kind.fold(Tally::default(), |sum, (_, tally)| sum.and(*tally))
}

/// All that is not perfect, and the sums.
pub(crate) fn table(tallies: &BTreeMap<String, Tally>) -> String {
    let mut text = format!("{:<44} {:>7} {:>7} {:>9} {:>7}\n", "", "secrets", "recall", "precision", "named");
    let mut line = |name: &str, tally: Tally| {
        let shares = [tally.recall(), tally.precision(), tally.naming()];
        let [recall, precision, naming] = shares;
        let _ = writeln!(text, "{name:<44} {:>7} {recall:>7.3} {precision:>9.3} {naming:>7.3}", tally.planted);
    };
    let is_perfect =
        |tally: &Tally| tally.found == tally.planted && tally.false_alarms == 0 && tally.named == tally.found;
    for (about, tally) in tallies.iter().filter(|(about, tally)| COMMON.contains(&about.as_str()) || !is_perfect(tally))
    {
        line(about, *tally);
    }
    line("ALL RULES OF PROVIDERS", sum(tallies, false));
    line("ALL COMMON SECRETS", sum(tallies, true));
    text
}
