//! What skant reads of git: the only folder that knows its formats.

mod index;
mod repo;

pub(crate) use repo::Repo;
