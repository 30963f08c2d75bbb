//! The numbers of an indexed Job's Pods, and lists of them as its status writes them: `0-2,5`. Pure.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector, Pod};
use kube::ResourceExt as _;

use super::count::{End, end};

/// The number, as label and as annotation.
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
const VARIABLE: &str = "JOB_COMPLETION_INDEX";

/// Numbers of Pods.
pub(super) type Indexes = BTreeSet<i32>;

/// Whether the Pods of a Job have numbers.
pub(super) fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}

/// The number of a Pod.
pub(super) fn index(pod: &Pod) -> Option<i32> {
    pod.annotations().get(INDEX)?.parse().ok().filter(|index| *index >= 0)
}

/// Reads a list; what is beyond `completions` is left out.
pub(super) fn parse(text: &str, completions: i32) -> Indexes {
    let mut indexes = Indexes::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<i32>(), last.parse::<i32>()) {
            indexes.extend(first.max(0)..=last.min(completions - 1));
        }
    }
    indexes
}

/// Writes a list: three and more in a row as a range.
pub(super) fn format(indexes: &Indexes) -> String {
    let mut ranges = Vec::<(i32, i32)>::new();
    for &index in indexes {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == index => *last = index,
            _ => ranges.push((index, index)),
        }
    }
    let mut text = String::new();
    for (first, last) in ranges {
        let comma = if text.is_empty() { "" } else { "," };
        let _ = match last - first {
            0 => write!(text, "{comma}{first}"),
            1 => write!(text, "{comma}{first},{last}"),
            _ => write!(text, "{comma}{first}-{last}"),
        };
    }
    text
}

/// The numbers of the Pods that came to this end.
pub(super) fn ended<'a>(pods: impl IntoIterator<Item = &'a Pod>, how: End) -> Indexes {
    pods.into_iter().filter(|pod| end(pod) == Some(how)).filter_map(index).collect()
}

/// How often the Pods of a number failed.
pub(super) fn failures(pods: &[Pod], number: i32) -> i32 {
    let own = pods.iter().filter(|pod| index(pod) == Some(number));
    i32::try_from(own.filter(|pod| end(pod) == Some(End::Bad)).count()).unwrap_or(i32::MAX)
}

/// Gives a new Pod its number: name, host name, label, annotation and a variable for its programs.
pub(super) fn give(pod: &mut Pod, job: &Job, number: i32, failures: Option<i32>) {
    let name = format!("{}-{number}", job.name_any());
    pod.metadata.generate_name = Some(format!("{name}-"));
    pod.labels_mut().insert(INDEX.to_owned(), number.to_string());
    pod.annotations_mut().insert(INDEX.to_owned(), number.to_string());
    if let Some(failures) = failures {
        pod.annotations_mut().insert(FAILURES.to_owned(), failures.to_string());
    }
    let spec = pod.spec.get_or_insert_default();
    spec.hostname = Some(name);
    let field = ObjectFieldSelector { api_version: None, field_path: format!("metadata.labels['{INDEX}']") };
    let source = EnvVarSource { field_ref: Some(field), ..EnvVarSource::default() };
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        let environment = container.env.get_or_insert_default();
        if !environment.iter().any(|variable| variable.name == VARIABLE) {
            let value_from = Some(source.clone());
            environment.push(EnvVar { name: VARIABLE.to_owned(), value: None, value_from });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_written() {
        for (text, expected) in [
            ("", ""),
            ("0", "0"),
            ("0,1", "0,1"),
            ("0-1", "0,1"),
            ("0-2,4,6-9", "0-2,4,6-9"),
            ("8-20,x", "8,9"),
        ] {
            assert_eq!(format(&parse(text, 10)), expected);
        }
    }
}
