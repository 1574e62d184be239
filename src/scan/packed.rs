//! What is in archives and compressed files, scanned part by part. The path stays that of the file; `via`
//! says where in it something is.

use std::io::{self, Read};
use std::ops::Range;

use super::prefilter::begins_word;
use super::probe::MOST_TRUSTING;
use super::unwrap::base;
use super::{Scanned, Scanner, Scratch};
use crate::archive::{self, Budget, Format, Part};
use crate::blob::{Blob, Origin, Place};

/// So many troubles with one file are told.
const MOST_TOLD: usize = 100;
/// So many archives in one file that are not opened are counted.
const MOST_TRACES: usize = 1000;
/// What tells of an archive within something else: the end of a zip, and the base64 of how a zip, a gzip, a bzip2, a
/// zstd and an xz begin.
pub(super) const TRACES: [&str; 6] = ["PK\x05\x06", "UEsDB", "H4sI", "Qlpo[MNO]", "KLUv[/_]", "[/_]Td6WFo"];
/// Less base64 is no archive.
const SHORTEST_ARCHIVE: usize = 18;
/// A shorter name cannot hold a secret.
const SHORTEST_SECRET: usize = 16;

impl Scanner {
    /// Scans everything in an archive, on its own budget or on that of the archive it is in.
    ///
    /// # Errors
    /// The reader's. What else cannot be read is told in `scanned`.
    pub(super) fn unpacked(
        &self,
        format: Format,
        origin: &Origin,
        reader: &mut dyn Read,
        scratch: &mut Scratch,
        scanned: &mut Scanned,
        budget: Option<&Budget<'_>>,
    ) -> io::Result<()> {
        if let Some(budget) = budget {
            return self.unpacked_within(format, origin, reader, scratch, scanned, budget);
        }
        // Which secrets a text holds that may lie anywhere is asked under one path, whatever archive it is.
        let is_asked = origin.path == MOST_TRUSTING.as_bytes() && !self.has_searches && self.allow.is_empty();
        let (before, budget) = (scanned.bytes, Budget::new(is_asked.then_some(&self.empty_members)));
        let outcome = self.unpacked_within(format, origin, &mut budget.input(reader), scratch, scanned, &budget);
        // What came out is not what was asked for.
        scanned.bytes = before + budget.bytes();
        outcome
    }

    fn unpacked_within(
        &self,
        format: Format,
        origin: &Origin,
        reader: &mut dyn Read,
        scratch: &mut Scratch,
        scanned: &mut Scanned,
        budget: &Budget<'_>,
    ) -> io::Result<()> {
        let scratch = scratch.inner();
        let outcome = budget.within(|| {
            format.unpack(reader, budget, &mut |part| {
                self.scan_part(format, origin, part, scratch, scanned, budget);
            })
        });
        match outcome {
            Err(error) if error.raw_os_error().is_none() => {
                scanned.miss(origin, &error.to_string());
                Ok(())
            }
            outcome => outcome,
        }
    }

    fn scan_part(
        &self,
        format: Format,
        origin: &Origin,
        part: Part<'_>,
        scratch: &mut Scratch,
        scanned: &mut Scanned,
        budget: &Budget<'_>,
    ) {
        let named = |name: Option<&[u8]>| match name {
            Some(name) => origin.behind(&format!("{}:{}", format.name(), String::from_utf8_lossy(name))),
            None => origin.behind(format.name()),
        };
        let (name, inner) = match &part {
            Part::Member(name, _) | Part::Missed(name, _) => (*name, named(*name)),
            Part::Whole(name, ..) | Part::Again(name) => (Some(*name), named(Some(name))),
            Part::Text(_) => (None, named(None)),
            Part::Rest(_) => (None, origin.clone()),
        };
        if let Some(name) = name.filter(|_| !matches!(part, Part::Missed(..))) {
            self.scan_text(name, &Origin { place: Place::Path, ..inner.clone() }, scratch, scanned);
        }
        match part {
            Part::Member(_, reader) => self.scan_member(&inner, reader, 1, scratch, scanned, budget),
            Part::Rest(reader) => self.scan_member(&inner, reader, 0, scratch, scanned, budget),
            Part::Whole(_, mut text, is_nothing) => {
                let before = scanned.tally();
                self.scan_member(&inner, &mut text, 1, scratch, scanned, budget);
                *is_nothing = scanned.has_nothing_since(before);
            }
            Part::Again(_) => scanned.members += 1,
            Part::Text(text) => self.scan_text(text, &inner, scratch, scanned),
            Part::Missed(_, why) => scanned.miss(&inner, &why),
        }
    }

