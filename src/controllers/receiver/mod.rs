//! The controller of Receiver, and the door that webhooks knock at.
//! <https://fluxcd.io/flux/components/notification/receivers/>

mod hook;
mod reconcile;
mod run;
mod signature;

pub use hook::receiver_router;
pub use run::run_notification_controller;
