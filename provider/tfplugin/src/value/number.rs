//! Terraform's numbers: decimal, with any precision.

use std::cmp::Ordering;
use std::fmt;

/// The maximum magnitude of an exponent. Terraform's own numbers have much smaller exponents.
const MAX_EXPONENT: i64 = 100_000;

/// An exact decimal number: Terraform compares a provider's numbers digit by digit. Equal numbers
/// compare equal regardless of their original form.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    /// The digits without leading or trailing zeros; empty for zero.
    digits: String,
    /// The value is 0.digits × 10^point.
    point: i64,
}

/// The reason why a text or a float is not a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Text that is not a decimal number.
    #[error("not a decimal number")]
    Malformed,
    /// Infinite or NaN.
    #[error("infinite, or not a number")]
    NotFinite,
    /// An exponent that is out of range.
    #[error("the exponent is out of bounds")]
    OutOfBounds,
}

impl Number {
    /// Parses a number from `text`: digits, an optional point and an optional exponent.
    ///
    /// # Errors
    /// Returns a [`NumberError`] if `text` is not a number, or if the exponent is out of range.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (
                &rest[..at],
                rest[at + 1..]
                    .parse::<i64>()
                    .map_err(|_| NumberError::Malformed)?,
            ),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(NumberError::Malformed);
        }
        if !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit())
        {
            return Err(NumberError::Malformed);
        }
        let mut digits = String::with_capacity(whole.len() + fraction.len());
        digits.push_str(whole);
        digits.push_str(fraction);
        let leading = digits.len() - digits.trim_start_matches('0').len();
        let significant = digits.trim_matches('0');
        if significant.is_empty() {
            return Ok(Self::zero());
        }
        let length = i64::try_from(whole.len()).map_err(|_| NumberError::OutOfBounds)?;
        let zeros = i64::try_from(leading).map_err(|_| NumberError::OutOfBounds)?;
        let point = exponent
            .checked_add(length - zeros)
            .filter(|point| point.abs() <= MAX_EXPONENT)
            .ok_or(NumberError::OutOfBounds)?;
        Ok(Self {
            negative,
            digits: significant.to_owned(),
            point,
        })
    }

    /// The exact value of `float`.
    ///
    /// # Errors
    /// [`NumberError::NotFinite`].
    pub fn from_f64(float: f64) -> Result<Self, NumberError> {
        if !float.is_finite() {
            return Err(NumberError::NotFinite);
        }
        Self::parse(&format!("{float:.*}", places(float)))
    }

    /// The shortest decimal number that parses to `float`, which is the number that the user most
    /// likely wrote.
    ///
    /// # Errors
    /// [`NumberError::NotFinite`].
    pub fn from_f64_shortest(float: f64) -> Result<Self, NumberError> {
        if !float.is_finite() {
            return Err(NumberError::NotFinite);
        }
        Self::parse(&format!("{float}"))
    }

    fn zero() -> Self {
        Self {
            negative: false,
            digits: String::new(),
            point: 0,
        }
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn decimals(&self) -> i64 {
        i64::try_from(self.digits.len()).unwrap_or(i64::MAX) - self.point
    }

    /// Returns true if the number has no fraction.
    pub fn is_integer(&self) -> bool {
        self.decimals() <= 0
    }

    fn integer(&self) -> Option<i128> {
        if self.digits.is_empty() {
            return Some(0);
        }
        // The zeros at the end, which the digits leave out; negative where there is a fraction.
        let zeros = u32::try_from(-self.decimals()).ok()?;
        let digits: i128 = self.digits.parse().ok()?;
        let magnitude = digits.checked_mul(10i128.checked_pow(zeros)?)?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// The number as an integer; None if it has a fraction or is out of range.
    pub fn as_i64(&self) -> Option<i64> {
        self.integer()?.try_into().ok()
    }

    /// The number as an unsigned integer; None if it is negative, has a fraction or is out of
    /// range.
    pub fn as_u64(&self) -> Option<u64> {
        self.integer()?.try_into().ok()
    }

    /// The nearest float.
    pub fn as_f64(&self) -> f64 {
        self.scientific().parse().unwrap_or(f64::NAN)
    }

    fn scientific(&self) -> String {
        if self.digits.is_empty() {
            return "0".to_owned();
        }
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}0.{}e{}", self.digits, self.point)
    }
}

/// Numbers are ordered by value.
impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = |a: &Self, b: &Self| {
            // Digits have no leading zeros, so the point decides first.
            a.point.cmp(&b.point).then_with(|| a.digits.cmp(&b.digits))
        };
        match (self.sign(), other.sign()) {
            (a, b) if a != b => a.cmp(&b),
            (0, _) => Ordering::Equal,
            (1, _) => magnitude(self, other),
            _ => magnitude(other, self),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The number of decimal places needed to write a float exactly.
fn places(float: f64) -> usize {
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = float.to_bits();
    let exponent = (bits >> FRACTION) & 0x7ff;
    let fraction = bits & ((1 << FRACTION) - 1);
    // A subnormal float has the least exponent, and no leading one.
    let (mantissa, exponent) = match exponent {
        0 => (fraction, 1),
        exponent => (fraction | (1 << FRACTION), exponent),
    };
    // The value is mantissa × 2^(exponent - 1075), and each factor of 1/2 takes a place.
    let halves = 1075u64.saturating_sub(exponent);
    usize::try_from(halves.saturating_sub(u64::from(mantissa.trailing_zeros()))).unwrap_or(0)
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self {
            negative: value < 0,
            ..Self::from(value.unsigned_abs())
        }
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        if value == 0 {
            return Self::zero();
        }
        let mut digits = value.to_string();
        // Twenty digits at most.
        let point = i64::try_from(digits.len()).unwrap_or(0);
        digits.truncate(digits.trim_end_matches('0').len());
        Self {
            negative: false,
            digits,
            point,
        }
    }
}