    /// Scans what stands in an archive, which counts as so many members.
    fn scan_member(
        &self,
        inner: &Origin,
        reader: &mut dyn Read,
        count: u64,
        scratch: &mut Scratch,
        scanned: &mut Scanned,
        budget: &Budget<'_>,
    ) {
        match self.scan_within(inner, reader, scratch, scanned, Some(budget)) {
            Ok(()) => scanned.members += count,
            Err(error) => scanned.miss(inner, &error.to_string()),
        }
    }

    fn scan_text(&self, text: &[u8], origin: &Origin, scratch: &mut Scratch, scanned: &mut Scanned) {
        if text.len() < SHORTEST_SECRET {
            return;
        }
        let found = self.scan(&Blob { bytes: text, origin }, scratch);
        scanned.findings.extend(found.findings);
        scanned.dismissed.extend(found.dismissed);
        for (reason, count) in found.dismissals {
            *scanned.dismissals.entry(reason).or_default() += count;
        }
    }
}

/// Notes the archive whose trace stands at a place of a text that is none itself: it is not opened.
pub(super) fn trace(text: &[u8], at: usize, traces: &mut Vec<(usize, &'static str)>) {
    let here = &text[at..];
    let name = if here.starts_with(b"PK") {
        archive::ends_zip(text, at).then_some("zip behind other bytes")
    } else {
        let beginning = base::beginning(here, SHORTEST_ARCHIVE);
        let is_whole = beginning.len() >= SHORTEST_ARCHIVE && begins_word(text, at);
        Format::of(&beginning).filter(|_| is_whole).map(|format| match format {
            Format::Zip => "zip in base64",
            Format::Gzip => "gzip in base64",
            Format::Bzip2 => "bzip2 in base64",
            Format::Zstd => "zstd in base64",
            _ => "xz in base64",
        })
    };
    traces.extend(name.map(|name| (at, name)).filter(|_| traces.len() < MOST_TRACES));
}

impl Scanned {
    /// How much was found up to now, and of how many members.
    fn tally(&self) -> (usize, usize, u64) {
        (self.findings.len(), self.dismissed.len(), self.members)
    }

    /// Whether one member came to that and nothing else. What is told up to a limit only may be more than shows.
    fn has_nothing_since(&self, (findings, dismissed, members): (usize, usize, u64)) -> bool {
        self.tally() == (findings, dismissed, members + 1) && self.missed.is_empty() && self.unopened.is_empty()
    }

    /// Takes in which archives of a part of a text are not opened.
    pub(super) fn note_traces(&mut self, scratch: &mut Scratch, owned: &Range<usize>) {
        let own = scratch.traces.drain(..).filter(|(at, _)| owned.contains(at));
        let room = MOST_TRACES.saturating_sub(self.unopened.len());
        self.unopened.extend(own.map(|(_, name)| name).take(room));
    }

    /// Tells of something that could not be scanned.
    fn miss(&mut self, origin: &Origin, why: &str) {
        let place = origin.via.join(", ");
        match self.missed.len() {
            0..MOST_TOLD if place.is_empty() => self.missed.push(why.to_owned()),
            0..MOST_TOLD => self.missed.push(format!("{place}: {why}")),
            MOST_TOLD => self.missed.push(format!("more than {MOST_TOLD} such things: the others are not told")),
            _ => {}
        }
    }
}
