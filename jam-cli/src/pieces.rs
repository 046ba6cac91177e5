//! Cutting an endless input into pieces of whole lines, with bounded memory.

use std::io::{self, Read};
use std::mem;

use memchr::{memchr, memchr_iter, memrchr};

/// Bytes asked of the input at once: some five hundred tokens, half a millisecond of one core.
const BLOCK: usize = 256 * 1024;

/// Some whole lines, and room for what they answer. Only the last piece of an input may end
/// without a newline.
#[derive(Default)]
pub(crate) struct Piece {
    /// The lines are its first `used` bytes. The rest was read before or is zero: it stays, so that
    /// a buffer is cleared once in its life.
    buffer: Vec<u8>,
    used: usize,
    first: u64,
    /// The answers.
    pub(crate) out: Vec<u8>,
}

impl Piece {
    /// The lines, each with its newline, and their numbers, which count from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let bytes = self.bytes();
        let ended = memrchr(b'\n', bytes).map_or(0, |last| last + 1);
        let unfinished = (ended < bytes.len()).then_some(bytes.len());
        let mut start = 0;
        let ends = memchr_iter(b'\n', bytes).map(|newline| newline + 1).chain(unfinished);
        (self.first..).zip(ends.map(move |end| {
            let line = bytes.get(start..end).unwrap_or_default();
            start = end;
            line
        }))
    }

    /// All its lines together.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.used).unwrap_or_default()
    }

    /// Room for a block after the bytes in use.
    fn room(&mut self) -> &mut [u8] {
        if self.buffer.len() < self.used + BLOCK {
            self.buffer.resize(self.used + BLOCK, 0);
        }
        self.buffer.get_mut(self.used..).unwrap_or_default()
    }
}

/// Reads pieces. Of a line longer than `limit` bytes, `limit + 1` are kept and the rest is dropped,
/// so that it can be seen that it was too long.
pub(crate) struct Pieces<R> {
    input: R,
    limit: usize,
    /// Holds the beginning of the line that the last block left unfinished.
    next: Piece,
    spare: Vec<Piece>,
}

impl<R: Read> Pieces<R> {
    pub(crate) fn new(input: R, limit: usize) -> Self {
        let next = Piece { first: 1, ..Piece::default() };
        Self { input, limit, next, spare: Vec::new() }
    }

    /// Takes a piece back, for its memory. One that grew over a long line is let go.
    pub(crate) fn recycle(&mut self, mut piece: Piece) {
        if piece.buffer.len() <= 2 * BLOCK && piece.out.capacity() <= 4 * BLOCK {
            piece.out.clear();
            self.spare.push(piece);
        }
    }

    /// The next piece as soon as the input has given a whole line: who asks line by line is
    /// answered line by line. `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            let held = self.next.used;
            let read = self.read()?;
            if read == 0 {
                return Ok((held > 0).then(|| self.finish(held)));
            }
            let mut end = held + read;
            let new = self.next.buffer.get(held..end).unwrap_or_default();
            if held > self.limit {
                // Inside a line that is too long already: skip to its newline.
                let skipped = memchr(b'\n', new).unwrap_or(read);
                self.next.buffer.copy_within(held + skipped..end, held);
                end -= skipped;
            }
            let new = self.next.buffer.get(held..end).unwrap_or_default();
            let newline = memrchr(b'\n', new);
            self.next.used = end;
            if let Some(newline) = newline {
                return Ok(Some(self.finish(held + newline + 1)));
            }
            self.next.used = end.min(self.limit.saturating_add(1));
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        loop {
            match self.input.read(self.next.room()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    /// Gives the first `length` bytes away, and begins the next piece with those after them.
    fn finish(&mut self, length: usize) -> Piece {
        let mut next = self.spare.pop().unwrap_or_default();
        let rest = self.next.buffer.get(length..self.next.used).unwrap_or_default();
        next.used = 0;
        if let Some(room) = next.room().get_mut(..rest.len()) {
            room.copy_from_slice(rest);
        }
        next.used = rest.len();
        let mut piece = mem::replace(&mut self.next, next);
        piece.used = length;
        self.next.first = piece.first + memchr_iter(b'\n', piece.bytes()).count() as u64;
        piece
    }
}
