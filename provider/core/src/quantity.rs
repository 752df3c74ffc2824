//! Kubernetes quantities: read exactly, compared by value, printed as Go does.
//!
//! A value that is sent has to be spelled as Go would spell it, or Everest's write-back takes over
//! the field. A comparison has to be exact, or `0.1` and `100m` would differ. Source:
//! `k8s.io/apimachinery/pkg/api/resource` (quantity.go, suffix.go).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Billionths in one: Kubernetes keeps no finer steps.
const NANOS: i128 = 1_000_000_000;

/// The largest amount that Go keeps for a binary suffix, 2⁶³−1.
const BINARY_LIMIT: i128 = (i64::MAX as i128) * NANOS;

/// The reason why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text has no digits or holds something that is no number.
    #[error("{0:?} is not a number with an optional unit")]
    NotANumber(String),
    /// The number is followed by something that is no unit of Kubernetes.
    #[error("{text:?} ends in {unit:?}, which is not a unit")]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// The unit after the number.
        unit: String,
    },
    /// More digits, or a larger amount, than can be kept exactly.
    #[error("{0:?} is too long or too large a number")]
    TooLarge(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Decimal,
    Binary,
    Exponent,
}

/// An amount of CPU, memory or storage.
///
/// Equality and order are those of the amount: `1024Mi` equals `1Gi`.
///
/// ```
/// use everest_core::quantity::Quantity;
/// let quantity: Quantity = "1.5Gi".parse()?;
/// assert_eq!(quantity.canonical(), "1536Mi");
/// assert!(quantity > "1500M".parse()?);
/// # Ok::<(), everest_core::quantity::QuantityError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

impl Quantity {
    /// Returns true if the amount is zero, which Go clients write for an absent quantity.
    pub const fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    /// The spelling of Kubernetes' Go library: the largest unit that leaves
    /// no fraction, in the family of units it was written with.
    pub fn canonical(&self) -> String {
        if self.nanos == 0 {
            return "0".to_owned();
        }
        let whole = self.nanos % NANOS == 0;
        let small = self.nanos.abs() < 1024 * NANOS;
        if self.format == Format::Binary && whole && !small {
            return self.binary();
        }
        let (mut mantissa, mut exponent) = (self.nanos, -9);
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        while exponent % 3 != 0 || (self.format != Format::Exponent && exponent > 18) {
            mantissa *= 10;
            exponent -= 1;
        }
        let unit = match (self.format, exponent) {
            (_, 0) => String::new(),
            (Format::Exponent, exponent) => format!("e{exponent}"),
            (_, -9) => "n".to_owned(),
            (_, -6) => "u".to_owned(),
            (_, -3) => "m".to_owned(),
            (_, 3) => "k".to_owned(),
            (_, 6) => "M".to_owned(),
            (_, 9) => "G".to_owned(),
            (_, 12) => "T".to_owned(),
            (_, 15) => "P".to_owned(),
            (_, _) => "E".to_owned(),
        };
        format!("{mantissa}{unit}")
    }

    fn binary(&self) -> String {
        let mut amount = self.nanos / NANOS;
        let mut unit = 0;
        while amount % 1024 == 0 && unit < 6 {
            amount /= 1024;
            unit += 1;
        }
        format!("{amount}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][unit])
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not_a_number = || QuantityError::NotANumber(text.to_owned());
        let too_large = || QuantityError::TooLarge(text.to_owned());
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let end = unsigned
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .unwrap_or(unsigned.len());
        let (number, unit) = unsigned.split_at(end);
        let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (integer.is_empty() && fraction.is_empty()) {
            return Err(not_a_number());
        }
        let (format, twos, mut tens) = unit_of(unit).ok_or_else(|| QuantityError::UnknownUnit {
            text: text.to_owned(),
            unit: unit.to_owned(),
        })?;

        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{integer}{fraction}");
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Ok(Self { nanos: 0, format });
        }
        let mantissa: i128 = digits.parse().map_err(|_| too_large())?;
        let mantissa = mantissa.checked_mul(1 << twos).ok_or_else(too_large)?;
        tens += 9 - i32::try_from(fraction.len()).map_err(|_| too_large())?;
        let mut nanos = scale(mantissa, tens).ok_or_else(too_large)?;
        if format == Format::Binary {
            nanos = nanos.min(BINARY_LIMIT);
        }
        // Below one a binary unit is dropped, so that nothing is rounded.
        let format = if format == Format::Binary && nanos < NANOS {
            Format::Decimal
        } else {
            format
        };
        Ok(Self {
            nanos: if negative { -nanos } else { nanos },
            format,
        })
    }
}

/// The family of a unit, its power of two and its power of ten.
fn unit_of(unit: &str) -> Option<(Format, u32, i32)> {
    let tens = |power| Some((Format::Decimal, 0, power));
    let twos = |power| Some((Format::Binary, power, 0));
    match unit {
        "n" => tens(-9),
        "u" => tens(-6),
        "m" => tens(-3),
        "" => tens(0),
        "k" => tens(3),
        "M" => tens(6),
        "G" => tens(9),
        "T" => tens(12),
        "P" => tens(15),
        "E" => tens(18),
        "Ki" => twos(10),
        "Mi" => twos(20),
        "Gi" => twos(30),
        "Ti" => twos(40),
        "Pi" => twos(50),
        "Ei" => twos(60),
        _ => {
            let exponent: i32 = unit.strip_prefix(['e', 'E'])?.parse().ok()?;
            (-60..=60)
                .contains(&exponent)
                .then_some((Format::Exponent, 0, exponent))
        }
    }
}

