//! Jam.

use std::hint::black_box;

use anyhow::Result;

use crate::claims::{BorrowedClaims, Claims};
use crate::contestant::Contestant;
use crate::subject::Subject;

/// Verifies into claims of its own.
pub const VERIFY: &str = "**Jam** `verify`";
/// Verifies into claims borrowed from a buffer.
pub const VERIFY_BORROWED: &str = "**Jam** `verify_borrowed`";
/// Verifies and keeps the payload for later.
pub const VERIFY_RAW: &str = "**Jam** `verify_raw`";
/// Signs.
pub const SIGN: &str = "**Jam** `sign`";

/// The three ways to verify.
pub fn verifiers(subject: &Subject) -> Result<Vec<Contestant>> {
    let verifier = || anyhow::Ok(subject.backend()?.verifier().clone());
    let (typed, borrowed, raw) = (verifier()?, verifier()?, verifier()?);
    let mut buffer = Vec::new();
    Ok(vec![
        Contestant::verifier(VERIFY, subject, move |token| typed.verify::<Claims>(token))?,
        Contestant::verifier(VERIFY_BORROWED, subject, move |token| {
            let verified = borrowed.verify_borrowed::<BorrowedClaims<'_>>(token, &mut buffer);
            verified.map(|verified| _ = black_box(verified))
        })?,
        Contestant::verifier(VERIFY_RAW, subject, move |token| raw.verify_raw(token))?,
    ])
}

/// Signs typed claims.
pub fn signer(subject: &Subject) -> Result<Contestant> {
    let signer = subject.backend()?.signer().clone();
    let claims = subject.claims.clone();
    Contestant::signer(SIGN, subject, move || signer.sign(black_box(&claims)))
}
