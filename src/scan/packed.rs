//! What is in archives and compressed files, scanned part by part. The path stays that of the file; `via`
//! says where in it something is.

use std::io::{self, Read};
use std::ops::Range;

use super::prefilter::begins_word;
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
        budget: Option<&Budget>,
    ) -> io::Result<()> {
        if let Some(budget) = budget {
            return self.unpacked_within(format, origin, reader, scratch, scanned, budget);
        }
        let (before, budget) = (scanned.bytes, Budget::default());
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
        budget: &Budget,
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
        budget: &Budget,
    ) {
        let named = |name: Option<&[u8]>| match name {
            Some(name) => origin.behind(&format!("{}:{}", format.name(), String::from_utf8_lossy(name))),
            None => origin.behind(format.name()),
        };
        let (inner, reader, count) = match part {
            Part::Member(name, reader) => {
                let inner = named(name);
                if let Some(name) = name {
                    self.scan_text(name, &Origin { place: Place::Path, ..inner.clone() }, scratch, scanned);
                }
                (inner, reader, 1)
            }
            Part::Rest(reader) => (origin.clone(), reader, 0),
            Part::Text(text) => return self.scan_text(text, &named(None), scratch, scanned),
            Part::Missed(name, why) => return scanned.miss(&named(name), &why),
        };
        match self.scan_within(&inner, reader, scratch, scanned, Some(budget)) {
            Ok(()) => scanned.members += count,
            Err(error) => scanned.miss(&inner, &error.to_string()),
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
