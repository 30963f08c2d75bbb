//! Amounts such as `100m` or `1.5Gi`: whether they are any, and the one form in which each is stored.
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>

const FORM: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// The smallest part that is told apart, as a power of ten; what is smaller is rounded up.
const SMALLEST: i32 = -9;

/// How many digits are reckoned with; longer amounts stay as they are.
const DIGITS: usize = 18;

/// How a suffix multiplies.
#[derive(Clone, Copy)]
enum Unit {
    Decimal(i32),
    Exponent(i32),
    Binary(u32),
}

/// Whether a text is an amount, and if not, why.
pub(super) fn check(text: &str) -> Result<(), String> {
    read(text).map(|_| ())
}

/// The form in which an amount is stored; a text that is none stays as it is.
pub(super) fn canonical(text: &str) -> String {
    let Ok((negative, number, unit)) = read(text) else { return text.to_owned() };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    let Some(mantissa) =
        Some(&digits).filter(|digits| digits.len() <= DIGITS).and_then(|digits| digits.parse().ok())
    else {
        return text.to_owned();
    };
    let places = i32::try_from(fraction.len()).unwrap_or_default();
    let shown = match unit {
        Unit::Decimal(exponent) => Some(decimal(mantissa, exponent - places, false)),
        Unit::Exponent(exponent) => Some(decimal(mantissa, exponent.saturating_sub(places), true)),
        Unit::Binary(power) => binary(mantissa, places, power),
    };
    match shown {
        Some(shown) if negative && shown != "0" => format!("-{shown}"),
        Some(shown) => shown,
        None => text.to_owned(),
    }
}

fn read(text: &str) -> Result<(bool, &str, Unit), String> {
    let number = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = number.find(|character: char| !character.is_ascii_digit() && character != '.');
    let (number, suffix) = number.split_at(end.unwrap_or(number.len()));
    if !number.bytes().any(|byte| byte.is_ascii_digit()) || number.matches('.').count() > 1 {
        return Err(FORM.to_owned());
    }
    let decimal =
        DECIMAL.iter().find(|(name, _)| *name == suffix).map(|(_, exponent)| Unit::Decimal(*exponent));
    let binary =
        || BINARY.iter().position(|name| *name == suffix).and_then(|power| u32::try_from(power).ok());
    let exponent = || suffix.strip_prefix(['e', 'E']).and_then(|exponent| exponent.parse().ok());
    match decimal.or_else(|| binary().map(Unit::Binary)).or_else(|| exponent().map(Unit::Exponent)) {
        Some(unit) => Ok((text.starts_with('-'), number, unit)),
        None if suffix.chars().all(|character| "eEinumkKMGTP+-0123456789".contains(character)) => {
            Err("unable to parse quantity's suffix".to_owned())
        }
        None => Err(FORM.to_owned()),
    }
}

/// `mantissa` times ten to the `exponent`, without a fraction and with the greatest suffix.
fn decimal(mut mantissa: i128, mut exponent: i32, scientific: bool) -> String {
    if mantissa == 0 {
        return "0".to_owned();
    }
    while exponent < SMALLEST {
        mantissa = (mantissa + 9) / 10;
        exponent += 1;
    }
    while mantissa % 10 == 0 {
        mantissa /= 10;
        exponent += 1;
    }
    while exponent.rem_euclid(3) != 0 || (exponent > 18 && !scientific && mantissa < i128::MAX / 10) {
        mantissa *= 10;
        exponent -= 1;
    }
    if scientific {
        return if exponent == 0 { mantissa.to_string() } else { format!("{mantissa}e{exponent}") };
    }
    let suffix = DECIMAL.iter().find(|(_, known)| *known == exponent).map_or("E", |(name, _)| name);
    format!("{mantissa}{suffix}")
}

/// `mantissa` without its last `places` digits times 1024 to the `power`, with the greatest suffix.
fn binary(mantissa: i128, places: i32, power: u32) -> Option<String> {
    let scaled = mantissa.checked_mul(1024_i128.checked_pow(power)?)?;
    let divisor = 10_i128.checked_pow(u32::try_from(places).ok()?)?;
    if scaled < divisor.checked_mul(1024)? {
        return Some(decimal(scaled, -places, false));
    }
    let mut value = (scaled + divisor - 1) / divisor;
    let mut suffix = 0;
    while value % 1024 == 0 && suffix + 1 < BINARY.len() {
        value /= 1024;
        suffix += 1;
    }
    Some(format!("{value}{}", BINARY[suffix]))
}

