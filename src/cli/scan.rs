//! `skant scan`, and the options that every scan takes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{ColorChoice, ValueEnum};

use super::policy::{Named, Place, PolicyOptions};
use super::{Outcome, print, progress, rules, show, tell, wants_color};
use crate::advice::advise;
use crate::baseline::Baseline;
use crate::config::Config;
use crate::error::Error;
use crate::fault;
use crate::finding::inert;
use crate::git::{Repository, hex, open_harmless};
use crate::ledger::Ledger;
use crate::policy::{Ground, Policy};
use crate::report::{Format, Provenance, Report, Style};
use crate::rule::{Confidence, RuleSet, Severity};
use crate::run::{Engine, Wanted};
use crate::source::{Source, Stdin, Tree};
use crate::verify::Verifier;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and folders; `-` is standard input
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// The name standard input goes by
    #[arg(long, value_name = "NAME")]
    stdin_filename: Option<String>,
    /// Scan files that ignore rules match, too
    #[arg(long)]
    no_ignore: bool,
    #[command(flatten)]
    options: Options,
}

/// What every scan can be told.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    reports: ReportOptions,
    /// Show secrets in full; `human` and `json` only
    #[arg(long, help_heading = "Output")]
    reveal: bool,
    /// List what was dismissed, and why
    #[arg(long, help_heading = "Output")]
    explain: bool,
    /// List what is suppressed, and by what; SARIF gets `suppressions`
    #[arg(long, help_heading = "Output")]
    show_suppressed: bool,
    #[command(flatten)]
    rules: RuleOptions,
    /// Report findings from this severity up
    #[arg(long, value_name = "LEVEL", default_value = "low", help_heading = "Rules")]
    severity: Severity,
    /// Report findings from this confidence up
    #[arg(long, value_name = "LEVEL", default_value = "medium", help_heading = "Rules")]
    confidence: Confidence,
    /// Ask whoever issued a key whether it is live: the only use of the network in a scan
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    policy: PolicyOptions,
    /// How many threads to use (default: as many as there are processors)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

/// Which reports are wanted, and what they come to.
#[derive(Debug, clap::Args)]
pub(super) struct ReportOptions {
    /// The format of standard output (default: human; of `skant ci` on GitHub: github)
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    format: Option<Format>,
    /// Write a report to a file as well (repeatable)
    #[arg(short, long, value_name = "FORMAT=FILE", value_parser = output, help_heading = "Output")]
    output: Vec<(Format, PathBuf)>,
    /// Findings only, no summary
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
    /// Say more (repeatable)
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = "Output")]
    verbose: u8,
    /// Exit with 1 for findings from this severity up, or `never`
    #[arg(long, value_name = "LEVEL", default_value = "low", help_heading = "Output")]
    fail_on: FailOn,
}

/// Which rules are wanted.
#[derive(Debug, clap::Args)]
pub(super) struct RuleOptions {
    /// Add the rules of a file (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    rules: Vec<PathBuf>,
    /// Run these rules only: ids or globs
    #[arg(long, value_name = "ID,...", value_delimiter = ',', help_heading = "Rules")]
    only: Vec<String>,
    /// Leave these rules out: ids or globs
    #[arg(long, value_name = "ID,...", value_delimiter = ',', help_heading = "Rules")]
    skip: Vec<String>,
}

/// Says on standard error what was not scanned, for those whose report goes to a program.
fn tell_skipped(report: &Report) {
    const MOST: usize = 20;
    let lines = report.skipped.iter().take(MOST).map(|one| format!("not scanned: {}: {}", one.path, one.reason));
    let more = report.skipped.len().saturating_sub(MOST);
    let more = (more > 0).then(|| format!("and {more} more"));
    let lines: Vec<String> = lines.chain(more).map(|line| inert(&line)).collect();
    if !lines.is_empty() {
        tell(&lines.join("\n"));
    }
}

/// The severity from which findings fail the run.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    Low,
    Medium,
    High,
    Critical,
    Never,
}