/// Plain digits if that is short, otherwise with an exponent. [`Number::parse`] reads both forms.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        let length = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        if self.point > length + 40 || self.point < -40 {
            return f.write_str(&self.scientific());
        }
        if self.negative {
            f.write_str("-")?;
        }
        let zeros =
            |f: &mut fmt::Formatter<'_>, count: i64| (0..count).try_for_each(|_| f.write_str("0"));
        if self.point <= 0 {
            f.write_str("0.")?;
            zeros(f, -self.point)?;
            f.write_str(&self.digits)
        } else if self.point >= length {
            f.write_str(&self.digits)?;
            zeros(f, self.point - length)
        } else {
            let at = usize::try_from(self.point).unwrap_or(0);
            write!(f, "{}.{}", &self.digits[..at], &self.digits[at..])
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use test_inputs::both_ways;

    #[test]
    fn a_number_is_the_same_in_every_form() {
        let three = Number::from(3i64);
        for text in ["3", "3.0", "0.3e1", "300e-2", "+3", "003"] {
            assert_eq!(Number::parse(text).unwrap(), three, "{text}");
        }
        assert_eq!(
            Number::from_f64(0.5).unwrap(),
            Number::parse("0.5").unwrap()
        );
        assert_eq!(Number::parse("-0").unwrap(), Number::from(0i64));
    }

    #[test]
    fn a_binary_fraction_is_not_the_decimal_it_looks_like() {
        let decimal = Number::parse("0.1").unwrap();
        assert_ne!(Number::from_f64(0.1).unwrap(), decimal);
        assert_eq!(Number::from_f64_shortest(0.1).unwrap(), decimal);
    }

    #[test]
    fn what_does_not_fit_an_integer_is_none() {
        let number = |text| Number::parse(text).unwrap();
        assert_eq!(number("9223372036854775808").as_i64(), None);
        assert_eq!(number("9223372036854775808").as_u64(), Some(1 << 63));
        assert_eq!(number("-9223372036854775808").as_i64(), Some(i64::MIN));
        assert_eq!(number("18446744073709551616").as_u64(), None);
        assert_eq!(number("1e4000").as_i64(), None);
        assert_eq!(number("12e3").as_i64(), Some(12_000));
        assert_eq!(number("0.5").as_i64(), None);
        assert_eq!(number("-1").as_u64(), None);
        assert_eq!(number(&"9".repeat(50)).as_i64(), None);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "1e",
            "0x10",
            "1_000",
            "NaN",
            "1.2.3",
            "1e99999999999999999999",
        ] {
            assert!(Number::parse(text).is_err(), "{text}");
        }
        assert_eq!(Number::parse("1e999999999"), Err(NumberError::OutOfBounds));
        assert!(Number::from_f64(f64::INFINITY).is_err());
    }

    proptest! {
        #[test]
        fn text_and_integers_come_back(value: i64) {
            let number = Number::from(value);
            prop_assert_eq!(number.as_i64(), Some(value));
            prop_assert_eq!(number.as_u64(), u64::try_from(value).ok());
            prop_assert_eq!(&number, &Number::parse(&value.to_string()).unwrap());
            prop_assert_eq!(Number::parse(&number.to_string()).unwrap(), number);
        }

        #[test]
        fn numbers_are_ordered_by_value(a in -1e9..1e9, b in -1e9..1e9) {
            let number = |value| Number::from_f64(value).unwrap();
            prop_assert_eq!(number(a).cmp(&number(b)), a.partial_cmp(&b).unwrap());
        }

        #[test]
        fn floats_come_back(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            let number = Number::from_f64(value).unwrap();
            prop_assert_eq!(number.as_f64(), value);
            prop_assert_eq!(Number::parse(&number.to_string()).unwrap(), number.clone());
            // No float has more than 1074 places.
            prop_assert_eq!(Number::parse(&format!("{value:.1074}")).unwrap(), number);
            prop_assert_eq!(Number::from_f64_shortest(value).unwrap().as_f64(), value);
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused() {
        let texts = prop_oneof![
            any::<String>(),
            "[-+]?[0-9]{0,30}\\.?[0-9]{0,30}([eE][-+]?[0-9]{1,5})?",
        ];
        both_ways(texts, |text| match Number::parse(&text) {
            Ok(number) => {
                assert_eq!(Number::parse(&number.to_string()), Ok(number));
                true
            }
            Err(_) => false,
        });
    }
}
