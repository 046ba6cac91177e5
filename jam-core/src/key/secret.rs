//! What may be an HMAC secret, and what plainly is another kind of key (RFC 8725 §2.1): public
//! bytes as a secret would let everybody sign.

use base64_simd::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::algorithm::{Algorithm, Curve};
use super::material::Material;
use super::{der, engine, refuse};
use crate::Error;

/// Bytes of the longest secret. HMAC hashes what is longer than a block (64 or 128 bytes), so more
/// adds nothing, and a longer one is some other file.
const MAX_LEN: usize = 4096;

/// How the files of SSH keys begin that are not PEM.
const SSH: [&str; 7] = [
    "ssh-rsa ",
    "ssh-ed25519 ",
    "ssh-dss ",
    "ecdsa-sha2-nistp",
    "sk-ssh-ed25519@",
    "sk-ecdsa-sha2-",
    "PuTTY-User-Key-File",
];

/// Takes bytes as the secret of an HMAC.
pub(super) fn material(algorithm: Algorithm, secret: &[u8]) -> Result<Material, Error> {
    if !algorithm.is_symmetric() {
        return Err(refuse(format!(
            "{algorithm} takes no secret, it needs {}: give a PEM, DER or JWK key",
            algorithm.needs()
        )));
    }
    if let Some(kind) = other_kind(secret) {
        return Err(refuse(format!(
            "this secret is {kind}, which others may know: `jam keys generate --algorithm \
             {algorithm}` makes a secret, and the key itself belongs to an algorithm of its own \
             kind (RFC 8725 2.1)"
        )));
    }
    let least = algorithm.mac_len();
    if secret.len() < least {
        return Err(refuse(format!(
            "a secret for {algorithm} needs at least {least} bytes (RFC 7518 3.2); this one has \
             {}: `jam keys generate --algorithm {algorithm}` makes one",
            secret.len()
        )));
    }
    if secret.len() > MAX_LEN {
        return Err(refuse(format!(
            "a secret has at most {MAX_LEN} bytes; this one has {}, so it is probably another \
             file",
            secret.len()
        )));
    }
    Ok(Material::Oct(Zeroizing::new(secret.to_vec())))
}

/// Decodes base64url without padding (RFC 7515 §2), refusing everything else.
pub(super) fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    URL_SAFE_NO_PAD.decode_to_vec(text.as_bytes()).map(Zeroizing::new).map_err(|_| {
        refuse(
            "the secret is not base64url without padding: use only A-Z a-z 0-9 - _ and no `=`, or \
             give the bytes themselves",
        )
    })
}

fn other_kind(secret: &[u8]) -> Option<&'static str> {
    if let Ok(text) = std::str::from_utf8(secret) {
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if text.contains("-----BEGIN ") || text.contains("---- BEGIN ") {
            return Some("the text of a PEM file");
        }
        if SSH.iter().any(|prefix| text.starts_with(prefix)) {
            return Some("an SSH key");
        }
        if text.starts_with('{') && text.contains("\"kty\"") {
            return Some("the text of a JWK");
        }
        if from_base64(text).is_some_and(|bytes| der::is_key(&bytes)) {
            return Some("a DER key in base64");
        }
    }
    if der::is_key(secret) {
        return Some("a DER key");
    }
    [Curve::P256, Curve::P384]
        .into_iter()
        .any(|curve| engine::is_ec_point(curve, secret))
        .then_some("the point of an EC key")
}

/// The body of a PEM file without its first and last line, or the same in base64url.
fn from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Every DER key begins with 0x30, which base64 writes as an M.
    if !text.starts_with('M') {
        return None;
    }
    let mut dense = Zeroizing::new(Vec::with_capacity(text.len()));
    dense.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    [STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|alphabet| alphabet.decode_to_vec(&*dense).ok())
        .map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(secret: impl AsRef<[u8]>) -> Option<&'static str> {
        other_kind(secret.as_ref())
    }

    #[test]
    fn hole07_text_of_another_kind_of_key_is_seen() {
        assert_eq!(kind("x\n-----BEGIN PUBLIC KEY-----\n"), Some("the text of a PEM file"));
        assert_eq!(kind("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA a@b"), Some("an SSH key"));
        assert_eq!(kind("\u{feff} {\n\"kty\" : \"oct\"}"), Some("the text of a JWK"));
        assert_eq!(kind(r#"{"keys":[{"kty":"RSA"}]}"#), Some("the text of a JWK"));
    }

    #[test]
    fn ordinary_secrets_are_nothing_else() {
        for secret in
            [&b"MIIB"[..], b"0\x20", b"{\"secret\":1}", b"M", b"\x04", &[4; 65], &[0x30; 97], b""]
        {
            assert_eq!(kind(secret), None, "{secret:?}");
        }
    }
}
