//! Numbers that people write as they are or as a share of others. Follows `intstr` of Kubernetes' API conventions.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The number, or the share of `of`, rounded up or down; never below zero.
pub(in super::super) fn scaled(value: &IntOrString, of: i32, up: bool) -> i32 {
    match value {
        IntOrString::Int(count) => (*count).max(0),
        IntOrString::String(text) => {
            let percent =
                text.strip_suffix('%').and_then(|percent| percent.parse::<i64>().ok()).unwrap_or_default();
            let hundredths = percent.max(0) * i64::from(of.max(0));
            let count = if up { (hundredths + 99) / 100 } else { hundredths / 100 };
            i32::try_from(count).unwrap_or(i32::MAX)
        }
    }
}
