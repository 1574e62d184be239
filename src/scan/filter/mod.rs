//! Reasons not to believe a candidate.

pub mod encoded;
pub(super) mod exposure;
pub mod password;
pub mod placeholder;
pub mod random;
pub mod reference;
pub mod sample;
pub mod sign;
pub mod words;

/// Why a candidate is not reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dismissal {
    /// It stands for a secret: `xxxx`, `your-key-here`, `abcdef123456`.
    Placeholder,
    /// Its vendor published it for everybody to use.
    Sample,
    /// It says where the secret is kept: `${TOKEN}`, `os.environ`, `op://...`.
    Reference,
    /// It does not look random.
    LowEntropy,
    /// A check on its text proves that it is no secret.
    Checksum,
}

impl Dismissal {
    /// Every reason, in the order reports list them.
    pub const ALL: [Dismissal; 5] =
        [Dismissal::Placeholder, Dismissal::Sample, Dismissal::Reference, Dismissal::LowEntropy, Dismissal::Checksum];

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Dismissal::Placeholder => "placeholder",
            Dismissal::Sample => "sample",
            Dismissal::Reference => "reference",
            Dismissal::LowEntropy => "low-entropy",
            Dismissal::Checksum => "checksum",
        }
    }
}
