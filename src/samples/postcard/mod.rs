//! Postcard, a small site that shows which version runs where, and what it was told to say: `POSTCARD_VERSION`,
//! `POSTCARD_ENVIRONMENT`, `POSTCARD_MESSAGE`, each also as a file that `…_FILE` names.

mod site;

pub use site::service;
