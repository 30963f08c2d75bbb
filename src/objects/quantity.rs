//! Quantities as Kubernetes writes them: `250m`, `1.5Gi`.
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>

/// Reads a quantity such as `250m` or `1.5Gi`, in thousandths.
pub fn parse_quantity(text: &str) -> Option<i128> {
    const UNITS: [(&str, i128); 13] = [
        ("Ki", 1000 << 10),
        ("Mi", 1000 << 20),
        ("Gi", 1000 << 30),
        ("Ti", 1000 << 40),
        ("Pi", 1000 << 50),
        ("Ei", 1000 << 60),
        ("m", 1),
        ("k", 1_000_000),
        ("M", 1_000_000_000),
        ("G", 1_000_000_000_000),
        ("T", 1_000_000_000_000_000),
        ("P", 1_000_000_000_000_000_000),
        ("E", 1_000_000_000_000_000_000_000),
    ];
    let (digits, unit) = UNITS
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
        .unwrap_or((text, 1000));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let fraction = if fraction.is_empty() { 0 } else { fraction.parse::<i128>().ok()? };
    let whole = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? };
    whole.checked_mul(scale)?.checked_add(fraction)?.checked_mul(unit)?.checked_div(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_exactly() {
        let read = ["1", "250m", "0.5", "1.5Gi", "1e3", "x", "2k"].map(parse_quantity);
        let expected =
            [Some(1000), Some(250), Some(500), Some(1_610_612_736_000), None, None, Some(2_000_000)];
        assert_eq!(read, expected);
    }
}
