//! `HorizontalPodAutoscaler`: keeps its target within its bounds, and says that nobody measures anything here, as on
//! every cluster without a metrics server.

mod reconcile;
mod verdict;

pub(super) use reconcile::run;
