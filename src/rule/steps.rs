//! Patterns with one way through them: bytes of a class, so and so many, then bytes of the next. Most patterns of
//! credentials are such (`npm_[A-Za-z0-9]{36}`), and they need no automaton: that would take longer to build than all
//! it is ever asked.

use std::ops::Range;

use regex_syntax::hir::{Class, Hir, HirKind};

use super::byte_set::ByteSet;
use super::pattern::Matched;

/// Such a pattern.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    all: Vec<Step>,
    /// The steps of the group `secret`.
    secret: Option<Range<usize>>,
    /// The steps of the group `prefix`.
    prefix: Option<Range<usize>>,
}

/// As many bytes of a set as there are, within limits.
#[derive(Debug, Clone, Copy)]
struct Step {
    bytes: ByteSet,
    least: usize,
    most: usize,
}

impl Steps {
    /// The steps of a pattern, where each has one way to be taken: what may follow it begins with none of its bytes,
    /// so that taking as many as there are is what a regular expression does, too.
    pub(super) fn of(hir: &Hir) -> Option<Steps> {
        let mut steps = Steps { all: Vec::new(), secret: None, prefix: None };
        steps.add(hir)?;
        let is_certain = |(number, step): (usize, &Step)| {
            let behind = &steps.all[number + 1..];
            let needed = behind.iter().position(|step| step.least > 0).map_or(behind.len(), |last| last + 1);
            step.least == step.most || behind[..needed].iter().all(|next| next.bytes.and(step.bytes).is_empty())
        };
        steps.all.iter().enumerate().all(is_certain).then_some(steps)
    }

    fn add(&mut self, hir: &Hir) -> Option<()> {
        match hir.kind() {
            HirKind::Literal(literal) => {
                let step = |&byte: &u8| Step { bytes: [byte].into_iter().collect(), least: 1, most: 1 };
                self.all.extend(literal.0.iter().map(step));
            }
            HirKind::Class(class) => self.all.push(Step { bytes: set(class)?, least: 1, most: 1 }),
            HirKind::Repetition(repetition) if repetition.greedy => {
                let bytes = match repetition.sub.kind() {
                    HirKind::Class(class) => set(class)?,
                    HirKind::Literal(literal) if literal.0.len() == 1 => literal.0.iter().copied().collect(),
                    _ => return None,
                };
                let most = repetition.max.map_or(usize::MAX, |most| most as usize);
                self.all.push(Step { bytes, least: repetition.min as usize, most });
            }
            HirKind::Capture(capture) => {
                let first = self.all.len();
                self.add(&capture.sub)?;
                let steps = Some(first..self.all.len());
                match capture.name.as_deref() {
                    Some("secret") => self.secret = steps,
                    Some("prefix") => self.prefix = steps,
                    _ => {}
                }
            }
            HirKind::Concat(parts) => return parts.iter().try_for_each(|part| self.add(part)),
            _ => return None,
        }
        Some(())
    }

    /// Matches a text from its beginning.
    pub(super) fn matches(&self, text: &[u8]) -> Option<Matched> {
        let mut matched = Matched { whole: 0..0, secret: 0..0, prefix: self.prefix.as_ref().map(|_| 0..0) };
        let mut at = 0;
        for (number, step) in self.all.iter().enumerate() {
            let taken = text[at..].iter().take(step.most).take_while(|byte| step.bytes.contains(**byte)).count();
            if taken < step.least {
                return None;
            }
            at += taken;
            let groups = [(&self.secret, Some(&mut matched.secret)), (&self.prefix, matched.prefix.as_mut())];
            for (steps, place) in groups {
                if let (Some(steps), Some(place)) = (steps, place) {
                    place.start = if number < steps.start { at } else { place.start };
                    place.end = if number < steps.end { at } else { place.end };
                }
            }
        }
        matched.whole = 0..at;
        if self.secret.is_none() {
            matched.secret = 0..at;
        }
        Some(matched)
    }
}

/// The bytes of a class, if it is one of bytes.
fn set(class: &Class) -> Option<ByteSet> {
    let Class::Bytes(class) = class else { return None };
    Some(class.iter().flat_map(|range| range.start()..=range.end()).collect())
}