impl FailOn {
    fn threshold(self) -> Option<Severity> {
        match self {
            FailOn::Low => Some(Severity::Low),
            FailOn::Medium => Some(Severity::Medium),
            FailOn::High => Some(Severity::High),
            FailOn::Critical => Some(Severity::Critical),
            FailOn::Never => None,
        }
    }
}

fn output(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, file) = text.split_once('=').ok_or("write FORMAT=FILE, for example sarif=skant.sarif")?;
    if file.is_empty() {
        return Err("the file's name is missing".into());
    }
    if file == "-" {
        return Err("standard output has `--format`; name a file".into());
    }
    Ok((Format::from_str(format, false)?, file.into()))
}

pub(super) fn run(arguments: Args, color: ColorChoice) -> Result<Outcome, Error> {
    let Args { paths, stdin_filename, no_ignore, options } = arguments;
    let is_stream = paths.iter().any(|path| path.as_os_str() == "-");
    if is_stream && paths.len() > 1 {
        return Err(Error::usage("`-` stands with other paths", "scan standard input in a run of its own"));
    }
    if stdin_filename.is_some() && !is_stream {
        return Err(Error::usage("`--stdin-filename` names standard input, which is not scanned", "add the path `-`"));
    }
    let (_, outcome) = if is_stream {
        let policy = options.policy.open(Place::Repository)?;
        options.report_by(&Stdin { name: stdin_filename }, &policy, None, color)?
    } else {
        options.spare(&paths)?;
        let folder = Tree::repository(&paths);
        let tree = Tree::new(paths, no_ignore);
        let policy = options.policy.open(Place::Folder(tree.root().to_owned()))?;
        options.report_by(&tree, &policy, folder.as_deref(), color)?
    };
    Ok(outcome)
}

impl Options {
    /// Scans a source and writes every report that was asked for.
    pub(super) fn scan(&self, source: &dyn Source, color: ColorChoice) -> Result<Outcome, Error> {
        self.report(source, color).map(|(_, outcome)| outcome)
    }

    /// The same, for those who want to know more than how it ended.
    pub(super) fn report(&self, source: &dyn Source, color: ColorChoice) -> Result<(Report, Outcome), Error> {
        let mut policy = self.policy.open(Place::Repository)?;
        policy.notices.extend(self.policy.told_of_named(&self.rules.rules)?);
        self.report_by(source, &policy, Some(Path::new(".")), color)
    }

    /// The same by a policy, of what lies in the repository around a folder, or in none.
    pub(super) fn report_by(
        &self,
        source: &dyn Source,
        policy: &Policy,
        folder: Option<&Path>,
        color: ColorChoice,
    ) -> Result<(Report, Outcome), Error> {
        let session = self.begin(policy.own.config.as_ref())?;
        let mut report = session.scan(source, policy, folder)?;
        if self.reports.has(&[Format::Json, Format::Jsonl]) {
            let Ground { config, baseline, .. } = &policy.own;
            report.settings = session.settings(config.as_ref(), baseline.as_ref(), &source.options());
        }
        let outcome = session.tell(&mut report, color)?;
        // The program is about to end: to free each part of every rule would be a good part of a short run.
        std::mem::forget(session);
        Ok((report, outcome))
    }

