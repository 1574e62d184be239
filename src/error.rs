//! What can go wrong, told so that a person knows which thing it was and what to do about it.

use std::io;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// Something that was asked for and could not be done.
#[derive(Debug, Error, Diagnostic)]
pub enum Error {
    /// A report that could not be written.
    #[error("cannot write {path}: {source}")]
    #[diagnostic(code(skant::write), help("the findings may be incomplete: free some space or choose another file"))]
    Write {
        /// The file, or `standard output`.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A rule file that does not say what it should.
    #[error(transparent)]
    #[diagnostic(code(skant::rules), forward(0))]
    Rules(FileError),
    /// Somebody on the network who does not do what was asked.
    #[error("{message}")]
    #[diagnostic(code(skant::network), help("{help}"))]
    Remote {
        /// What came of it.
        message: String,
        /// The way out.
        help: String,
    },
    /// A config or a baseline that does not say what it should.
    #[error(transparent)]
    #[diagnostic(code(skant::config), forward(0))]
    Config(FileError),
    /// Something in a config that does nothing, or more than anybody meant.
    #[error(transparent)]
    #[diagnostic(code(skant::config), severity(Warning), forward(0))]
    Warning(FileError),
    /// A request that makes no sense.
    #[error("{message}")]
    #[diagnostic(code(skant::usage), help("{help}"))]
    Usage {
        /// What is wrong.
        message: String,
        /// The way out.
        help: String,
    },
}

/// What is wrong in a file.
#[derive(Debug, Error, Diagnostic)]
#[error("{message}")]
#[diagnostic(help("{help}"))]
pub struct FileError {
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: String,
    /// The file.
    #[source_code]
    pub file: Arc<NamedSource<String>>,
    /// Where in it.
    #[label("here")]
    pub at: Option<SourceSpan>,
}

impl Error {
    /// The file that does not say what it should.
    pub fn file(&self) -> Option<String> {
        match self {
            Error::Rules(error) | Error::Config(error) | Error::Warning(error) => Some(error.file.name().to_owned()),
            Error::Write { .. } | Error::Remote { .. } | Error::Usage { .. } => None,
        }
    }

    /// A request that makes no sense, and the way out.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Error {
        Error::Usage { message: message.into(), help: help.into() }
    }
}
