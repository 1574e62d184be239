//! Which windows lie well together in a bucket, told by texts: the table in `sieve`.
//!
//! ```sh
//! cat FILES... > texts
//! SKANT_TEXTS=texts cargo test --release --lib dealing -- --ignored --nocapture
//! ```
//!
//! Nothing depends on it but speed, and what it does not know `sieve` deals by how often characters are.

use std::collections::HashMap;

use super::sieve::{BUCKETS, Halves, Together, WINDOW, Window, name, windows};
use super::{Literal, Prefilter};
use crate::rule::{ByteSet, RuleSet};
use crate::scan::Scanner;

/// A place where a window is looked at in vain costs as much as so many that the buckets let through.
const COST: u64 = 8;

/// How often which four bytes stand in a text.
struct Text(Vec<([u8; WINDOW], u64)>);

impl Text {
    fn of(bytes: &[u8]) -> Text {
        let mut counts: HashMap<[u8; WINDOW], u64> = HashMap::new();
        for four in bytes.windows(WINDOW) {
            *counts.entry(four.try_into().expect("there are four")).or_default() += 1;
        }
        Text(counts.into_iter().filter(|(_, count)| *count > 3).collect())
    }

    /// How many places of it have at each place one of these bytes.
    fn count(&self, stands: &[[bool; 256]; WINDOW]) -> u64 {
        let stand = |four: &[u8; WINDOW]| four.iter().zip(stands).all(|(byte, stands)| stands[usize::from(*byte)]);
        self.0.iter().filter(|(four, _)| stand(four)).map(|(_, count)| count).sum()
    }

    fn let_through(&self, halves: &Halves) -> u64 {
        self.count(
            &halves.0.map(|[low, high]| {
                std::array::from_fn(|byte| low >> (byte & 15) & 1 != 0 && high >> (byte >> 4) & 1 != 0)
            }),
        )
    }

    fn holds(&self, places: &[ByteSet; WINDOW]) -> u64 {
        self.count(&places.map(|place| std::array::from_fn(|byte| place.contains(byte as u8))))
    }
}

/// A window that may be dealt, at one of the places where its literal has some.
struct Choice {
    options: Vec<([ByteSet; WINDOW], Halves, u64)>,
    /// The option that was taken, and the bucket.
    taken: Option<(usize, usize)>,
}

impl Choice {
    fn of(window: &Window, literals: &[Literal], text: &Text) -> Choice {
        let places = match window.owners[..] {
            [(literal, _)] => {
                let literal = &literals[literal as usize];
                let offsets = 0..=literal.places.len().saturating_sub(WINDOW);
                offsets.map(|offset| Window::places(literal, offset)).collect()
            }
            _ => vec![window.places],
        };
        let option = |places| (places, Halves::of(&places), COST * text.holds(&places));
        Choice { options: places.into_iter().map(option).collect(), taken: None }
    }

    fn halves(&self) -> Option<(usize, Halves)> {
        self.taken.map(|(option, bucket)| (bucket, self.options[option].1))
    }
}

/// Takes each window out of its bucket and puts it where it costs least, until that makes no difference.
fn deal(literals: &[Literal], text: &Text) -> [String; BUCKETS] {
    let windows = windows(literals, &Together::new());
    let mut choices: Vec<Choice> = windows.iter().map(|window| Choice::of(window, literals, text)).collect();
    choices.sort_by_cached_key(|choice| {
        std::cmp::Reverse(choice.options.iter().map(|(_, halves, _)| text.let_through(halves)).min())
    });
    let mut buckets = [Halves::default(); BUCKETS];
    let mut let_through = [0; BUCKETS];
    let mut before = u64::MAX;
    loop {
        let mut looked_at = 0;
        for index in 0..choices.len() {
            if let Some((_, bucket)) = choices[index].taken.take() {
                let rest = choices.iter().filter_map(Choice::halves).filter(|(of, _)| *of == bucket);
                buckets[bucket] = rest.fold(Halves::default(), |all, (_, halves)| all.or(&halves));
                let_through[bucket] = text.let_through(&buckets[bucket]);
            }
            let mut best = (u64::MAX, None);
            for (option, (_, halves, cost)) in choices[index].options.iter().enumerate() {
                for bucket in 0..BUCKETS {
                    let more = cost + text.let_through(&buckets[bucket].or(halves)) - let_through[bucket];
                    if more < best.0 {
                        best = (more, Some((option, bucket)));
                    }
                }
            }
            choices[index].taken = best.1;
            if let (Some((option, bucket)), choice) = (best.1, &choices[index]) {
                buckets[bucket] = buckets[bucket].or(&choice.options[option].1);
                let_through[bucket] = text.let_through(&buckets[bucket]);
                looked_at += choice.options[option].2;
            }
        }
        let all = let_through.iter().sum::<u64>() + looked_at;
        if all >= before - before / 500 {
            break;
        }
        before = all;
    }
    let mut names = [(); BUCKETS].map(|()| String::new());
    for choice in &choices {
        if let Some((option, bucket)) = choice.taken {
            names[bucket].extend(name(&choice.options[option].0).map(char::from));
        }
    }
    names
}

#[test]
#[ignore = "it goes by texts that are not in this repository, and takes minutes"]
fn by_texts() {
    let file = std::env::var_os("SKANT_TEXTS").expect("SKANT_TEXTS names a file");
    let text = Text::of(&std::fs::read(file).unwrap());
    Scanner::with(&RuleSet::builtin(), |literals| {
        deal(&literals, &text).iter().for_each(|names| println!("    {names:?},"));
        Prefilter::portable(literals)
    });
}
