//! The tests: ours against what is recorded of the real server, and the recordings against a real server where
//! `ATELIER_COMPARE_KUBECONFIG` names one. With `ATELIER_COMPARE_RECORD=1` they are made anew.

use std::io::Write as _;

use super::answers::Answers;
use super::case::Case;
use super::difference;
use super::play::{Answer, play};
use super::server::Server;
use super::sheets::{self, Known};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ours_answers_as_the_real_one_did() {
    let wanted = std::env::var("ATELIER_COMPARE_ONLY").unwrap_or_default();
    let names = sheets::names().into_iter().filter(|name| name.starts_with(&wanted));
    let sheets = futures::future::join_all(names.map(|name| tokio::spawn(sheet(name)))).await;
    let wrong: Vec<_> = sheets.into_iter().flat_map(|lines| lines.unwrap()).collect();
    assert!(wrong.is_empty(), "{} lines\n{}", wrong.len(), wrong.join("\n"));
}

async fn sheet(name: String) -> Vec<String> {
    let (cases, recorded) = (sheets::cases(&name), sheets::recorded(&name));
    let given = answers(&Server::ours().await, &cases).await;
    let known: Vec<_> = sheets::known().into_iter().filter(|known| known.sheet == name).collect();
    let mut lines = Vec::new();
    for case in &cases {
        let Some(expected) = recorded.get(&case.name) else {
            lines.push(format!(
                "{name}: `{}` is not recorded; `make compare` with ATELIER_COMPARE_RECORD=1",
                case.name
            ));
            continue;
        };
        lines.extend(judge(&name, case, expected, &given[&case.name], &known));
    }
    for name in recorded.keys().filter(|name| !cases.iter().any(|case| case.name == **name)) {
        lines.push(format!("`{name}` is recorded, but there is no such case"));
    }
    for Known { case, .. } in known.iter().filter(|known| !cases.iter().any(|case| case.name == known.case)) {
        lines.push(format!("differences.yaml: {name} has no case `{case}`"));
    }
    lines
}

/// What is wrong with the answers to a case: a difference that nobody has listed, or one that is listed and is none.
fn judge(sheet: &str, case: &Case, expected: &[Answer], given: &[Answer], known: &[Known]) -> Vec<String> {
    let mut lines = Vec::new();
    if expected.len() != case.steps.len() {
        lines.push(format!("{sheet}: `{}` has other steps than were recorded", case.name));
        return lines;
    }
    for (place, (step, (expected, given))) in case.steps.iter().zip(expected.iter().zip(given)).enumerate() {
        let listed = known.iter().find(|known| known.case == case.name && known.step == place + 1);
        let differs = difference::between(expected, given);
        match (listed, differs.is_empty()) {
            (None, false) => {
                lines.push(format!("{sheet}: {}: step {}: {}", case.name, place + 1, step.r#do));
                lines.extend(differs.into_iter().map(|line| format!("  {line}")));
            }
            (Some(known), true) => {
                let reason = &known.reason;
                lines.push(format!(
                    "{sheet}: {}: step {}: listed ({reason}), and no difference",
                    case.name,
                    place + 1
                ));
            }
            _ => {}
        }
    }
    lines
}

async fn answers(server: &Server, cases: &[Case]) -> Answers {
    let mut answers = Answers::new();
    for case in cases {
        answers.insert(case.name.clone(), play(server, case).await);
    }
    answers
}

#[tokio::test]
async fn the_real_one_answers_as_recorded() {
    let mut past_harness = std::io::stderr();
    let Ok(kubeconfig) = std::env::var("ATELIER_COMPARE_KUBECONFIG") else {
        writeln!(
            past_harness,
            "skipped comparison with a real server: ATELIER_COMPARE_KUBECONFIG is not set"
        )
        .unwrap();
        return;
    };
    let (records, wanted) =
        (std::env::var_os("ATELIER_COMPARE_RECORD"), std::env::var("ATELIER_COMPARE_ONLY"));
    let (wanted, mut wrong) = (wanted.unwrap_or_default(), Vec::new());
    for name in sheets::names().into_iter().filter(|name| name.starts_with(&wanted)) {
        let (server, cases) = (Server::real(&kubeconfig).await, sheets::cases(&name));
        let given = answers(&server, &cases).await;
        writeln!(past_harness, "{name}: {} cases played against the real server", cases.len()).unwrap();
        if records.is_some() {
            sheets::record(&name, &cases, &given);
            continue;
        }
        let recorded = sheets::recorded(&name);
        for case in &cases {
            let expected = recorded.get(&case.name).map_or(&[][..], Vec::as_slice);
            wrong.extend(judge(&name, case, expected, &given[&case.name], &[]));
        }
    }
    for known in sheets::known() {
        let Known { sheet, case, step, reason } = known;
        writeln!(past_harness, "ours differs, listed: {sheet}: {case}: step {step}: {reason}").unwrap();
    }
    assert!(wrong.is_empty(), "{} lines\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn there_are_enough_cases_and_every_difference_has_a_reason() {
    let count: usize = sheets::names().iter().map(|name| sheets::cases(name).len()).sum();
    assert!(count >= 300, "{count} cases");
    for known in sheets::known() {
        assert!(known.reason.len() > 10, "{}: {}: a reason is missing", known.sheet, known.case);
        assert!(
            sheets::names().contains(&known.sheet),
            "differences.yaml: there is no file `{}`",
            known.sheet
        );
    }
}
