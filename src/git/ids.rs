//! Where an id stands among others that are in order.

use std::cmp::Ordering;
use std::ops::Range;

use super::Id;

/// How often it is guessed where an id stands.
const MOST_GUESSES: usize = 8;

/// The place of an id among those at some places, in order, of which so many first bits are its own.
///
/// Ids are random numbers: one stands about where its size says, and as far from another as their difference says. A
/// search by halves would wait for memory at nearly every step; it ends the search where ids are not random.
pub(crate) fn find<'i>(id: &Id, places: Range<usize>, shared_bits: u32, at: impl Fn(usize) -> &'i Id) -> Option<usize> {
    let front = |id: &Id| id.first_chunk().map_or(0, |chunk| u64::from_be_bytes(*chunk));
    let (mut low, mut high) = (places.start, places.end);
    let count = places.len() as u128;
    let distance = |difference: u64| ((u128::from(difference) * count) >> (u64::BITS - shared_bits)) as usize;
    let wanted = front(id);
    let mut guess = low + distance(wanted & (u64::MAX >> shared_bits));
    let mut guesses = MOST_GUESSES;
    while low < high {
        let middle = if guesses > 0 { guess.clamp(low, high - 1) } else { usize::midpoint(low, high) };
        guesses = guesses.saturating_sub(1);
        let here = at(middle);
        let value = front(here);
        // Nearly always the first eight bytes decide.
        match value.cmp(&wanted).then_with(|| here.cmp(id)) {
            Ordering::Less => {
                low = middle + 1;
                guess = low + distance(wanted - value);
            }
            Ordering::Greater => {
                high = middle;
                guess = high.saturating_sub(1 + distance(value - wanted));
            }
            Ordering::Equal => return Some(middle),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids whose first eight bytes are these numbers.
    fn ids(numbers: &[u64]) -> Vec<Id> {
        let id = |number: &u64| {
            let mut id = [0; 20];
            id[..8].copy_from_slice(&number.to_be_bytes());
            id
        };
        numbers.iter().map(id).collect()
    }

    #[test]
    fn every_id_is_found_where_it_stands_and_no_other() {
        let spread = |count: u64| (0..count).map(|at| at * (u64::MAX / count)).collect::<Vec<_>>();
        // All in one corner, as nobody's hashes are.
        let crowded = |count: u64| (0..count).map(|at| u64::MAX - 2 * (count - at)).collect::<Vec<_>>();
        for numbers in [vec![], vec![7], spread(1000), crowded(1000), vec![0, 1, 2, u64::MAX]] {
            let all = ids(&numbers);
            for (place, id) in all.iter().enumerate() {
                assert_eq!(find(id, 0..all.len(), 0, |at| &all[at]), Some(place), "{numbers:?}");
                let mut other = *id;
                other[19] = 1;
                assert_eq!(find(&other, 0..all.len(), 0, |at| &all[at]), None, "{numbers:?}");
            }
        }
    }

    #[test]
    fn what_all_share_is_left_out_of_the_guess() {
        let all = ids(&(0..256).map(|at| 0x42 << 56 | at << 40).collect::<Vec<_>>());
        for (place, id) in all.iter().enumerate() {
            assert_eq!(find(id, 0..all.len(), 8, |at| &all[at]), Some(place));
        }
    }
}
