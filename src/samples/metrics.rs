//! What a sample counts, in the text format of Prometheus.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// Requests by route and status.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    requests: Mutex<BTreeMap<(String, u16), u64>>,
}

/// A number that goes up and down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gauge {
    /// Without the sample's name before it.
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) value: u64,
}

impl Metrics {
    pub(super) fn count(&self, route: &str, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route.to_owned(), status)).or_default() += 1;
    }

    /// The whole page; every name begins with the sample's.
    pub(super) fn render(&self, sample: &str, labels: &[(&str, &str)], gauges: &[Gauge]) -> String {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let labels = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
        let labels = labels.collect::<Vec<_>>().join(",");
        let mut text = format!(
            "# HELP {sample}_info What runs here.\n# TYPE {sample}_info gauge\n{sample}_info{{{labels}}} 1\n\
             # HELP {sample}_requests_total Requests that were answered.\n# TYPE {sample}_requests_total counter\n"
        );
        for ((route, status), count) in requests {
            let route = escaped(&route);
            let _ = writeln!(text, r#"{sample}_requests_total{{path="{route}",status="{status}"}} {count}"#);
        }
        for Gauge { name, help, value } in gauges {
            let _ = write!(
                text,
                "# HELP {sample}_{name} {help}\n# TYPE {sample}_{name} gauge\n{sample}_{name} {value}\n"
            );
        }
        text
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n")
}
