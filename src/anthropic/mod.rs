//! Anthropic's API, as far as the owner of a leaked key needs it: which key of the organisation it is, and
//! how to switch it off. A found key is never part of a request; what is compared is its hint.

mod admin;
mod leak;
mod liveness;

use crate::error::Error;
use crate::http::{Address, environment};

pub(crate) use admin::{Admin, Creator, Key};
pub(crate) use leak::{Leak, Leaks, is_hint};
pub(crate) use liveness::liveness;

/// Where the API is.
pub(crate) const API: &str = "https://api.anthropic.com";
/// Names another address for it: for tests, and for proxies. `ANTHROPIC_BASE_URL` is not read, since it
/// may point at a gateway, which is no place for these keys.
pub(crate) const BASE_URL: &str = "SKANT_ANTHROPIC_BASE_URL";
/// The version of the API that requests ask for.
pub(crate) const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

/// Where requests to the API go.
///
/// # Errors
/// The environment names an address to which no key is sent.
pub(crate) fn address() -> Result<Address, Error> {
    let named = environment(BASE_URL);
    Address::parse(named.as_deref().unwrap_or(API)).map_err(|said| {
        // The address itself may hold a password.
        Error::usage(format!("{BASE_URL}: {said}"), "unset it, or name an address that begins with https://")
    })
}
