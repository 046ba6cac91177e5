//! The floor as a contestant.

use std::hint::black_box;

use anyhow::{Result, ensure};

use crate::contestant::Contestant;
use crate::floor::{Signer, Verifier};
use crate::subject::Subject;

/// The name of the floor where tokens are verified.
pub const VERIFY: &str = "raw crypto (the floor)";
/// The name of the floor where tokens are signed.
pub const SIGN: &str = VERIFY;

/// Verifies the signature and nothing else.
pub fn verifier(subject: &Subject) -> Result<Contestant> {
    let (message, signature) = subject.parts()?;
    let verifier = Verifier::new(subject)?;
    ensure!(verifier.verify(&message, &signature), "the floor refuses a good signature");
    ensure!(!verifier.verify(b"x", &signature), "the floor accepts a bad signature");
    Ok(Contestant::new(VERIFY, move || verifier.verify(black_box(&message), black_box(&signature))))
}

/// Signs and does nothing else.
pub fn signer(subject: &Subject) -> Result<Contestant> {
    let (message, _) = subject.parts()?;
    let signer = Signer::new(subject)?;
    let mut out = [0; 512];
    let signed = signer.sign(&message, &mut out).and_then(|length| out.get(..length));
    let good = Verifier::new(subject)?.verify(&message, signed.unwrap_or_default());
    ensure!(good, "the floor signs badly");
    Ok(Contestant::new(SIGN, move || signer.sign(black_box(&message), black_box(&mut out))))
}
