//! Kubernetes quantities, printed the way Go prints them.

/// How a quantity was written, which decides how Go prints it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    DecimalSi,
    BinarySi,
    DecimalExponent,
}

const NANOS: i128 = 1_000_000_000;

/// The canonical spelling of a quantity, or `None` if it is not one.
///
/// `1024Mi` becomes `1Gi`, `1000m` becomes `1`, `1.5Gi` becomes `1536Mi`.
/// Fractions below a nano are rounded up, as the API machinery does.
pub fn canonical(text: &str) -> Option<String> {
    let (nanos, format) = parse(text)?;
    Some(print(nanos, format))
}

/// The value in whole units, rounded up; `None` if it is not a quantity.
pub fn whole(text: &str) -> Option<i128> {
    let (nanos, _) = parse(text)?;
    Some(nanos.div_euclid(NANOS) + i128::from(nanos.rem_euclid(NANOS) > 0))
}

/// Compares two quantities by value; `None` if either is not a quantity.
pub fn compare(a: &str, b: &str) -> Option<std::cmp::Ordering> {
    Some(parse(a)?.0.cmp(&parse(b)?.0))
}

/// Whether a quantity is absent in Go's sense: zero.
pub fn is_zero(text: &str) -> bool {
    parse(text).is_none_or(|(nanos, _)| nanos == 0)
}

fn parse(text: &str) -> Option<(i128, Format)> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let mut digits: i128 = 0;
    for c in whole.chars().chain(fraction.chars()) {
        digits = digits
            .checked_mul(10)?
            .checked_add(i128::from(c.to_digit(10)?))?;
    }
    let scale = u32::try_from(fraction.len()).ok()?;
    let (multiplier, divisor, format) = suffix_factor(suffix)?;
    let numerator = digits.checked_mul(multiplier)?.checked_mul(NANOS)?;
    let denominator = 10_i128.checked_pow(scale)?.checked_mul(divisor)?;
    let nanos = numerator / denominator + i128::from(numerator % denominator != 0);
    Some((if negative { -nanos } else { nanos }, format))
}

fn suffix_factor(suffix: &str) -> Option<(i128, i128, Format)> {
    let binary = |power: u32| Some((1024_i128.pow(power), 1, Format::BinarySi));
    let decimal = |power: u32| Some((1000_i128.pow(power), 1, Format::DecimalSi));
    let small = |power: u32| Some((1, 1000_i128.pow(power), Format::DecimalSi));
    match suffix {
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        "" => decimal(0),
        "k" => decimal(1),
        "M" => decimal(2),
        "G" => decimal(3),
        "T" => decimal(4),
        "P" => decimal(5),
        "E" => decimal(6),
        "m" => small(1),
        "u" => small(2),
        "n" => small(3),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
            Some(if exponent >= 0 {
                (power, 1, Format::DecimalExponent)
            } else {
                (1, power, Format::DecimalExponent)
            })
        }
    }
}

fn print(nanos: i128, format: Format) -> String {
    if nanos == 0 {
        return "0".to_owned();
    }
    // Small or fractional binary quantities are shown in decimal, so that
    // nothing is lost.
    if format == Format::BinarySi && nanos.abs() >= 1024 * NANOS && nanos % NANOS == 0 {
        const SUFFIXES: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        let mut value = nanos / NANOS;
        let mut power = 0;
        while value % 1024 == 0 && power + 1 < SUFFIXES.len() {
            value /= 1024;
            power += 1;
        }
        return format!("{value}{}", SUFFIXES[power]);
    }
    let mut value = nanos;
    let mut exponent: i32 = -9;
    while value % 1000 == 0 && exponent < 18 {
        value /= 1000;
        exponent += 3;
    }
    if format == Format::DecimalExponent {
        return if exponent == 0 {
            value.to_string()
        } else {
            format!("{value}e{exponent}")
        };
    }
    let suffix = match exponent {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        18 => "E",
        _ => "",
    };
    format!("{value}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_printed_as_go_prints_them() {
        for (given, printed) in [
            ("1024Mi", "1Gi"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("2000000000", "2G"),
            ("1.5Gi", "1536Mi"),
            ("0.1", "100m"),
            ("1G", "1G"),
            ("600m", "600m"),
            ("0", "0"),
            ("0Mi", "0"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("0.1Gi", "107374182400m"),
            ("1e3", "1e3"),
            ("1500", "1500"),
            ("-1.5", "-1500m"),
        ] {
            assert_eq!(canonical(given).as_deref(), Some(printed), "{given}");
        }
    }

    #[test]
    fn what_is_not_a_quantity_has_no_canonical_form() {
        for given in ["", "Gi", "1.2.3", "1gi", "abc", "1 Gi"] {
            assert_eq!(canonical(given), None, "{given}");
        }
    }
}