/// An amount that can be reckoned with. It is written as it was first read: in powers of 1024, or of ten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// In thousand millionths.
    nano: i128,
    binary: bool,
}

impl Amount {
    /// Reads one; nothing, when the text is none or has too many digits.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (negative, number, unit) = read(text).ok()?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        let mantissa: i128 = Some(digits).filter(|digits| digits.len() <= DIGITS)?.parse().ok()?;
        let places = i32::try_from(fraction.len()).ok()?;
        let (factor, exponent, binary) = match unit {
            Unit::Decimal(exponent) | Unit::Exponent(exponent) => (1, exponent, false),
            Unit::Binary(power) => (1024_i128.checked_pow(power)?, 0, true),
        };
        let scaled = mantissa.checked_mul(factor)?;
        let shift = exponent.checked_sub(places)?.checked_sub(SMALLEST)?;
        let ten = 10_i128.checked_pow(shift.unsigned_abs())?;
        let nano = if shift < 0 { (scaled + ten - 1) / ten } else { scaled.checked_mul(ten)? };
        Some(Self { nano: if negative { -nano } else { nano }, binary })
    }

    /// So many things.
    pub(crate) fn count(number: u32) -> Self {
        Self { nano: i128::from(number) * 1_000_000_000, binary: false }
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        let binary = if self.nano == 0 { other.binary } else { self.binary };
        Self { nano: self.nano.saturating_add(other.nano), binary }
    }

    /// What is left of it without the other.
    pub(crate) fn minus(self, other: Self) -> Self {
        let binary = if self.nano == 0 { other.binary } else { self.binary };
        Self { nano: self.nano.saturating_sub(other.nano), binary }
    }

    /// How many times the other it is.
    pub(crate) fn ratio(self, other: Self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a ratio is compared and shown with six digits")]
        let (own, other) = (self.nano as f64, other.nano as f64);
        own / other
    }

    /// Whether it is above zero.
    pub(crate) fn is_positive(self) -> bool {
        self.nano > 0
    }
}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.nano.cmp(&other.nano))
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nano = self.nano.abs();
        let whole = (nano % 1_000_000_000 == 0 && self.binary).then(|| binary(nano / 1_000_000_000, 0, 0));
        let text = whole.flatten().unwrap_or_else(|| decimal(nano, SMALLEST, false));
        formatter.write_str(if self.nano < 0 { "-" } else { "" })?;
        formatter.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_added_and_compared() {
        let read = |text: &str| Amount::read(text).unwrap();
        for (one, other, sum) in [
            ("100m", "0.9", "1"),
            ("512Mi", "512Mi", "1Gi"),
            ("512Mi", "1k", "536871912"),
            ("0", "64Mi", "64Mi"),
            ("1e3", "5", "1005"),
            ("1n", "1", "1000000001n"),
        ] {
            assert_eq!(read(one).plus(read(other)).to_string(), sum, "{one} and {other}");
        }
        assert!(read("1Gi") > read("1G") && read("1500m") > read("1") && read("-1") < read("0"));
        assert_eq!(read("1024Ki").partial_cmp(&read("1Mi")), Some(std::cmp::Ordering::Equal));
        assert_eq!((Amount::read("x"), Amount::read("1e99")), (None, None));
    }

    #[test]
    fn one_form_for_each_amount() {
        for (text, stored) in [
            ("1", "1"),
            ("0", "0"),
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("100000", "100k"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("64Mi", "64Mi"),
            ("1e3", "1e3"),
            ("12e6", "12e6"),
            ("-1000m", "-1"),
            ("0.0000000001", "1n"),
            ("lots", "lots"),
        ] {
            assert_eq!(canonical(text), stored, "{text}");
            assert_eq!(canonical(stored), stored, "{stored}");
        }
    }

    #[test]
    fn what_is_no_amount() {
        for text in ["5K", "Gi", "1x", "", "1..2", "1 Gi"] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