/// `mantissa × 10^tens`, rounded away from zero as Go does, so that an amount above zero never
/// becomes zero.
fn scale(mantissa: i128, tens: i32) -> Option<i128> {
    if tens >= 0 {
        return 10_i128
            .checked_pow(tens.unsigned_abs())?
            .checked_mul(mantissa);
    }
    match 10_i128.checked_pow(tens.unsigned_abs()) {
        Some(divisor) => Some(mantissa / divisor + i128::from(mantissa % divisor != 0)),
        None => Some(1),
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.canonical())
    }
}

/// Returns true if both texts name the same amount. Texts that are not quantities are equal only if
/// they are the same text.
pub fn equal(left: &str, right: &str) -> bool {
    left == right
        || matches!((left.parse::<Quantity>(), right.parse::<Quantity>()), (Ok(left), Ok(right)) if left == right)
}

/// The canonical spelling of a quantity; a text that is not a quantity is returned as it is.
pub fn canonical(text: &str) -> String {
    text.parse::<Quantity>()
        .map_or_else(|_| text.to_owned(), |quantity| quantity.canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use test_inputs::both_ways;

    fn parse(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    #[test]
    fn quantities_are_printed_as_go_prints_them() {
        for (written, printed) in [
            ("1024Mi", "1Gi"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("2000000000", "2G"),
            ("1.5Gi", "1536Mi"),
            ("0.1", "100m"),
            ("0", "0"),
            ("0Gi", "0"),
            ("-0.5", "-500m"),
            ("-1024Mi", "-1Gi"),
            ("+5", "5"),
            ("512M", "512M"),
            ("600m", "600m"),
            ("25Gi", "25Gi"),
            ("1G", "1G"),
            ("1500M", "1500M"),
            ("1025Ki", "1025Ki"),
            ("1023", "1023"),
            ("0.5Ki", "512"),
            ("0.1Ki", "102400m"),
            ("0.0001Ki", "102400u"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("10e4", "100e3"),
            ("1e-3", "1e-3"),
            ("0.0000000001", "1n"),
            (".5", "500m"),
            ("5.", "5"),
            ("10E", "10E"),
            ("1000E", "1000E"),
            ("9Ei", "9223372036854775807"),
        ] {
            assert_eq!(parse(written).canonical(), printed, "{written}");
        }
    }

    #[test]
    fn amounts_are_compared_exactly() {
        assert!(equal("1024Mi", "1Gi"));
        assert!(equal("1e3", "1k"));
        assert!(equal("0.1", "100m"));
        assert!(!equal("1Gi", "1G"));
        assert!(equal("nonsense", "nonsense"));
        assert!(!equal("nonsense", "1"));
        assert!(parse("600m") < parse("1"));
        assert!(parse("1Gi") > parse("1G"));
        assert!(parse("-1") < parse("0"));
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "Gi", "1.2.3", "-", "."] {
            assert!(
                matches!(text.parse::<Quantity>(), Err(QuantityError::NotANumber(_))),
                "{text}"
            );
        }
        for text in [
            "1GB", "1gi", "25 Gi", "1K", "1e", "1e1.5", "1ee3", "1i", "é1",
        ] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
        let long = "9".repeat(40);
        assert!(matches!(
            long.parse::<Quantity>(),
            Err(QuantityError::TooLarge(_))
        ));
        assert!("1e60".parse::<Quantity>().is_err());
    }

    proptest! {
        #[test]
        fn the_canonical_spelling_names_the_same_amount(
            number in "[0-9]{1,9}(\\.[0-9]{1,6})?",
            unit in prop::sample::select(vec!["", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3"]),
        ) {
            let quantity = parse(&format!("{number}{unit}"));
            prop_assert_eq!(parse(&quantity.canonical()), quantity);
            // A whole amount that no binary unit fits loses its family, in Go's library too:
            // 62.5Ki is written 64000, and that is written 64k.
            if quantity.canonical().ends_with(|last: char| !last.is_ascii_digit()) {
                prop_assert_eq!(parse(&quantity.canonical()).canonical(), quantity.canonical());
            }
        }

    }

    #[test]
    fn no_text_makes_it_panic() {
        let texts = prop_oneof![
            "\\PC{0,24}",
            "[-+]?[0-9.]{0,50}[a-zA-Z]{0,2}[-+]?[0-9]{0,3}",
            "[-+]?[0-9]{1,20}(\\.[0-9]{1,20})?([eE][-+]?[0-9]{1,2}|[numkKMGTPE]i?)?",
        ];
        both_ways(texts, |text| {
            let quantity = text.parse::<Quantity>();
            quantity.map(|quantity| quantity.canonical()).is_ok()
        });
    }
}
