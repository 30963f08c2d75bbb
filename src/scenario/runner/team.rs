//! How far a whole team is: by the journals here, and by what drivers elsewhere have told the cluster.

use std::collections::BTreeMap;

use serde::Serialize;

use super::order::find;
use crate::scenario::completions;
use crate::scenario::error::Error;
use crate::scenario::session::{Progress, Session, State};

/// One step of one track, as a team sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// How far it is, whoever has done it.
    #[serde(flatten)]
    pub progress: Progress,
    /// The steps of others that it waits for, `<track>.<step>`.
    pub waits: Vec<String>,
}

impl Session {
    /// How far every track is.
    pub async fn team(&self) -> Result<BTreeMap<String, Vec<Standing>>, Error> {
        let shared = completions::all(self).await;
        let mut progress = BTreeMap::new();
        for track in self.workshop.scenarios.keys() {
            let told = shared.get(track);
            let mut steps = self.progress(track)?;
            for step in &mut steps {
                let id = step.step.split_once('.').map_or("", |(_, id)| id);
                if told.is_some_and(|told| told.contains_key(id)) {
                    step.state = State::Complete;
                }
            }
            progress.insert(track.clone(), steps);
        }
        let is_complete = |name: &str| {
            let place = find(&self.workshop, name);
            place.is_none_or(|(track, index)| progress[&track][index].state == State::Complete)
        };
        let waits = |step: &Progress| -> Vec<String> {
            let open = matches!(step.state, State::Pending | State::Begun);
            let place = find(&self.workshop, &step.step).filter(|_| open);
            let needs = place.map(|(track, index)| &self.workshop.scenarios[&track].steps[index].needs);
            let names = needs.into_iter().flatten().map(|need| need.value.clone());
            names.filter(|name| !is_complete(name)).collect()
        };
        let standing = |steps: &Vec<Progress>| {
            steps.iter().map(|step| Standing { progress: step.clone(), waits: waits(step) }).collect()
        };
        Ok(progress.iter().map(|(track, steps)| (track.clone(), standing(steps))).collect())
    }
}
