//! Values that their vendors published for everybody to use.

use sha2::{Digest, Sha256};

/// Whether a secret is one that was never secret: an emulator's built-in key, a sample of a
/// vendor's documentation.
pub fn is_public(secret: &[u8]) -> bool {
    // AWS marks the ids and the keys of its documentation like this.
    if memchr::memmem::find(secret, b"EXAMPLE").is_some() || secret.ends_with(b"example") {
        return true;
    }
    let digest = Sha256::digest(secret);
    KNOWN.iter().any(|known| digest.starts_with(&known.to_be_bytes()))
}

/// The first 64 bits of their SHA-256: written out they would trip every scanner there is.
const KNOWN: [u64; 22] = [
    0x0011_cc25_eb43_2071, // Azure storage emulator
    0xaa65_4743_9583_c3a2, // Azure Cosmos DB emulator
    0x2caf_c097_0149_a84f, // Stripe's documentation
    0xf2d6_ca16_5150_33e5, // Stripe's documentation
    0xf035_6888_7d44_4b72, // Grafana's tests
    0x5d04_65d3_f39c_0991, // Pusher's documentation
    0xbc1a_5096_6c9e_6486, // Hardhat, Anvil and Ganache, first account
    0x60a0_9e43_5786_8c1e, // the same
    0x8be5_d113_c087_1ce1, // TOTP demonstrations
    0xcf4d_418e_d3de_92d7, // RFC 7617
    0x0e9d_2206_16f0_8345, // user:pass
    0xe4da_07ad_2000_89ce, // username:password
    0x7f75_367e_7881_2551, // jwt.io
    0x8b1b_17a9_740c_068a, // RFC 7515 and RFC 7517, symmetric keys
    0x57af_c116_65be_b68d, // the same
    0x0330_b119_98cb_c9ab, // RFC 7520, symmetric keys
    0x8f0d_5d5f_8ad3_86f9, // the same
    0x8580_dd90_707d_8c51, // the same
    0xc108_3818_9a43_2c83, // the same
    0xfde6_5288_758a_de65, // the same
    0xb83e_9641_7f61_cb14, // Truffle and Ganache, recovery phrase
    0x9c5d_0a66_56e5_d3f3, // the same
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_samples_are_known() {
        assert!(is_public(["AKIA", "IOSFODNN7", "EXAMPLE"].concat().as_bytes()));
        assert!(is_public(["JBSWY3DP", "EHPK3PXP"].concat().as_bytes()));
        assert!(!is_public(b"JBSWY3DPEHPK3PXQ"));
    }
}
