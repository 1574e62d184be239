//! A set of bytes.

use std::fmt;

/// A set of bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// Letters and digits of ASCII.
    pub const ALPHANUMERIC: ByteSet = {
        let mut set = ByteSet([0; 4]);
        let mut byte = 0;
        while byte < 128u8 {
            if byte.is_ascii_alphanumeric() {
                set.0[(byte >> 6) as usize] |= 1 << (byte & 63);
            }
            byte += 1;
        }
        set
    };

    /// Every byte.
    pub const ALL: ByteSet = ByteSet([u64::MAX; 4]);

    /// Adds a byte.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Whether a byte is in the set.
    #[inline]
    pub fn contains(self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
    }

    /// What is in either set.
    #[must_use]
    pub fn or(self, other: ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|index| self.0[index] | other.0[index]))
    }

    /// What is in both sets.
    #[must_use]
    pub fn and(self, other: ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|index| self.0[index] & other.0[index]))
    }

    /// Whether all that is in another set is in this one.
    pub fn covers(self, other: ByteSet) -> bool {
        self.0.iter().zip(other.0).all(|(mine, other)| other & !mine == 0)
    }

    /// The bytes, in order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..4u8).flat_map(move |word| {
            let mut rest = self.0[usize::from(word)];
            std::iter::from_fn(move || {
                let next = (rest != 0).then(|| word << 6 | rest.trailing_zeros() as u8);
                rest &= rest.wrapping_sub(1);
                next
            })
        })
    }

    /// How many bytes are in the set.
    pub fn len(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether none is.
    pub fn is_empty(self) -> bool {
        self.0 == [0; 4]
    }
}

impl FromIterator<u8> for ByteSet {
    fn from_iter<T: IntoIterator<Item = u8>>(bytes: T) -> ByteSet {
        let mut set = ByteSet::default();
        bytes.into_iter().for_each(|byte| set.insert(byte));
        set
    }
}

impl fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(char::from)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in() {
        let set: ByteSet = [0, b'a', 63, 64, 255, b'a'].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, b'a', 255]);
        assert_eq!((set.len(), set.is_empty()), (5, false));
        assert_eq!(ByteSet::ALL.len(), 256);
        assert!(set.contains(255) && !set.contains(254));
    }
}
