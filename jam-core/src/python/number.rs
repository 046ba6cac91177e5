//! Numbers as Python reads and writes them.

use super::json::Fault;

/// Digits of the longest integer that Python reads (`sys.get_int_max_str_digits()`); a longer one
/// is an error there.
const MAX_INTEGER_DIGITS: usize = 4300;

/// Appends what `json.dumps(json.loads(number))` writes. `number` is a JSON number (RFC 8259 §6).
///
/// An integer keeps its digits, however many; anything with a point or an exponent becomes the
/// nearest double, in the fewest digits that name it.
pub(super) fn write(number: &str, out: &mut String) -> Result<(), Fault> {
    if number.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        let value: f64 = number.parse().map_err(|_| Fault::NotJson)?;
        if value.is_infinite() {
            return Err(Fault::Number);
        }
        repr(value, out);
        return Ok(());
    }
    if number.trim_start_matches('-').len() > MAX_INTEGER_DIGITS {
        return Err(Fault::Number);
    }
    // Python has no negative zero among its integers.
    out.push_str(if number == "-0" { "0" } else { number });
    Ok(())
}

/// Appends what Python's `repr` makes of a finite double: the shortest digits that read back as
/// the same number, with an exponent below 1e-4 and from 1e16 on.
fn repr(value: f64, out: &mut String) {
    let spelled = shortest(value);
    let (mantissa, exponent) = spelled.split_once('e').unwrap_or((&spelled, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    out.push_str(sign);
    if !(-4..16).contains(&exponent) {
        let point = if rest.is_empty() { "" } else { "." };
        let direction = if exponent < 0 { '-' } else { '+' };
        let size = exponent.unsigned_abs();
        out.push_str(&format!("{first}{point}{rest}e{direction}{size:02}"));
        return;
    }
    let zeros = |count: u32| "0".repeat(usize::try_from(count).unwrap_or_default());
    if exponent < 0 {
        out.push_str(&format!("0.{}{first}{rest}", zeros(exponent.unsigned_abs() - 1)));
        return;
    }
    let whole = usize::try_from(exponent).unwrap_or_default();
    match rest.split_at_checked(whole) {
        Some((whole, "")) => out.push_str(&format!("{first}{whole}.0")),
        Some((whole, fraction)) => out.push_str(&format!("{first}{whole}.{fraction}")),
        None => {
            let missing = exponent.unsigned_abs() - u32::try_from(rest.len()).unwrap_or_default();
            out.push_str(&format!("{first}{rest}{}.0", zeros(missing)));
        }
    }
}

/// The fewest digits that read back as the same number, and of several such the nearest; between
/// two equally near ones Python takes the even digit, the standard library the higher.
fn shortest(value: f64) -> String {
    let fewest = format!("{value:e}");
    let digits = fewest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit);
    let nearest = format!("{value:.*e}", digits.count().saturating_sub(1));
    if nearest.parse() == Ok(value) { nearest } else { fewest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(number: &str) -> Result<String, Fault> {
        let mut out = String::new();
        write(number, &mut out).map(|()| out)
    }

    #[test]
    fn doubles_are_spelled_as_python_spells_them() {
        for (number, spelled) in [
            ("1.0", "1.0"),
            ("1E5", "100000.0"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("123456789012345680.0", "1.2345678901234568e+17"),
            ("1e-4", "0.0001"),
            ("1e-5", "1e-05"),
            ("1.5e-7", "1.5e-07"),
            ("1e100", "1e+100"),
            ("5e-324", "5e-324"),
            ("-0.0", "-0.0"),
            ("-0e5", "-0.0"),
            ("1e-400", "0.0"),
            ("1.10", "1.1"),
            ("12.5", "12.5"),
            ("1234.5678", "1234.5678"),
            ("0.1", "0.1"),
            ("9007199254740993.0", "9007199254740992.0"),
            // Halfway between two spellings: the even one.
            ("-1391572281434866.25", "-1391572281434866.2"),
            ("2147062796999796.25", "2147062796999796.2"),
            ("2147062796999796.75", "2147062796999796.8"),
            // At a power of two the nearest spelling may be another number's.
            ("9.5367431640625e-07", "9.5367431640625e-07"),
            ("9007199254740992.0", "9007199254740992.0"),
            ("4.450147717014403e-308", "4.450147717014403e-308"),
            ("5e-324", "5e-324"),
            ("2.2250738585072014e-308", "2.2250738585072014e-308"),
            ("-1.7976931348623157e308", "-1.7976931348623157e+308"),
        ] {
            assert_eq!(written(number).as_deref(), Ok(spelled), "{number}");
        }
    }

    #[test]
    fn integers_keep_their_digits_beyond_64_bits() {
        for number in ["0", "-1", "18446744073709551616", "123456789012345678901234567890"] {
            assert_eq!(written(number).as_deref(), Ok(number));
        }
        assert_eq!(written("-0").as_deref(), Ok("0"));
        assert!(written(&"9".repeat(4300)).is_ok());
    }

    #[test]
    fn what_python_cannot_read_or_json_cannot_say_is_refused() {
        assert_eq!(written(&"9".repeat(4301)), Err(Fault::Number));
        assert_eq!(written("1e400"), Err(Fault::Number));
        assert_eq!(written("-1e400"), Err(Fault::Number));
    }

    proptest! {
        #[test]
        fn a_double_survives_being_written(value in any::<f64>()) {
            for number in [format!("{value:?}"), format!("{value:e}")] {
                let once = written(&number).unwrap_or_default();
                if number.contains(['.', 'e']) {
                    prop_assert_eq!(once.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
                }
                prop_assert_eq!(written(&once), Ok(once));
            }
        }
    }
}