    /// Prepares what is the same for all sources that a run scans: the rules, changed as a config has it.
    pub(super) fn begin(&self, config: Option<&Config>) -> Result<Session<'_>, Error> {
        self.refuse_to_reveal()?;
        let rules = self.rules.read(&self.reports, config, &self.policy)?;
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads.into())
                .build_global()
                .map_err(|error| Error::usage(format!("cannot start {threads} threads: {error}"), "ask for fewer"))?;
        }
        let wanted = Wanted {
            severity: self.severity,
            confidence: self.confidence,
            explain: self.explain,
            inline: !self.policy.no_inline,
        };
        let tells_provenance = self.reports.has(&[Format::Json, Format::Jsonl, Format::Sarif]);
        Ok(Session { options: self, engine: Engine::new(rules, wanted), tells_provenance, started: Instant::now() })
    }

    /// Refuses to write a report over a file that is read, or over another report.
    pub(super) fn spare(&self, read: &[PathBuf]) -> Result<(), Error> {
        self.reports.spare(read)
    }

    /// Whose word counts.
    pub(super) fn policy(&self) -> &PolicyOptions {
        &self.policy
    }

    /// Whether more is to be shown than what is kept of a run.
    pub(super) fn shows_more(&self) -> bool {
        self.reveal || self.explain || self.show_suppressed || self.reports.verbose > 0
    }

    /// The first file that a report of some format is written to.
    pub(super) fn output_of(&self, format: Format) -> Option<&Path> {
        self.reports.output.iter().find(|(one, _)| *one == format).map(|(_, file)| file.as_path())
    }

    /// Makes a format the one of standard output, unless one was asked for.
    pub(super) fn prefer(&mut self, format: Format) {
        self.reports.format.get_or_insert(format);
    }

    /// Takes config and baseline as of a commit, unless something else was asked for.
    pub(super) fn prefer_policy_of(&mut self, revision: String) {
        self.policy.prefer(revision);
    }

    /// Whether plain secrets were asked for.
    pub(super) fn reveals(&self) -> bool {
        self.reveal
    }

    /// Whoever asks for plain secrets where there never are any is told, not left to wonder.
    fn refuse_to_reveal(&self) -> Result<(), Error> {
        let format = self.reports.format();
        if !self.reveal || matches!(format, Format::Human | Format::Json) {
            return Ok(());
        }
        let format = format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        Err(Error::usage(
            format!("`--reveal` does not go with `--format {format}`"),
            "what is logged, uploaded or kept never holds a secret: `human` and `json` show them on standard output",
        ))
    }
}

/// What is the same for all sources that one run scans.
pub(super) struct Session<'o> {
    options: &'o Options,
    pub engine: Engine,
    /// Whether a format tells where what was scanned can be had.
    pub tells_provenance: bool,
    started: Instant,
}

impl Session<'_> {
    /// Scans a source, by the policy of the place it is at; `folder` is in the repository that paths are
    /// relative to.
    pub(super) fn scan(&self, source: &dyn Source, policy: &Policy, folder: Option<&Path>) -> Result<Report, Error> {
        let options = self.options;
        let verifier = options.verify.then(Verifier::new).transpose()?;
        let counts = Ledger::default();
        let mut report = progress::watch(&counts, || self.engine.run(source, policy, &counts));
        report.faults.iter().for_each(show);
        advise(&mut report, self.engine.rules(), folder, source);
        if let Some(verifier) = verifier {
            report.notices.extend(verifier.ask(&mut report.findings)?);
        }
        if self.tells_provenance {
            report.provenance = folder.and_then(|folder| self.provenance(source, folder));
        }
        Ok(report)
    }

    /// Where the repository around a folder can be had, and which commit of it was scanned.
    fn provenance(&self, source: &dyn Source, folder: &Path) -> Option<Provenance> {
        let repository = if source.name() == "tree" { open_harmless(folder) } else { Repository::open(folder).ok() }?;
        let tip = source.tip();
        let url = self.engine.mask(&repository.public_url()?);
        let (head, branch) = repository.head();
        let head = head.map(|head| hex(&head));
        let is_head = tip.is_none() || tip == head;
        let branch = branch.filter(|_| is_head && head.is_some()).map(|branch| self.engine.mask(&branch));
        Some(Provenance { url, revision: tip.or(head), branch })
    }

    /// All that decides what is found and how it is told, by the names of the options: files by what they say,
    /// wherever they lie. `more` are options of the source.
    pub(super) fn settings(
        &self,
        config: Option<&Config>,
        baseline: Option<&Baseline>,
        more: &[&'static str],
    ) -> BTreeMap<String, String> {
        let Options { severity, confidence, verify, policy, .. } = self.options;
        let levels = [("severity", severity.to_string()), ("confidence", confidence.to_string())];
        let rules = Some(("rules", self.engine.rules().digest()));
        let files = [("config", config.map(Config::digest)), ("baseline", baseline.map(Baseline::digest))];
        let files = files.into_iter().filter_map(|(name, digest)| Some((name, digest?)));
        let flags = verify.then_some("verify").into_iter().chain(more.iter().copied());
        let flags = flags.map(|name| (name, String::new()));
        let all = levels.into_iter().chain(rules).chain(files).chain(policy.settings()).chain(flags);
        all.map(|(name, value)| (name.to_owned(), self.engine.mask(&value))).collect()
    }

    /// Writes every report that was asked for, and says what the program is to end with.
    pub(super) fn tell(&self, report: &mut Report, color: ColorChoice) -> Result<Outcome, Error> {
        let Options { reports, reveal, show_suppressed, .. } = self.options;
        let elapsed = self.started.elapsed();
        let style = Style { reveal: *reveal, suppressed: *show_suppressed, elapsed, ..Style::default() };
        reports.tell(report, style, color)
    }
}

