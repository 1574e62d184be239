//! JSON in which no character steers a terminal, reorders or hides text: they are escapes, and mean the same.

use std::io::{self, Write};

use serde::Serialize;

use crate::finding::is_harmless;

/// Writes something as JSON, over many lines.
pub(super) fn write_pretty(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    Ok(serde_json::to_writer_pretty(Escaped(out), value)?)
}

/// Writes something as JSON, on one line.
pub(super) fn write(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    Ok(serde_json::to_writer(Escaped(out), value)?)
}

/// Takes JSON, text by text, and escapes what is in strings.
struct Escaped<W>(W);

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What is below stands between strings, or is escaped already.
        const FIRST: char = '\u{7f}';
        match std::str::from_utf8(bytes) {
            Ok(text) if text.contains(|character| character >= FIRST && !is_harmless(character)) => {
                for character in text.chars() {
                    if character >= FIRST && !is_harmless(character) {
                        write!(self.0, "\\u{:04x}", u32::from(character))?;
                    } else {
                        write!(self.0, "{character}")?;
                    }
                }
            }
            _ => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_written() {
        let text = "a\u{202e}b\u{9b}\u{7f}\u{2028}\u{feff}é\n";
        let mut out = Vec::new();
        write_pretty(&mut out, &[text]).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out, "[\n  \"a\\u202eb\\u009b\\u007f\\u2028\\ufeffé\\n\"\n]");
        assert_eq!(serde_json::from_str::<[String; 1]>(&out).unwrap(), [text]);
    }
}
