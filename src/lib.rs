//! skant finds leaked credentials, Anthropic `sk-ant-` keys first.
//!
//! The program is a thin shell around this library: [`source`] hands over bytes, [`scan`] finds
//! secrets in them by the rules of [`rule`], [`run`](mod@run) drives the one through the other, and
//! [`report`] tells what came of it. `docs/architecture.md` is the longer map.
//!
//! ```
//! use skant::blob::{Blob, Origin};
//! use skant::rule::RuleSet;
//! use skant::scan::{Scanner, Scratch};
//!
//! let scanner = Scanner::new(&RuleSet::builtin());
//! let text = format!("password = {}{}", "kR7!vQm2", "xZp9");
//! let blob = Blob { bytes: text.as_bytes(), origin: &Origin::file("settings.ini") };
//! let scanned = scanner.scan(&blob, &mut Scratch::default());
//! assert_eq!(scanned.findings[0].rule.id, "generic-password");
//! assert_eq!(scanned.findings[0].secret.to_string(), "********");
//! ```

mod advice;
mod agent;
mod anthropic;
mod archive;
pub mod baseline;
pub mod blob;
pub mod cli;
pub mod config;
pub mod error;
mod fault;
mod file;
pub mod finding;
mod folder;
mod git;
mod hook;
mod http;
pub mod ledger;
mod lines;
pub mod policy;
pub mod report;
pub mod rule;
pub mod run;
pub mod scan;
pub mod source;
mod verify;
