//! Keys in PEM (RFC 7468).

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use super::der::{self, Origin, Parse};
use super::material::Material;
use super::{refuse, shown};
use crate::Error;

/// One `BEGIN` … `END` of a file.
struct Block<'a> {
    label: &'a str,
    body: &'a str,
}

/// Reads the one key of a PEM file.
pub(super) fn material(algorithm: Algorithm, pem: &[u8]) -> Result<Material, Error> {
    if algorithm.is_symmetric() {
        return Err(refuse(format!(
            "{algorithm} takes a secret and no PEM key: `jam keys generate --algorithm \
             {algorithm}` makes a secret"
        )));
    }
    let text = std::str::from_utf8(pem).map_err(|_| not_pem(pem))?;
    let mut blocks = blocks(text)?;
    // `openssl ecparam -genkey` writes the curve in a block of its own before the key.
    blocks.retain(|block| block.label != "EC PARAMETERS");
    let [block] = blocks.as_slice() else {
        return Err(if blocks.is_empty() {
            not_pem(pem)
        } else {
            refuse(format!("this PEM holds {} blocks: keep only the one of the key", blocks.len()))
        });
    };
    let parse = structure(block)?;
    let der = decode(block.body)?;
    parse(Origin { format: "PEM", algorithm }, &der).unwrap_or_else(|| {
        Err(refuse(format!(
            "this PEM says `{}`, but what it holds is none: export the key again",
            block.label
        )))
    })
}

fn blocks(text: &str) -> Result<Vec<Block<'_>>, Error> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let block = after.split_once("-----").and_then(|(label, after)| {
            let (body, after) = after.split_once(&format!("-----END {label}-----"))?;
            rest = after;
            Some(Block { label, body })
        });
        found.push(block.ok_or_else(|| {
            refuse(
                "this PEM has no end line that fits its first line: give the whole file, \
                 unchanged",
            )
        })?);
    }
    Ok(found)
}

/// The structure that a label stands for, or what to do about a label that stands for none.
fn structure(block: &Block<'_>) -> Result<Parse, Error> {
    if block.body.contains("Proc-Type") {
        return Err(encrypted());
    }
    match block.label {
        "PUBLIC KEY" => Ok(der::spki),
        "PRIVATE KEY" => Ok(der::pkcs8),
        "EC PRIVATE KEY" => Ok(der::sec1),
        "RSA PUBLIC KEY" => Ok(der::rsa_public),
        "RSA PRIVATE KEY" => Ok(der::rsa_private),
        "ENCRYPTED PRIVATE KEY" => Err(encrypted()),
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Err(refuse(
            "this PEM holds a certificate: `openssl x509 -in FILE -pubkey -noout` prints its \
             public key",
        )),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Err(refuse(
            "this PEM holds a certificate request: `openssl req -in FILE -pubkey -noout` prints \
             its public key",
        )),
        "OPENSSH PRIVATE KEY" => Err(refuse(
            "this PEM holds an OpenSSH key: `ssh-keygen -p -m PKCS8 -f FILE` rewrites an RSA or \
             ECDSA one (make a copy first); for Ed25519 make another with `jam keys generate \
             --algorithm EdDSA --format pem`",
        )),
        label => Err(refuse(format!(
            "this PEM says `{}`, which is no key that can be read here: a PEM of `PUBLIC KEY` or \
             `PRIVATE KEY` is needed, as `openssl pkey -in FILE -pubout` or `openssl pkey -in \
             FILE` writes it",
            shown(label)
        ))),
    }
}

fn encrypted() -> Error {
    refuse(
        "this PEM key is encrypted: `openssl pkey -in FILE -out key.pem` decrypts it into a file \
         to protect",
    )
}

/// RFC 7468 §2 leaves it to parsers to ignore blanks; a key from a variable is often indented.
fn decode(body: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut dense = Zeroizing::new(Vec::with_capacity(body.len()));
    dense.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    STANDARD.decode_to_vec(&*dense).map(Zeroizing::new).map_err(|_| {
        refuse(if body.contains("\\n") {
            "this PEM holds `\\n` as two characters: write real line breaks"
        } else {
            "the base64 of this PEM is broken: give the whole file, unchanged"
        })
    })
}

/// For what holds no block: says what it looks like instead.
fn not_pem(bytes: &[u8]) -> Error {
    let text = bytes.trim_ascii_start();
    refuse(if text.is_empty() {
        "this PEM is empty: is the file or the variable the right one?"
    } else if text.starts_with(b"{") {
        "this is a JWK and no PEM: give it as a JWK"
    } else if text.starts_with(b"ssh-") || text.starts_with(b"ecdsa-sha2-") {
        "this is an OpenSSH public key: `ssh-keygen -e -m PKCS8 -f FILE` writes an RSA or ECDSA \
         one as PEM"
    } else if der::is_key(bytes) {
        "this is a DER key and no PEM: `openssl pkey -inform DER -in FILE` writes PEM (`-pubin` \
         for a public key), or give it as DER"
    } else {
        "this holds no PEM key: a line `-----BEGIN PUBLIC KEY-----` or `-----BEGIN PRIVATE \
         KEY-----` is needed"
    })
}
