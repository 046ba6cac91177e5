//! Who runs, each through its natural API and with its key prepared once, as far as it lets one.

use anyhow::Result;
use clap::ValueEnum;

use crate::contestant::Contestant;
use crate::subject::Subject;

pub mod biscuit;
pub mod floor;
pub mod jam;
pub mod josekit;
pub mod jsonwebtoken;
pub mod jwt_compact;
pub mod jwt_simple;

/// What is done to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Operation {
    /// Token in, typed claims out.
    Verify,
    /// Typed claims in, token out.
    Sign,
}

impl Operation {
    /// Both, in the order of the tables.
    pub const ALL: [Self; 2] = [Self::Verify, Self::Sign];

    /// The verb.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Sign => "sign",
        }
    }

    /// Whom everybody is compared with.
    pub fn reference(self) -> &'static str {
        match self {
            Self::Verify => jsonwebtoken::DECODE,
            Self::Sign => jsonwebtoken::ENCODE,
        }
    }

    /// Who runs, in the order of the tables.
    pub fn rows(self) -> &'static [&'static str] {
        match self {
            Self::Verify => &[
                floor::VERIFY,
                jam::VERIFY,
                jam::VERIFY_BORROWED,
                jam::VERIFY_RAW,
                jsonwebtoken::DECODE,
                jwt_simple::NAME,
                jwt_compact::NAME,
                biscuit::NAME,
                josekit::NAME,
            ],
            Self::Sign => &[
                floor::SIGN,
                jam::SIGN,
                jsonwebtoken::ENCODE,
                jwt_simple::NAME,
                jwt_compact::NAME,
                biscuit::NAME,
                josekit::NAME,
            ],
        }
    }

    /// Those who know the subject's algorithm.
    pub fn contestants(self, subject: &Subject) -> Result<Vec<Contestant>> {
        match self {
            Self::Verify => {
                let mut all = vec![floor::verifier(subject)?];
                all.extend(jam::verifiers(subject)?);
                all.push(jsonwebtoken::verifier(subject)?);
                all.push(jwt_simple::verifier(subject)?);
                all.extend(jwt_compact::verifier(subject)?);
                all.extend(biscuit::verifier(subject)?);
                all.push(josekit::verifier(subject)?);
                Ok(all)
            }
            Self::Sign => {
                let mut all = vec![floor::signer(subject)?, jam::signer(subject)?];
                all.push(jsonwebtoken::signer(subject)?);
                all.push(jwt_simple::signer(subject)?);
                all.extend(jwt_compact::signer(subject)?);
                all.extend(biscuit::signer(subject)?);
                all.push(josekit::signer(subject)?);
                Ok(all)
            }
        }
    }
}
