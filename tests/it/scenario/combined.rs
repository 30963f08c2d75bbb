//! `any`, `all` and `not`: what holds, what is told otherwise, and that what cannot be seen is no proof.

use atelier::scenario::{Looked, Session};

use super::world::World;

/// What a look at a step with one check comes to.
async fn looked(check: &str) -> String {
    let world = World::new(
        "steps: []\n",
        &format!("steps:\n- id: look\n  title: Look\n  explain: Look.\n  verify:\n  - {check}\n"),
    );
    std::fs::write(world.path("shared/there"), "").unwrap();
    let session: Session = world.session();
    match session.check("dev", None).await.unwrap() {
        Looked::Complete { .. } => "holds".to_owned(),
        Looked::NotDone { expects, observed, .. } => format!("{expects} / {observed}"),
        Looked::Finished => "finished".to_owned(),
    }
}

#[tokio::test]
async fn checks_are_made_of_checks() {
    let yes = "{ run: { cmd: 'test -e {{ vars.shared }}/there', title: there } }";
    let no = "{ run: { cmd: 'test -e {{ vars.shared }}/gone', title: gone } }";
    let unseen = "{ k8s: { apiVersion: v1, kind: Pod, name: a, title: a Pod } }";
    let cases = [
        (format!("any: {{ of: [{no}, {yes}] }}"), "holds"),
        (
            format!("any: {{ of: [{no}, {unseen}] }}"),
            "gone, or a Pod / exit code 1; and the forge answered 0 to ` `: no cluster",
        ),
        (format!("all: {{ of: [{yes}, {yes}] }}"), "holds"),
        (format!("all: {{ of: [{yes}, {no}] }}"), "there, and gone / exit code 1"),
        (format!("not: {{ of: {no} }}"), "holds"),
        (format!("not: {{ of: {yes} }}"), "it is not so that there / there: it is so"),
        (
            format!("not: {{ of: {unseen} }}"),
            "it is not so that a Pod / the forge answered 0 to ` `: no cluster",
        ),
        (
            format!("not: {{ of: {{ any: {{ of: [{no}, {no}] }} }} }}"),
            "it is not so that gone, or gone / exit code 1; and exit code 1",
        ),
        (
            "any: { of: [{ run: { cmd: 'exit 3' } }], message: Try. }".to_owned(),
            "`exit 3` ends with exit code 0 / Try. (exit code 3)",
        ),
    ];
    for (check, expected) in cases {
        assert_eq!(looked(&check).await, expected, "{check}");
    }
}
