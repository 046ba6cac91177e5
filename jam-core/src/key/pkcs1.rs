//! The RSA structures of RFC 8017 appendix A.1.

use pkcs8::SecretDocument;
use pkcs8::der::asn1::UintRef;
use pkcs8::der::{
    self, Decode, DecodeValue, Encode, EncodeValue, Header, Length, Reader, Sequence, Tag, Writer,
};

/// `RSAPublicKey`.
pub(super) struct PublicKey<'a> {
    pub(super) n: &'a [u8],
    pub(super) e: &'a [u8],
}

/// `RSAPrivateKey` with two primes.
pub(super) struct PrivateKey<'a> {
    pub(super) public: PublicKey<'a>,
    /// d, p, q, d mod (p-1), d mod (q-1), 1/q mod p.
    pub(super) secrets: [&'a [u8]; 6],
}

impl<'a> Sequence<'a> for PublicKey<'a> {}

impl<'a> DecodeValue<'a> for PublicKey<'a> {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, _: Header) -> der::Result<Self> {
        Ok(Self { n: UintRef::decode(reader)?.as_bytes(), e: UintRef::decode(reader)?.as_bytes() })
    }
}

impl<'a> Sequence<'a> for PrivateKey<'a> {}

impl<'a> DecodeValue<'a> for PrivateKey<'a> {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Self> {
        // Version 1 would be a key of more than two primes.
        if u8::decode(reader)? != 0 {
            return Err(reader.error(Tag::Integer.value_error()));
        }
        let public = PublicKey::decode_value(reader, header)?;
        let mut secrets = [&[][..]; 6];
        for secret in &mut secrets {
            *secret = UintRef::decode(reader)?.as_bytes();
        }
        Ok(Self { public, secrets })
    }
}

impl PrivateKey<'_> {
    /// The DER encoding, wiped when dropped.
    pub(super) fn to_document(&self) -> Option<SecretDocument> {
        SecretDocument::encode_msg(self).ok()
    }

    fn integers(&self) -> impl Iterator<Item = der::Result<UintRef<'_>>> {
        [self.public.n, self.public.e].into_iter().chain(self.secrets).map(UintRef::new)
    }
}

impl EncodeValue for PrivateKey<'_> {
    fn value_len(&self) -> der::Result<Length> {
        self.integers()
            .try_fold(0_u8.encoded_len()?, |sum, integer| sum + integer?.encoded_len()?)
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        0_u8.encode(writer)?;
        self.integers().try_for_each(|integer| integer?.encode(writer))
    }
}
