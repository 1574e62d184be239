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

/// Whether a value is a key that its vendor means for browsers and apps: everybody who loads the page has it.
pub fn is_publishable(value: &[u8]) -> bool {
    const PREFIXES: [&str; 8] =
        ["pk_live_", "pk_test_", "pk.eyJ", "phc_", "sb_publishable_", "dvc_client_", "pubkey-", "FLWPUBK"];
    PREFIXES.iter().any(|prefix| value.starts_with(prefix.as_bytes()))
}

/// The first 64 bits of their SHA-256: written out they would trip every scanner there is.
const KNOWN: [u64; 38] = [
    0x0011_cc25_eb43_2071, // Azure storage emulator
    0xaa65_4743_9583_c3a2, // Azure Cosmos DB emulator
    0x2caf_c097_0149_a84f, // Stripe's documentation
    0xf2d6_ca16_5150_33e5, // Stripe's documentation
    0xf035_6888_7d44_4b72, // Grafana's tests
    0x5d04_65d3_f39c_0991, // Pusher's documentation
    0xbc3a_e723_f57c_6b9e, // GitHub's documentation
    0x3543_c50b_0cb9_cea8, // the same
    0x82e7_4299_544e_0073, // the same
    0xf537_5a46_3650_89a8, // Slack's documentation
    0x0209_1175_c1ae_3023, // SendGrid's documentation
    0x96ad_2ccd_8146_2a76, // Standard Webhooks' documentation
    0x02f7_ce3c_263f_85c0, // Discord's documentation
    0xbc1a_5096_6c9e_6486, // Hardhat, Anvil and Ganache, first account
    0x60a0_9e43_5786_8c1e, // the same
    0x8be5_d113_c087_1ce1, // TOTP demonstrations
    0xcf4d_418e_d3de_92d7, // RFC 7617
    0xb8e1_4854_5b13_c78b, // RFC 6750
    0x6c96_130f_130a_b0d6, // RFC 6749, a token
    0x00cf_4c78_1dc3_7003, // the same
    0xe997_4c50_7d2a_8021, // RFC 6749, the secret of a client
    0x53f5_da0a_aa93_d64c, // the same
    0xca74_59e2_b267_76de, // the same, with its id in base64
    0xad71_fb41_6553_6675, // OpenID Connect Core, a token
    0x9e30_9ccc_d311_ea64, // the same
    0x90fd_21a6_68f4_b121, // RFC 7591, the secret of a client
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
        assert!(is_public(["ghp_16C7e42F292c", "6912E7710c838347Ae178B4a"].concat().as_bytes()));
        assert!(is_public(["mF_9.B5f", "-4.1JqM"].concat().as_bytes()));
        assert!(!is_public(b"JBSWY3DPEHPK3PXQ"));
    }

    #[test]
    fn keys_for_browsers_are_known() {
        for value in
            ["pk_live_kZ8tQmW1pL0vRb7NfYc2", "pk.eyJ1IjoiYW5uIn0.kZ8tQmW1pL0vRb7NfYc2Hd", "phc_kZ8tQmW1pL0vRb7N"]
        {
            assert!(is_publishable(value.as_bytes()), "{value}");
        }
        assert!(!is_publishable(b"sk_live_kZ8tQmW1pL0vRb7NfYc2") && !is_publishable(b"pk_12345678_kZ8tQmW1pL0vRb7N"));
    }
}
