//! Verifying a stream of tokens over all cores, answered in order.
//!
//! One thread reads pieces of whole lines, a pool judges them, one thread writes what they answer.
//! The pieces under way are bounded, so the input may be longer than memory.

use std::io::{self, Read, Write};
use std::mem;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

use jam_core::ErrorKind;
use jam_core::jwt::JwtVerifier;

use crate::answer::Subject;
use crate::args::Input;
use crate::failure::Failure;
use crate::pieces::{Piece, Pieces};
use crate::progress::Progress;
use crate::record::Record;
use crate::tally::Tally;

/// Bytes of a jsonl line past which it is not looked at.
const LONGEST_RECORD: usize = 64 * 1024 * 1024;

/// A piece past this size holds a line of unusual length; it is judged before more is read, so that
/// such lines do not pile up in memory.
const LARGE_PIECE: usize = 4 * 1024 * 1024;

/// What is asked of a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Header, key, signature and claims; answers the claims.
    Claims,
    /// Header, key and signature; answers the payload.
    Signature,
}

/// Whether tokens are answered one by one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// One line for each token.
    Each,
    /// Counted, never answered.
    Counted,
}

/// Judges tokens. Everything that the pieces share.
pub(crate) struct Judge<'a> {
    pub(crate) verifier: &'a JwtVerifier,
    pub(crate) input: Input,
    pub(crate) question: Question,
    pub(crate) answers: Answers,
}

/// Answers, and their count.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) out: Vec<u8>,
    pub(crate) tally: Tally,
}

impl Judge<'_> {
    /// Reads `input` to its end and writes the answers to `output`, in order. The tally holds what
    /// was judged and written up to the end, or up to the failure of reading or writing.
    pub(crate) fn stream(
        &self,
        input: impl Read,
        output: impl Write + Send,
        pool: &rayon::ThreadPool,
        progress: &Progress,
    ) -> (Tally, Result<(), Failure>) {
        // One byte more than a token may have: the `\r` of a line that ends in `\r\n`.
        let limit = match self.input {
            Input::Lines => self.verifier.max_token_bytes().saturating_add(1),
            Input::Jsonl => LONGEST_RECORD,
        };
        let mut pieces = Pieces::new(input, limit);
        let (queue, order) = sync_channel(2 * pool.current_num_threads() + 2);
        let (give_back, given_back) = channel();
        thread::scope(|threads| {
            let writer = threads.spawn(move || write(&order, output, &give_back, progress));
            let read = pool.in_place_scope(|tasks| -> io::Result<()> {
                // Moved in, so that the writer sees the end of the queue whatever ends this.
                let queue = queue;
                while let Some(piece) = pieces.next()? {
                    let (sender, receiver) = sync_channel(1);
                    if queue.send(receiver).is_err() {
                        // The writer has gone; it says why.
                        break;
                    }
                    progress.read(piece.bytes().len());
                    // Sending an answer fails only when the writer has gone.
                    if piece.bytes().len() > LARGE_PIECE {
                        let _ = sender.send(self.piece(piece));
                    } else {
                        tasks.spawn(move |_| drop(sender.send(self.piece(piece))));
                    }
                    given_back.try_iter().for_each(|piece| pieces.recycle(piece));
                }
                Ok(())
            });
            let (tally, written) = writer.join().unwrap_or_else(|panic| resume_unwind(panic));
            (tally, written.and(read).map_err(Failure::from))
        })
    }

    fn piece(&self, mut piece: Piece) -> (Piece, Tally) {
        let mut judged = Judged { out: mem::take(&mut piece.out), tally: Tally::default() };
        for (number, line) in piece.lines() {
            match self.input {
                Input::Lines => self.token(Subject::Line(number), ended(line), &mut judged),
                Input::Jsonl => self.record(number, line, &mut judged),
            }
        }
        piece.out = judged.out;
        (piece, judged.tally)
    }

    fn record(&self, number: u64, line: &[u8], judged: &mut Judged) {
        let line_only = Subject::Line(number);
        if line.strip_suffix(b"\n").unwrap_or(line).len() > LONGEST_RECORD {
            return self.refuse(line_only, ErrorKind::TooLarge, judged);
        }
        let record = Record::parse(line);
        let subject = record.id.map_or(line_only, Subject::Id);
        match record.token {
            Some(token) => self.token(subject, token.as_bytes(), judged),
            None => self.refuse(subject, ErrorKind::Malformed, judged),
        }
    }

    /// Judges one token.
    pub(crate) fn token(&self, subject: Subject<'_>, token: &[u8], judged: &mut Judged) {
        let each = self.answers == Answers::Each;
        let verdict = match self.question {
            Question::Claims => self.verifier.verify_raw(token).map(|verified| {
                if each {
                    subject.claims(
                        &mut judged.out,
                        verified.key(),
                        verified.payload_json().as_ref(),
                    );
                }
            }),
            Question::Signature => self.verifier.verify_signature(token).map(|signed| {
                if each {
                    subject.payload(&mut judged.out, signed.key(), signed.payload());
                }
            }),
        };
        match verdict {
            Ok(()) => judged.tally.accept(),
            Err(error) => self.refuse(subject, error.kind(), judged),
        }
    }

    fn refuse(&self, subject: Subject<'_>, kind: ErrorKind, judged: &mut Judged) {
        judged.tally.refuse(kind);
        if self.answers == Answers::Each {
            subject.refused(&mut judged.out, kind);
        }
    }
}

/// A line of text without its end, which may be `\n` or `\r\n`.
pub(crate) fn ended(line: &[u8]) -> &[u8] {
    match line.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    }
}

/// Writes the answers in the order in which their pieces were read.
fn write(
    order: &Receiver<Receiver<(Piece, Tally)>>,
    mut output: impl Write,
    give_back: &Sender<Piece>,
    progress: &Progress,
) -> (Tally, io::Result<()>) {
    let mut total = Tally::default();
    for piece in order {
        // A piece that was lost takes its whole batch with it: order is never broken.
        let Ok((piece, tally)) = piece.recv() else { break };
        total.add(&tally);
        progress.judged(&total);
        if let Err(error) = output.write_all(&piece.out).and_then(|()| output.flush()) {
            return (total, Err(error));
        }
        // Fails only when all is read.
        let _ = give_back.send(piece);
    }
    (total, Ok(()))
}
