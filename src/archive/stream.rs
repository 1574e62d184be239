//! Compressed texts: gzip, bzip2, xz and zstd, each of one stream or of several in a row.

use std::io::{self, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::input::Input;
use super::{Budget, Format, Part, SHORTEST_TEXT, Visit, broken};

/// The most bytes that are kept of what stands in a compressed text besides.
const MOST_BESIDES: usize = 4 << 20;

/// The format of a compressed text that begins like this.
pub(super) fn format(beginning: &[u8]) -> Option<Format> {
    match beginning {
        [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Some(Format::Gzip),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => Some(Format::Bzip2),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Format::Xz),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Format::Zstd),
        _ => None,
    }
}

pub(super) fn unpack(format: Format, input: Input<'_>, budget: &Budget<'_>, visit: &mut Visit<'_>) -> io::Result<()> {
    let names_window = matches!(format, Format::Xz | Format::Zstd);
    let room = names_window.then(|| budget.room());
    let window = room.as_ref().map_or(0, |room| room.window);
    let mut stream = Stream { format, window, state: State::Between(input), texts: Vec::new(), failure: None };
    visit(Part::Member(None, &mut budget.output(&mut stream)));
    stream.texts.iter().for_each(|text| visit(Part::Text(text)));
    if let Some(failure) = stream.failure {
        return Err(failure);
    }
    match stream.state {
        State::Between(mut input) => {
            if !input.is_over()? {
                visit(Part::Rest(&mut input));
            }
            Ok(())
        }
        // Whoever read it had enough.
        _ => Ok(()),
    }
}

/// The streams of a compressed text, one behind the other.
struct Stream<'r> {
    format: Format,
    /// The most memory that it may ask for, in bytes.
    window: u32,
    state: State<'r>,
    /// What stands in them besides: names, comments, frames that zstd passes over.
    texts: Vec<Vec<u8>>,
    failure: Option<io::Error>,
}

enum State<'r> {
    Between(Input<'r>),
    Within(Decoder<'r>),
    Failed,
}

enum Decoder<'r> {
    Gzip(Box<GzDecoder<Input<'r>>>),
    Bzip2(BzDecoder<Input<'r>>),
    Xz(Box<XzReader<Input<'r>>>),
    Zstd(Box<StreamingDecoder<Input<'r>, FrameDecoder>>),
}

impl<'r> Decoder<'r> {
    fn new(format: Format, input: Input<'r>, window: u32) -> io::Result<Decoder<'r>> {
        Ok(match format {
            Format::Gzip => Decoder::Gzip(Box::new(GzDecoder::new(input))),
            Format::Bzip2 => Decoder::Bzip2(BzDecoder::new(input)),
            Format::Xz => Decoder::Xz(Box::new(XzReader::new_mem_limit(input, false, window >> 10))),
            Format::Zstd => {
                let decoder = StreamingDecoder::new_with_max_window_size(input, window.into());
                Decoder::Zstd(Box::new(decoder.map_err(|error| broken(&error.to_string()))?))
            }
            Format::Zip | Format::Tar => return Err(broken("it is no compressed text")),
        })
    }

    /// What a gzip says of itself.
    fn texts(&self) -> Vec<Vec<u8>> {
        let header = if let Decoder::Gzip(decoder) = self { decoder.header() } else { None };
        let texts = header.into_iter().flat_map(|header| [header.filename(), header.comment(), header.extra()]);
        texts.flatten().map(<[u8]>::to_vec).collect()
    }

    fn into_input(self) -> Input<'r> {
        match self {
            Decoder::Gzip(decoder) => decoder.into_inner(),
            Decoder::Bzip2(decoder) => decoder.into_inner(),
            Decoder::Xz(decoder) => decoder.into_inner(),
            Decoder::Zstd(decoder) => decoder.into_inner(),
        }
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Decoder::Gzip(decoder) => decoder.read(buffer),
            Decoder::Bzip2(decoder) => decoder.read(buffer),
            Decoder::Xz(decoder) => decoder.read(buffer),
            Decoder::Zstd(decoder) => {
                let count = decoder.read(buffer)?;
                let named = decoder.decoder.get_checksum_from_data();
                if count == 0 && named.is_some() && named != decoder.decoder.get_calculated_checksum() {
                    return Err(broken("what came out is not what its checksum says"));
                }
                Ok(count)
            }
        }
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let read = match std::mem::replace(&mut self.state, State::Failed) {
                State::Failed => return Ok(0),
                State::Between(mut input) => {
                    let skipped = if self.format == Format::Zstd { self.skip_frames(&mut input) } else { Ok(()) };
                    let goes_on = skipped.and_then(|()| input.peek(10).map(format));
                    match goes_on {
                        Ok(Some(format)) if format == self.format => {
                            Decoder::new(format, input, self.window).map(|decoder| self.state = State::Within(decoder))
                        }
                        Ok(_) => {
                            self.state = State::Between(input);
                            return Ok(0);
                        }
                        Err(error) => Err(error),
                    }
                }
                State::Within(mut decoder) => match decoder.read(buffer) {
                    Ok(0) => {
                        let texts = decoder.texts();
                        self.state = State::Between(decoder.into_input());
                        texts.into_iter().try_for_each(|text| self.keep(text))
                    }
                    Ok(count) => {
                        self.state = State::Within(decoder);
                        return Ok(count);
                    }
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = read {
                let said = match error.kind() {
                    io::ErrorKind::UnexpectedEof => "it ends too soon".to_owned(),
                    _ => error.to_string(),
                };
                self.failure = Some(broken(&format!("its {} cannot be read to the end: {said}", self.format.name())));
                return Ok(0);
            }
        }
    }
}

impl Stream<'_> {
    /// Takes what zstd lets others put between frames.
    fn skip_frames(&mut self, input: &mut Input<'_>) -> io::Result<()> {
        while let [0x50..=0x5f, 0x2a, 0x4d, 0x18, length @ ..] = input.peek(8)? {
            let is_whole = length.len() == 4;
            let length = super::number(length);
            input.skip(8)?;
            let mut text = Vec::new();
            input.take(length.min(MOST_BESIDES as u64 + 1)).read_to_end(&mut text)?;
            if !is_whole || (text.len() as u64) < length && text.len() <= MOST_BESIDES {
                self.keep(text)?;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.keep(text)?;
        }
        Ok(())
    }

    /// Keeps what stands besides, until the text is read.
    fn keep(&mut self, text: Vec<u8>) -> io::Result<()> {
        if text.len() < SHORTEST_TEXT {
            return Ok(());
        }
        let kept: usize = self.texts.iter().map(Vec::len).sum();
        if kept + text.len() > MOST_BESIDES {
            return Err(broken(&format!("what stands besides is more than {} MiB", MOST_BESIDES >> 20)));
        }
        self.texts.push(text);
        Ok(())
    }
}
