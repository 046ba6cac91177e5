//! The fingerprint of RSA keys made by the generator of CVE-2017-15361 ("The Return of
//! Coppersmith's Attack", 2017, §2.2): both primes are powers of 65537 modulo each small prime,
//! and so is their product. A sound key passes for one with probability 2^-27.

/// Up to 167: the primes that keys of every size have in common.
const PRIMES: [u64; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];
const GENERATOR: u64 = 65_537;

/// What its remainders by small primes say about a modulus.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Sound,
    /// Divisible by a small prime: no RSA modulus at all.
    Divisible,
    /// Made by the broken generator: it can be factored.
    Roca,
}

/// Judges a modulus given as big-endian bytes.
pub(super) fn examine(modulus: &[u8]) -> Finding {
    let mut fingerprint = true;
    for prime in PRIMES {
        let remainder = remainder(modulus, prime);
        if remainder == 0 {
            return Finding::Divisible;
        }
        fingerprint &= is_power_of_generator(remainder, prime);
    }
    if fingerprint { Finding::Roca } else { Finding::Sound }
}

fn remainder(modulus: &[u8], prime: u64) -> u64 {
    modulus.iter().fold(0, |rest, byte| (rest * 256 + u64::from(*byte)) % prime)
}

fn is_power_of_generator(remainder: u64, prime: u64) -> bool {
    let mut power = 1;
    loop {
        if power == remainder {
            return true;
        }
        power = power * GENERATOR % prime;
        if power == 1 {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modulus 65537^k modulo the product of all primes, as far as the fingerprint can tell.
    fn power(exponent: u32) -> Vec<u8> {
        let mut value = vec![1_u8];
        for _ in 0..exponent {
            let mut carry = 0_u64;
            for byte in value.iter_mut().rev() {
                carry += u64::from(*byte) * GENERATOR;
                *byte = carry as u8;
                carry >>= 8;
            }
            while carry > 0 {
                value.insert(0, carry as u8);
                carry >>= 8;
            }
        }
        value
    }

    #[test]
    fn hole06_powers_of_the_generator_carry_the_fingerprint() {
        for exponent in [1, 2, 77, 128] {
            assert_eq!(examine(&power(exponent)), Finding::Roca, "65537^{exponent}");
        }
    }

    #[test]
    fn other_numbers_carry_no_fingerprint() {
        assert_eq!(examine(&[0xff; 8]), Finding::Divisible);
        let mut near = power(64);
        for step in [2, 4, 8, 16, 32] {
            *near.last_mut().unwrap() ^= step;
            assert_ne!(examine(&near), Finding::Roca);
        }
    }
}