impl RuleOptions {
    /// The rules, changed as a config has it; no report may take the place of their files.
    pub(super) fn read(
        &self,
        reports: &ReportOptions,
        config: Option<&Config>,
        policy: &PolicyOptions,
    ) -> Result<RuleSet, Error> {
        reports.spare(&self.rules)?;
        let mut rules = RuleSet::builtin();
        if let Some(config) = config {
            config.change(&mut rules)?;
        }
        for path in &self.rules {
            let (name, text) = match policy.named_as_of(path)? {
                Named::Now => rules::read(path)?,
                Named::Before(then, name) => {
                    let text = then.read(&name)?.unwrap_or_default();
                    (name, text)
                }
                Named::New => continue,
            };
            rules.add_file(&name, &text)?;
        }
        rules.select(&self.only, &self.skip)?;
        Ok(rules)
    }
}

impl ReportOptions {
    /// Writes every report that was asked for, and says what the program is to end with.
    pub(super) fn tell(&self, report: &mut Report, style: Style, color: ColorChoice) -> Result<Outcome, Error> {
        let outcome = self.outcome(report);
        report.exit_code = outcome.code();
        let style = Style {
            color: wants_color(color, &io::stdout()),
            width: progress::terminal_width(),
            quiet: self.quiet,
            verbose: self.verbose,
            ..style
        };
        self.write(report, &style)?;
        if self.format() != Format::Human {
            tell_skipped(report);
        }
        Ok(outcome)
    }

    /// Refuses to write a report over a file that is read, or over another report.
    pub(super) fn spare(&self, read: &[PathBuf]) -> Result<(), Error> {
        let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
        let same = |a: &Path, b: &Path| real(a).is_some_and(|a| real(b) == Some(a));
        for (index, (_, file)) in self.output.iter().enumerate() {
            let shown = file.display();
            if read.iter().any(|read| same(read, file) && !read.is_dir()) {
                let message = format!("the report {shown} would take the place of a file that is read");
                return Err(Error::usage(message, "choose another file for `--output`"));
            }
            if self.output[..index].iter().any(|(_, other)| same(other, file) && Path::new("/dev/null") != file) {
                let message = format!("two reports would be written to {shown}");
                return Err(Error::usage(message, "give each `--output` a file of its own"));
            }
        }
        Ok(())
    }

    /// Whether a report is wanted in one of these formats.
    fn has(&self, formats: &[Format]) -> bool {
        self.output.iter().map(|(format, _)| *format).chain([self.format()]).any(|format| formats.contains(&format))
    }

    /// What standard output has.
    fn format(&self) -> Format {
        self.format.unwrap_or(Format::Human)
    }

    fn write(&self, report: &Report, style: &Style) -> Result<(), Error> {
        print(|out| self.format().write(report, style, out))?;
        for (format, file) in &self.output {
            let mut bytes = Vec::new();
            let written = format.write(report, &Style { color: false, reveal: false, ..*style }, &mut bytes);
            written
                .and_then(|()| fault::point())
                .and_then(|()| fs::write(file, bytes))
                .map_err(|source| Error::Write { path: file.display().to_string(), source })?;
        }
        Ok(())
    }

    fn outcome(&self, report: &Report) -> Outcome {
        let threshold = self.fail_on.threshold();
        if !report.is_complete() {
            Outcome::Failed
        } else if threshold.is_some_and(|threshold| report.findings.iter().any(|one| one.severity >= threshold)) {
            Outcome::Found
        } else {
            Outcome::Clean
        }
    }
}
