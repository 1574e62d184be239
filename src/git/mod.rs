//! What skant reads of git: the only folder that knows its formats.

mod fetch;
mod folders;
pub(crate) mod ids;
mod index;
mod lender;
mod loose;
mod message;
pub(crate) mod object;
mod own_files;
mod pack;
mod patched;
mod push;
mod reach;
mod reference;
mod remote;
mod repo;
mod repository;
mod revision;
mod staged;
mod store;
mod stream;
mod tree;

pub(crate) use fetch::{Depth, Fetch};
pub(crate) use message::Cleanup;
pub(crate) use object::{Id, Kind, from_hex, hex};
pub(crate) use pack::Read;
pub(crate) use push::Push;
pub(crate) use reach::{Reach, Way, open_harmless};
pub(crate) use repo::{Content, OpenRepo, Repo, global_hooks, plant, set_global_hooks, unset_global_hooks};
pub(crate) use repository::{Reference, Repository};
pub(crate) use staged::{Before, Staged, Version};
pub(crate) use store::{Choice, Known, NONE, Store, Trouble};
pub(crate) use stream::Stream;
pub(crate) use tree::EntryKind;
